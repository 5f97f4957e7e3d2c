"""Height and current of a tide from eight readings: two ELU layers, Huber's loss, momentum, a rate that falls by epoch."""

import numpy as np


class Sampler:
    def __init__(self, n, size, rng):
        self.n, self.size, self.rng = n, size, rng

    def __iter__(self):
        order = self.rng.permutation(self.n)
        for first in range(0, self.n, self.size):
            yield order[first:first + self.size]


def elu(z):
    return np.where(z > 0, z, np.exp(np.minimum(z, 0)) - 1)


class Net:
    def __init__(self, sizes, seed):
        self.rng = np.random.default_rng(seed)
        self.layers = []
        for n_in, n_out in zip(sizes, sizes[1:]):
            w = self.rng.standard_normal((n_in, n_out)) * np.sqrt(1.0 / n_in)
            self.layers.append({"w": w, "b": np.zeros(n_out), "vw": np.zeros_like(w), "vb": np.zeros(n_out)})
        self.rate = 0.05

    def predict(self, x):
        self.cache = [x]
        for layer in self.layers[:-1]:
            x = elu(x @ layer["w"] + layer["b"])
            self.cache.append(x)
        return x @ self.layers[-1]["w"] + self.layers[-1]["b"]

    def update(self, x, y, beta=0.9):
        residual = self.predict(x) - y
        grad = np.clip(residual, -1.0, 1.0) / len(x)
        for k in reversed(range(len(self.layers))):
            layer, a = self.layers[k], self.cache[k]
            gw, gb = a.T @ grad, grad.sum(axis=0)
            if k > 0:
                grad = grad @ layer["w"].T
                grad = grad * np.where(a > 0, 1.0, a + 1.0)
            layer["vw"] = beta * layer["vw"] + gw
            layer["vb"] = beta * layer["vb"] + gb
            layer["w"] -= self.rate * layer["vw"]
            layer["b"] -= self.rate * layer["vb"]

    def fit(self, x, y, epochs=15, size=25):
        for epoch in range(epochs):
            self.rate = 0.05 * 0.95 ** epoch
            for rows in Sampler(len(x), size, self.rng):
                self.update(x[rows], y[rows])

    def huber(self, x, y):
        r = np.abs(self.predict(x) - y)
        return float(np.where(r < 1, 0.5 * r ** 2, r - 0.5).sum(axis=1).mean())


def readings(rng, n):
    x = rng.normal(size=(n, 8))
    height = 1.2 * np.sin(x[:, 0]) + 0.8 * x[:, 1] * x[:, 2] + 0.5 * x[:, 3]
    current = np.cos(x[:, 0]) * x[:, 4] - 0.6 * x[:, 5]
    return x, np.column_stack([height, current]) + 0.1 * rng.normal(size=(n, 2))


def wire(seed):
    rng = np.random.default_rng(31)
    x, y = readings(rng, 800)
    x_test, y_test = readings(rng, 300)
    net = Net([8, 32, 16, 2], seed)
    return dict(
        predict=net.predict, x=x, targets=y, x_test=x_test, targets_test=y_test,
        parameters=lambda: [a for layer in net.layers for a in (layer["w"], layer["b"])], step=net.update,
        train=net.fit, loss=net.huber, learning_rate=0.05, batch_size=25, updates=15 * 32,
    )
