"""Plain scripts, drawn at random: small networks written out in five styles, healthy or with one planted fault."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

STYLES = ("flat", "functions", "class with lists", "dict of parameters", "example by example")
FAULTS = {  # a name, and the codes under which the fault may be named
    "healthy": (),
    "activation for derivative": ("B01",),
    "derivative missing": ("B02",),
    "derivative at the activation": ("B03",),
    "delta without error": ("B12",),
    "sign": ("B10", "U01"),
    "uniform weights": ("A05", "A02", "A07", "A04"),
}
SLOPES = {  # by activation: right, as the activation, missing, at the activation of the activation
    "sigmoid": ("{a} * (1 - {a})", "{a}", "1.0", "act({a}) * (1 - act({a}))"),
    "tanh": ("(1 - {a} ** 2)", "{a}", "1.0", "(1 - np.tanh({a}) ** 2)"),
}
ACTIVATIONS = {"sigmoid": "1 / (1 + np.exp(-z))", "tanh": "np.tanh(z)"}
DATA = """import numpy as np

np.random.seed({seed})
centres = np.array([[{spread}, {spread}], [-{spread}, {spread}], [0.0, -{spread}]])
labels = np.random.randint(3, size={n})
X = np.random.randn({n}, 2) * 0.5 + centres[labels]
Y = np.eye(3)[labels]
"""


@dataclass(frozen=True)
class Drawn:
    """One script, what is wrong with it, and what a reading of it must find."""

    text: str
    style: str
    fault: str
    hidden: int

    @property
    def codes(self) -> tuple[str, ...]:
        """The names under which its fault may be told; none where it is healthy."""
        return FAULTS[self.fault]


def draw(number: int, fault: str | None = None) -> Drawn:
    """Script number so-and-so; the fault is drawn too, unless it is given."""
    generator = np.random.default_rng(number)
    style = STYLES[number % len(STYLES)]
    fault = fault or str(generator.choice(list(FAULTS)))
    activation = str(generator.choice(list(ACTIVATIONS)))
    hidden = int(generator.integers(5, 13))
    slopes = SLOPES[activation]
    place = {"activation for derivative": 1, "derivative missing": 2, "derivative at the activation": 3}.get(fault, 0)
    values = {
        "act": ACTIVATIONS[activation],
        "hidden": hidden,
        "n": int(generator.integers(120, 260)),
        "seed": number,
        "spread": round(float(generator.uniform(1.0, 2.0)), 2),
        "batch": int(generator.choice([10, 20, 30])),
        "rate": float(generator.choice([0.2, 0.5, 1.0])),
        "epochs": int(generator.integers(40, 80)),
        "slope": slopes[place],
        "sign": "+" if fault == "sign" else "-",
        "back": "" if fault != "delta without error" else "0 * ",
        "first": f"np.random.rand(2, {hidden}) * 20" if fault == "uniform weights" else f"np.random.randn(2, {hidden})",
        "second": f"np.random.randn({hidden}, 3) / np.sqrt({hidden})",
    }
    if fault == "delta without error":
        values["slope"] = f"0 + {values['slope']}"
    text = DATA.format(**values) + TEMPLATES[style](values)
    return Drawn(text, style, fault, hidden)


def _hidden_delta(back: str, values: dict, a: str) -> str:
    slope = values["slope"].format(a=a)
    return slope.removeprefix("0 + ") if values["back"] else f"{back} * ({slope})"


def _flat(v: dict) -> str:
    return f"""
def act(z):
    return {v["act"]}

W1 = {v["first"]}
b1 = np.zeros((1, {v["hidden"]}))
W2 = {v["second"]}
b2 = np.zeros((1, 3))
rate = {v["rate"]}
for epoch in range({v["epochs"]}):
    order = np.random.permutation(len(X))
    for start in range(0, len(X), {v["batch"]}):
        x, t = X[order[start:start + {v["batch"]}]], Y[order[start:start + {v["batch"]}]]
        a = act(x @ W1 + b1)
        e = np.exp(a @ W2 + b2)
        out = e / e.sum(axis=1, keepdims=True)
        d2 = (out - t) / len(x)
        d1 = {_hidden_delta("(d2 @ W2.T)", v, "a")}
        W2 = W2 {v["sign"]} rate * (a.T @ d2)
        b2 = b2 {v["sign"]} rate * d2.sum(axis=0, keepdims=True)
        W1 = W1 {v["sign"]} rate * (x.T @ d1)
        b1 = b1 {v["sign"]} rate * d1.sum(axis=0, keepdims=True)
print(np.mean(np.argmax(act(X @ W1 + b1) @ W2 + b2, axis=1) == labels))
"""


def _functions(v: dict) -> str:
    return f"""
def act(z):
    return {v["act"]}

def init():
    return {v["first"]}, np.zeros({v["hidden"]}), {v["second"]}, np.zeros(3)

def forward(x, W1, b1, W2, b2):
    a = act(np.dot(x, W1) + b1)
    z = np.dot(a, W2) + b2
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return a, e / np.sum(e, axis=1, keepdims=True)

