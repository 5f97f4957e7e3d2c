"""Eatable or not, a tenth of them poisonous: one output, the focal loss, RMSProp, a dict of arrays, functions only."""

import numpy as np

GAMMA = 2.0


def he(rng, n_in, n_out):
    limit = np.sqrt(6.0 / n_in)
    return rng.uniform(-limit, limit, (n_in, n_out))


def new(seed, n_in=12, n_hidden=24):
    rng = np.random.default_rng(seed)
    p = {"W1": he(rng, n_in, n_hidden), "b1": np.zeros((1, n_hidden)), "W2": he(rng, n_hidden, 1), "b2": np.zeros((1, 1))}
    return p, {name: np.zeros_like(value) for name, value in p.items()}


def scores(p, x):
    h = np.maximum(x @ p["W1"] + p["b1"], 0)
    return h, h @ p["W2"] + p["b2"]


def chances(p, x):
    return 1.0 / (1.0 + np.exp(-scores(p, x)[1]))


def focal(p, x, y):
    q = np.clip(chances(p, x), 1e-9, 1 - 1e-9)
    pt = np.where(y > 0.5, q, 1 - q)
    return float(np.mean(-(1 - pt) ** GAMMA * np.log(pt)))


def slope_of_focal(q, y):
    q = np.clip(q, 1e-9, 1 - 1e-9)
    sign = np.where(y > 0.5, 1.0, -1.0)
    pt = np.where(y > 0.5, q, 1 - q)
    return sign * (1 - pt) ** GAMMA * (GAMMA * pt * np.log(pt) - (1 - pt))


def learn(p, cache, x, y, rate=0.005, rho=0.9, eps=1e-7):
    h, z = scores(p, x)
    d = slope_of_focal(1.0 / (1.0 + np.exp(-z)), y) / len(x)
    dh = (d @ p["W2"].T) * (h > 0)
    grads = {"W2": h.T @ d, "b2": d.sum(0, keepdims=True), "W1": x.T @ dh, "b1": dh.sum(0, keepdims=True)}
    for name, g in grads.items():
        cache[name] = rho * cache[name] + (1 - rho) * g ** 2
        p[name] -= rate * g / (np.sqrt(cache[name]) + eps)


def train(p, cache, x, y, epochs=12, size=30, seed=0):
    rng = np.random.default_rng(seed)
    for _ in range(epochs):
        order = rng.permutation(len(x))
        for part in np.array_split(order, max(1, len(x) // size)):
            learn(p, cache, x[part], y[part])


def right(p, x, y):
    return float(((chances(p, x) > 0.5) == (np.asarray(y).reshape(-1, 1) > 0.5)).mean())


def mushrooms(rng, n):
    x = rng.normal(size=(n, 12))
    s = x[:, 0] * x[:, 1] + x[:, 2] - 0.5 * x[:, 3] ** 2 + 0.8 * x[:, 4]
    return x, (s > 0.0).astype(float).reshape(-1, 1)


def wire(seed):
    rng = np.random.default_rng(8)
    x, y = mushrooms(rng, 900)
    x_test, y_test = mushrooms(rng, 400)
    p, cache = new(seed)
    return dict(
        predict=lambda x: chances(p, x), x=x, targets=y, x_test=x_test, labels_test=y_test[:, 0].astype(int),
        parameters=lambda: [p["W1"], p["b1"], p["W2"], p["b2"]], step=lambda x, y: learn(p, cache, x, y),
        train=lambda x, y: train(p, cache, x, y), loss=lambda x, y: focal(p, x, y), accuracy=lambda x, y: right(p, x, y),
        learning_rate=0.005, batch_size=30, updates=12 * 30,
    )
