"""How tall at which age, with a band around it: three outputs for the quantiles 10, 50 and 90 % of one target, RMSProp."""

import numpy as np

TAUS = np.array([0.1, 0.5, 0.9])


class Bands:
    def __init__(self, rng):
        self.rng = rng
        self.net = [
            [rng.normal(size=(2, 24)), rng.normal(size=24) * 0.5],
            [rng.normal(size=(24, 3)) / np.sqrt(24), np.zeros(3)],
        ]
        self.cache = [[np.zeros_like(w), np.zeros_like(b)] for w, b in self.net]

    def predict(self, x):
        (w1, b1), (w2, b2) = self.net
        self.h = np.tanh(x @ w1 + b1)
        return self.h @ w2 + b2

    def grads(self, x, y):
        q = self.predict(x)
        d = np.where(y > q, -TAUS, 1 - TAUS) / len(x)
        (_, _), (w2, _) = self.net
        dh = d @ w2.T * (1 - self.h * self.h)
        return [[x.T @ dh, dh.sum(0)], [self.h.T @ d, d.sum(0)]]

    def step(self, x, y, lr=0.01, rho=0.9):
        for layer, grads, cache in zip(self.net, self.grads(x, y), self.cache):
            for k in (0, 1):
                cache[k] = rho * cache[k] + (1 - rho) * grads[k] ** 2
                layer[k] = layer[k] - lr * grads[k] / (np.sqrt(cache[k]) + 1e-7)

    def fit(self, x, y, epochs=20, size=32):
        for _ in range(epochs):
            p = self.rng.permutation(len(x))
            for s in range(0, len(x), size):
                self.step(x[p[s:s + size]], y[p[s:s + size]])

    def pinball(self, x, y):
        gap = y - self.predict(x)
        return np.maximum(TAUS * gap, (TAUS - 1) * gap).sum(axis=1).mean()


def children(rng, n):
    age, girl = rng.uniform(0, 1, n), rng.integers(0, 2, n)
    height = 0.8 * np.sqrt(age) + 0.05 * girl + (0.02 + 0.1 * age) * rng.normal(size=n)
    return np.column_stack([2 * age - 1, 2 * girl - 1]), ((height - 0.55) / 0.25)[:, None]


def wire(seed):
    rng = np.random.default_rng(19)
    x, y = children(rng, 640)
    x_test, y_test = children(rng, 320)
    b = Bands(np.random.default_rng(seed))
    return dict(
        predict=b.predict, x=x, targets=y, x_test=x_test, targets_test=y_test,
        parameters=lambda: [p for layer in b.net for p in layer], step=b.step, train=b.fit, loss=b.pinball,
        learning_rate=0.01, batch_size=32, updates=20 * 20,
    )
