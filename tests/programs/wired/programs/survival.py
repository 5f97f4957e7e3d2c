"""Times until a part fails, some cut off at the end of the watch: exponential survival, target rows (time, seen to fail)."""

import numpy as np


def start(rng):
    h = 16
    return dict(
        W1=rng.normal(size=(5, h)) * np.sqrt(2 / 5), b1=np.zeros(h),
        W2=rng.normal(size=(h, 1)) * 0.1, b2=np.zeros(1),
    )


def log_hazard(p, x, keep=None):
    z = x @ p["W1"] + p["b1"]
    a = np.maximum(z, 0)
    if keep is not None:
        keep.update(a=a, z=z)
    return a @ p["W2"] + p["b2"]


def nll(p, x, ty):
    time, failed = ty[:, :1], ty[:, 1:]
    eta = log_hazard(p, x)
    return float(np.mean(np.exp(eta) * time - failed * eta))


def backprop(p, x, ty):
    time, failed = ty[:, :1], ty[:, 1:]
    k = {}
    eta = log_hazard(p, x, k)
    d = (np.exp(eta) * time - failed) / len(x)
    g = {"W2": k["a"].T @ d, "b2": d.sum(axis=0)}
    d = d @ p["W2"].T
    d[k["z"] <= 0] = 0
    g["W1"], g["b1"] = x.T @ d, d.sum(axis=0)
    return g


def descend(p, x, ty, lr=0.05):
    g = backprop(p, x, ty)
    for name in p:
        p[name] -= lr * g[name]


def run(p, x, ty, rng, epochs=25, size=20):
    n = len(x)
    for _ in range(epochs):
        idx = rng.permutation(n)
        for lo in range(0, n, size):
            descend(p, x[idx[lo:lo + size]], ty[idx[lo:lo + size]])


def parts(rng, n):
    x = rng.uniform(-1, 1, size=(n, 5))
    hazard = np.exp(1.2 * x[:, 0] - 1.5 * np.maximum(x[:, 1], 0) + 0.8 * x[:, 2])
    time = rng.exponential(1 / hazard)
    end = rng.uniform(0.5, 4.0, size=n)
    return x, np.column_stack([np.minimum(time, end), (time <= end).astype(float)])


def wire(seed):
    data = np.random.default_rng(77)
    x, ty = parts(data, 600)
    x_test, ty_test = parts(data, 300)
    rng = np.random.default_rng(seed)
    p = start(rng)
    return dict(
        predict=lambda r: log_hazard(p, r), x=x, targets=ty, x_test=x_test, targets_test=ty_test,
        parameters=lambda: list(p.values()), step=lambda r, t: descend(p, r, t),
        train=lambda r, t: run(p, r, t, rng), loss=lambda r, t: nll(p, r, t),
        gradients=lambda r, t: [backprop(p, r, t)[name] for name in p],
        learning_rate=0.05, batch_size=20, updates=25 * 30,
    )
