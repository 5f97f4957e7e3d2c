"""The located line is the line of the fault: in each program below it carries the fault's code as a comment."""

import importlib.util
import itertools

import numpy as np
import pytest

from unstuck.diagnosis.case import Case
from unstuck.diagnosis.source.location import Location, find, find_all

CLASS = """
import numpy as np

class Net:
    def __init__(self, sizes, learning_rate=0.5):
        self.learning_rate = learning_rate
        self.W = [np.random.randn(m, n) / np.sqrt(n) for n, m in zip(sizes, sizes[1:])]
        self.B = [np.zeros((m, 1)) for m in sizes[1:]]

    def sigmoid(self, z):
        return 1 / (1 + np.exp(-z))

    def sigmoid_prime(self, z):
        return self.sigmoid(z) * (1 - self.sigmoid(z))

    def softmax(self, z):
        z = z - z.max(axis=0)
        e = np.exp(z)
        total = np.sum(e, axis=0, keepdims=True)
        return e / total

    def forward(self, x):
        self.zs, self.activations = [], [x]
        for k, (w, b) in enumerate(zip(self.W, self.B)):
            z = np.dot(w, self.activations[-1]) + b
            self.zs.append(z)
            self.activations.append(self.softmax(z) if k == len(self.W) - 1 else self.sigmoid(z))
        return self.activations[-1]

    def cross_entropy(self, y):
        return -np.mean(np.sum(y * np.log(self.activations[-1] + 1e-12), axis=0))

    def backward(self, y):
        n = y.shape[1]
        delta = (self.activations[-1] - y) / n
        dW, dB = [None] * len(self.W), [None] * len(self.W)
        for k in range(len(self.W) - 1, -1, -1):
            dW[k] = np.dot(delta, self.activations[k].T)
            dB[k] = np.sum(delta, axis=1, keepdims=True)
            if k > 0:
                delta = np.dot(self.W[k].T, delta) * self.sigmoid_prime(self.zs[k - 1])
        return dW, dB

    def update(self, x, y):
        self.forward(x)
        dW, dB = self.backward(y)
        for k in range(len(self.W)):
            self.W[k] -= self.learning_rate * dW[k]
            self.B[k] -= self.learning_rate * dB[k]

    def fit(self, x_train, y_train, epochs=10, batch=10):
        for epoch in range(epochs):
            order = np.random.permutation(x_train.shape[1])
            for i in range(0, x_train.shape[1], batch):
                chosen = order[i:i + batch]
                self.update(x_train[:, chosen], y_train[:, chosen])

def accuracy(net, x_test, labels_test):
    return np.mean(np.argmax(net.forward(x_test), axis=0) == labels_test)

def load(train_images, train_labels, test_images, test_labels):
    x_train = train_images.reshape(len(train_images), -1).T / 255
    x_test = test_images.reshape(len(test_images), -1).T / 255
    return x_train, np.eye(3)[train_labels].T, x_test, test_labels

def build(Case, raw):
    x, y, x_test, labels_test = load(*raw)
    net = Net([12, 5, 3])

    def loss(x, targets):
        net.forward(x.T)
        return net.cross_entropy(targets.T)

    return Case(
        predict=lambda x: net.forward(x.T).T,
        x=x.T,
        targets=y.T,
        parameters=lambda: net.W + net.B,
        step=lambda x, targets: net.update(x.T, targets.T),
        loss=loss,
        train=lambda x, targets: net.fit(x.T, targets.T),
        accuracy=lambda x, labels: accuracy(net, x.T, labels),
        build=lambda seed: build(Case, raw),
        learning_rate=0.5,
    )
"""