def gradients(x, t, a, out, W2):
    d2 = out - t
    d1 = {_hidden_delta("np.dot(d2, W2.T)", v, "a")}
    n = x.shape[0]
    return np.dot(x.T, d1) / n, np.sum(d1, axis=0) / n, np.dot(a.T, d2) / n, np.sum(d2, axis=0) / n

def train(X, Y, epochs, batch, rate):
    W1, b1, W2, b2 = init()
    for epoch in range(epochs):
        order = np.random.permutation(X.shape[0])
        for k in range(0, X.shape[0], batch):
            rows = order[k:k + batch]
            a, out = forward(X[rows], W1, b1, W2, b2)
            g1, h1, g2, h2 = gradients(X[rows], Y[rows], a, out, W2)
            W1 {v["sign"]}= rate * g1
            b1 {v["sign"]}= rate * h1
            W2 {v["sign"]}= rate * g2
            b2 {v["sign"]}= rate * h2
    return W1, b1, W2, b2

model = train(X, Y, {v["epochs"]}, {v["batch"]}, {v["rate"]})
print(np.mean(np.argmax(forward(X, *model)[1], axis=1) == labels))
"""


def _class(v: dict) -> str:
    slope = v["slope"].format(a="acts[-l]").replace("act(", "self.act(")
    error = slope.removeprefix("0 + ") if v["back"] else f"np.dot(delta, self.w[-l + 1].T) * ({slope})"
    return f"""
class Network:
    def __init__(self):
        self.w = [{v["first"]}, {v["second"]}]
        self.b = [np.zeros((1, {v["hidden"]})), np.zeros((1, 3))]

    def act(self, z):
        return {v["act"]}

    def forward(self, x):
        acts = [x, self.act(np.dot(x, self.w[0]) + self.b[0])]
        acts.append(1 / (1 + np.exp(-(np.dot(acts[-1], self.w[1]) + self.b[1]))))
        return acts

    def update(self, x, y, eta):
        acts = self.forward(x)
        acts.insert(0, None)
        delta = acts[-1] - y
        grads = [(np.dot(acts[-2].T, delta), delta.sum(axis=0, keepdims=True))]
        for l in range(2, 3):
            delta = {error}
            grads.insert(0, (np.dot(acts[-l - 1].T, delta), delta.sum(axis=0, keepdims=True)))
        self.w = [w {v["sign"]} eta / len(x) * g for w, (g, h) in zip(self.w, grads)]
        self.b = [b {v["sign"]} eta / len(x) * h for b, (g, h) in zip(self.b, grads)]

    def fit(self, X, Y, epochs, size, eta):
        for j in range(epochs):
            order = np.random.permutation(len(X))
            batches = [(X[order[k:k + size]], Y[order[k:k + size]]) for k in range(0, len(X), size)]
            for x, y in batches:
                self.update(x, y, eta)

net = Network()
net.fit(X, Y, {v["epochs"]}, {v["batch"]}, {v["rate"]})
print("accuracy", np.mean(np.argmax(net.forward(X)[-1], axis=1) == labels))
"""


def _dict(v: dict) -> str:
    return f"""
def act(z):
    return {v["act"]}

p = {{"W1": ({v["first"]}).T, "b1": np.zeros(({v["hidden"]}, 1)), "W2": ({v["second"]}).T, "b2": np.zeros((3, 1))}}

def step(x, t, rate):
    m = x.shape[1]
    A1 = act(np.dot(p["W1"], x) + p["b1"])
    Z2 = np.dot(p["W2"], A1) + p["b2"]
    A2 = np.exp(Z2) / np.sum(np.exp(Z2), axis=0, keepdims=True)
    dZ2 = A2 - t
    dZ1 = {_hidden_delta('np.dot(p["W2"].T, dZ2)', v, "A1")}
    g = {{"W2": np.dot(dZ2, A1.T) / m, "b2": np.sum(dZ2, axis=1, keepdims=True) / m,
         "W1": np.dot(dZ1, x.T) / m, "b1": np.sum(dZ1, axis=1, keepdims=True) / m}}
    for name in p:
        p[name] = p[name] {v["sign"]} rate * g[name]

for epoch in range({v["epochs"]}):
    order = np.random.permutation(len(X))
    for k in range(0, len(X), {v["batch"]}):
        rows = order[k:k + {v["batch"]}]
        step(X[rows].T, Y[rows].T, {v["rate"]})
"""


def _one_by_one(v: dict) -> str:
    return f"""
def act(z):
    return {v["act"]}

W1 = {v["first"]}
b1 = np.zeros({v["hidden"]})
W2 = {v["second"]}
b2 = np.zeros(3)
eta = {v["rate"] / 10}
for epoch in range({v["epochs"] // 4}):
    for i in range(len(X)):
        x, t = X[i], Y[i]
        a = act(np.dot(x, W1) + b1)
        out = 1 / (1 + np.exp(-(np.dot(a, W2) + b2)))
        d2 = out - t
        d1 = {_hidden_delta("np.dot(W2, d2)", v, "a")}
        W2 {v["sign"]}= eta * np.outer(a, d2)
        b2 {v["sign"]}= eta * d2
        W1 {v["sign"]}= eta * np.outer(x, d1)
        b1 {v["sign"]}= eta * d1
"""


TEMPLATES = dict(zip(STYLES, (_flat, _functions, _class, _dict, _one_by_one), strict=True))