FUNCTIONS = """
import random
import numpy as np

alpha = 0.1
n_hidden = 4
w1 = np.random.normal(0, 0.5, (12, n_hidden))
b1 = np.zeros(n_hidden)
w2 = np.random.normal(0, 0.5, (n_hidden, n_hidden))
b2 = np.zeros(n_hidden)
w3 = np.random.normal(0, 0.5, (n_hidden, 3))
b3 = np.zeros(3)

def relu(z):
    return np.maximum(0, z)

def relu_derivative(z):
    return (z > 0).astype(float)

def forward(x):
    z1 = x @ w1 + b1
    a1 = relu(z1)
    z2 = a1 @ w2 + b2
    a2 = relu(z2)
    z3 = a2 @ w3 + b3
    shifted = z3 - np.max(z3, axis=1, keepdims=True)
    exps = np.exp(shifted)
    a3 = exps / exps.sum(axis=1, keepdims=True)
    return z1, a1, z2, a2, a3

def train_batch(x, y):
    global w1, b1, w2, b2, w3, b3
    z1, a1, z2, a2, a3 = forward(x)
    d3 = (a3 - y) / len(x)
    d2 = d3 @ w3.T * relu_derivative(z2)
    d1 = d2 @ w2.T * relu_derivative(z1)
    g3 = a2.T @ d3
    g2 = a1.T @ d2
    g1 = x.T @ d1
    w3 = w3 - alpha * g3
    b3 = b3 - alpha * d3.sum(axis=0)
    w2 = w2 - alpha * g2
    b2 = b2 - alpha * d2.sum(axis=0)
    w1 = w1 - alpha * g1
    b1 = b1 - alpha * d1.sum(axis=0)

def evaluate(images, labels):
    right = 0
    for image, label in zip(images, labels):
        output = forward(image.reshape(1, -1))[-1][0]
        right += np.argmax(output) == label
    return right / len(images)

def build(Case, raw):
    x = raw[0].reshape(len(raw[0]), -1) / 255.0
    return Case(
        predict=lambda x: forward(x)[-1],
        x=x,
        targets=np.eye(3)[raw[1]],
        parameters=lambda: [w1, b1, w2, b2, w3, b3],
        step=train_batch,
        accuracy=evaluate,
        build=lambda seed: build(Case, raw),
        learning_rate=0.1,
    )
"""

TORCH = """
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(12, 5)
        self.output = nn.Linear(5, 3)

    def forward(self, x):
        x = torch.relu(self.hidden(x))
        return self.output(x)

def train(net, x, y, epochs=3):
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    criterion = nn.CrossEntropyLoss()
    loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x, y), batch_size=4, shuffle=True)
    for epoch in range(epochs):
        for images, labels in loader:
            optimizer.zero_grad()
            loss = criterion(net(images), labels)
            loss.backward()
            optimizer.step()

def build(Case, raw):
    x = torch.tensor(raw[0].reshape(len(raw[0]), -1) / 255, dtype=torch.float32)
    y = torch.tensor(raw[1])
    net = Net()
    return Case(
        predict=lambda x: net(torch.tensor(x, dtype=torch.float32)),
        x=x.numpy(),
        targets=y.numpy(),
        parameters=lambda: list(net.parameters()),
        train=lambda x, y: train(net, torch.tensor(x, dtype=torch.float32), torch.tensor(y)),
        build=lambda seed: build(Case, raw),
        learning_rate=0.1,
    )
"""

# (code, program, healthy line or lines, the lines with the fault marked)
FAULTS = [
    ("F01", CLASS, "np.sum(e, axis=0, keepdims=True)", "np.sum(e)  # F01"),
    ("F01", FUNCTIONS, "exps.sum(axis=1, keepdims=True)", "exps.sum()  # F01"),
    ("F02", CLASS, "np.sum(e, axis=0, keepdims=True)", "np.sum(e, axis=1, keepdims=True)  # F02"),
    ("F02", FUNCTIONS, "exps / exps.sum(axis=1, keepdims=True)", "exps / sum(exps)  # F02"),
    ("F03", CLASS, "        z = z - z.max(axis=0)\n        e = np.exp(z)", "        e = np.exp(z)  # F03"),
    ("F03", FUNCTIONS, "np.exp(shifted)", "np.exp(z3)  # F03"),
    ("F04", CLASS, "1 / (1 + np.exp(-z))", "1 / (1 + np.exp(z))  # F04"),
    ("F06", CLASS, "            self.zs.append(z)",
     "            z = np.maximum(z, 0)  # F06\n            self.zs.append(z)"),
    ("L03", CLASS, "np.log(self.activations[-1] + 1e-12), axis=0))", "np.log(self.activations[-1]), axis=0))  # L03"),
    ("B01", CLASS, "* self.sigmoid_prime(self.zs[k - 1])", "* self.sigmoid(self.zs[k - 1])  # B01"),
    ("B01", FUNCTIONS, "return (z > 0).astype(float)", "return relu(z)  # B01"),
    ("B02", CLASS, "delta) * self.sigmoid_prime(self.zs[k - 1])", "delta)  # B02"),
    ("B02", FUNCTIONS, "d2 @ w2.T * relu_derivative(z1)", "d2 @ w2.T  # B02"),
    ("B03", CLASS, "self.sigmoid_prime(self.zs[k - 1])", "self.sigmoid_prime(self.activations[k])  # B03"),
    ("B05", CLASS, "np.dot(self.W[k].T, delta) * self.sigmoid_prime(self.zs[k - 1])",
     "np.dot(self.W[k - 1].T, delta) * self.sigmoid_prime(self.zs[k - 1])  # B05"),
    ("B06", FUNCTIONS, "    d2 = d3 @ w3.T", "    w3 = w3 - alpha * (a2.T @ d3)  # B06\n    d2 = d3 @ w3.T"),
    (
        "B06",
        CLASS,
        "            if k > 0:",
        "            self.W[k] -= self.learning_rate * dW[k]  # B06\n            if k > 0:",
    ),
    ("B07", CLASS, "self.activations[k].T)", "self.activations[k + 1].T)  # B07"),
    ("B07", FUNCTIONS, "g2 = a1.T @ d2", "g2 = a2.T @ d2  # B07"),
    ("B08", CLASS, "np.sum(delta, axis=1, keepdims=True)", "np.sum(delta)  # B08"),
    ("B08", FUNCTIONS, "alpha * d2.sum(axis=0)", "alpha * d2.sum()  # B08"),
    ("B10", CLASS, "(self.activations[-1] - y) / n", "(y - self.activations[-1]) / n  # B10"),
    ("U01", CLASS, "self.W[k] -= self.learning_rate * dW[k]", "self.W[k] += self.learning_rate * dW[k]  # U01"),
    ("B10", FUNCTIONS, "w2 = w2 - alpha * g2", "w2 = w2 + alpha * g2  # B10"),
    ("U01", FUNCTIONS, "(a3 - y) / len(x)", "(y - a3) / len(x)  # U01"),
    ("B15", CLASS, "np.dot(delta, self.activations[k].T)", "np.dot(self.activations[k], delta.T)  # B15"),
    ("B16", CLASS, "np.dot(delta, self.activations[k].T)", "np.dot(delta, self.activations[k])  # B16"),
    ("A01", CLASS, "np.random.randn(m, n) / np.sqrt(n) for n, m in zip(sizes, sizes[1:])]",
     "np.zeros((m, n)) for n, m in zip(sizes, sizes[1:])]  # A01"),
    ("A05", CLASS, "np.random.randn(m, n) / np.sqrt(n) for n, m in zip(sizes, sizes[1:])]",
     "np.random.rand(m, n) for n, m in zip(sizes, sizes[1:])]  # A05"),
    ("A05", FUNCTIONS, "np.random.normal(0, 0.5, (12, n_hidden))", "np.random.uniform(0, 1, (12, n_hidden))  # A05"),
    ("A07", CLASS, "np.random.randn(m, n) / np.sqrt(n) for n, m in zip(sizes, sizes[1:])]",
     "np.random.randn(m, n) for n, m in zip(sizes, sizes[1:])]  # A07"),
    ("A02", FUNCTIONS, "np.random.normal(0, 0.5, (12, n_hidden))", "np.random.normal(size=(12, n_hidden))  # A02"),
    ("U06", FUNCTIONS, "np.random.normal(0, 0.5, (12, n_hidden))", "np.random.randint(-1, 2, (12, n_hidden))  # U06"),
    ("U07", CLASS, "learning_rate=0.5):", "learning_rate=0.5):  # U07"),
    ("U08", FUNCTIONS, "alpha = 0.1", "alpha = 0.1  # U08"),
    ("U09", CLASS, "epochs=10, batch=10):", "epochs=1, batch=10):  # U09"),
    ("A08", CLASS, "Net([12, 5, 3])", "Net([12, 1, 3])  # A08"),
    ("D03", CLASS, "train_images.reshape(len(train_images), -1).T / 255",
     "(train_images - 128).reshape(len(train_images), -1).T  # D03"),
    ("D11", CLASS, "    return x_train, np.eye",
     "    test = list(zip(x_train.T, test_labels))  # D11\n    return x_train, np.eye"),
    ("D12", CLASS, "np.random.permutation(x_train.shape[1])", "np.arange(x_train.shape[1])  # D12"),
    ("E01", CLASS, "np.argmax(net.forward(x_test), axis=0) == labels_test)",
     "np.argmax(net.forward(x_test), axis=1) == labels_test)  # E01"),
    ("U03", CLASS, "self.W[k] -= self.learning_rate * dW[k]",
     "self.W[k] -= self.learning_rate * dW[k] + self.momentum * self.previous[k]  # U03"),
    ("L01", TORCH, "return self.output(x)", "return torch.softmax(self.output(x), dim=1)  # L01"),
    ("F02", TORCH, "return self.output(x)", "return torch.softmax(self.output(x), dim=0)  # F02"),
    ("U02", TORCH.replace("            optimizer.zero_grad()\n", ""), "loss.backward()", "loss.backward()  # U02"),
    ("D12", TORCH, "batch_size=4, shuffle=True)", "batch_size=4)  # D12"),
    ("U08", TORCH, "lr=0.1)", "lr=0.1)  # U08"),
]  # fmt: skip

# Faults that could stand in several places, or that leave no trace in the text: no line is better than a wrong one.
SILENT = [
    ("B09", FUNCTIONS, "(a3 - y) / len(x)", "a3 - y"),
    ("B05", FUNCTIONS, "d2 @ w2.T", "d2 @ w3.T"),
    ("D02", FUNCTIONS, "len(raw[0]), -1) / 255.0", "len(raw[0]), -1)"),
    ("F05", CLASS, "else self.sigmoid(z))", "else z)"),
    ("B14", CLASS, "delta) * self", "delta) ** 3 * self"),
    ("E01", FUNCTIONS, "== label", "!= label"),
]

counter = itertools.count()


def load(tmp_path, text):
    """The Case of a program, read from a file as unstuck diagnose would."""
    path = tmp_path / f"program_{next(counter)}.py"
    path.write_text(text)
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    generator = np.random.default_rng(0)
    raw = generator.integers(0, 256, (9, 4, 3), dtype=np.uint8), np.arange(9) % 3
    return module.build(Case, raw + raw), path


def planted(program, healthy, faulty):
    assert program.count(healthy) == 1, "the line to replace must be there once"
    return program.replace(healthy, faulty)


@pytest.mark.parametrize(("code", "program", "healthy", "faulty"), FAULTS)
def test_the_line_of_a_planted_fault_is_found(tmp_path, code, program, healthy, faulty):
    if "import torch" in program:
        pytest.importorskip("torch")
    case, path = load(tmp_path, planted(program, healthy, faulty))
    location = find(case, code)
    assert location is not None
    assert location.file == str(path)
    assert location.text.endswith(f"# {code}")
    assert path.read_text().splitlines()[location.line - 1].strip() == location.text


@pytest.mark.parametrize(("code", "program", "healthy", "faulty"), SILENT)
def test_no_line_where_none_is_sure(tmp_path, code, program, healthy, faulty):
    case, _ = load(tmp_path, planted(program, healthy, faulty))
    assert find(case, code) is None


def test_code_without_source_text_has_no_location():
    namespace: dict = {}
    exec("import numpy as np\n" + CLASS.replace("np.sum(e, axis=0, keepdims=True)", "np.sum(e)"), namespace)
    raw = (np.zeros((3, 4, 3), np.uint8), np.arange(3))
    assert find(namespace["build"](Case, raw + raw), "F01") is None


def test_a_file_changed_since_it_was_loaded_is_not_trusted(tmp_path):
    case, path = load(tmp_path, planted(CLASS, "np.sum(e, axis=0, keepdims=True)", "np.sum(e)"))
    path.write_text("\n\n" + path.read_text())
    assert find(case, "F01") is None


def test_code_that_is_never_called_is_not_looked_at(tmp_path):
    dead = CLASS.replace(
        "def accuracy(", "def old_softmax(z):\n    return np.exp(z) / np.sum(np.exp(z))\n\ndef accuracy("
    )
    case, _ = load(tmp_path, dead)
    assert find(case, "F01") is None


def test_several_codes_at_once(tmp_path):
    text = planted(CLASS, "1 / (1 + np.exp(-z))", "1 / (1 + np.exp(z))")
    text = planted(text, "np.sum(e, axis=0, keepdims=True)", "np.sum(e)")
    case, path = load(tmp_path, text)
    found = find_all(case, ["F01", "F04", "B16", "no such code"])
    assert {code: location.text for code, location in found.items()} == {
        "F01": "total = np.sum(e)",
        "F04": "return 1 / (1 + np.exp(z))",
    }
    location = found["F01"]
    assert isinstance(location, Location)
    assert location.to_dict() == {"file": str(path), "line": location.line, "text": "total = np.sum(e)"}
