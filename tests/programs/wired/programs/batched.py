"""Four kinds of signal by a network with batch normalisation, running means for the answers, momentum by hand."""

import numpy as np


class Normalised:
    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)
        self.W = self.rng.normal(0, 0.3, (16, 24))
        self.gamma, self.beta = np.ones(24), np.zeros(24)
        self.V, self.c = self.rng.normal(0, 0.2, (24, 4)), np.zeros(4)
        self.running_mean, self.running_var = np.zeros(24), np.ones(24)
        self.speed = [np.zeros_like(p) for p in self.all()]

    def all(self):
        return [self.W, self.gamma, self.beta, self.V, self.c]

    def scores(self, x):
        u = x @ self.W
        n = (u - self.running_mean) / np.sqrt(self.running_var + 1e-5)
        return np.maximum(0, self.gamma * n + self.beta) @ self.V + self.c

    def step(self, x, y, lr=0.05):
        u = x @ self.W
        mean, var = u.mean(axis=0), u.var(axis=0)
        self.running_mean = 0.9 * self.running_mean + 0.1 * mean
        self.running_var = 0.9 * self.running_var + 0.1 * var
        std = np.sqrt(var + 1e-5)
        n = (u - mean) / std
        a = np.maximum(0, self.gamma * n + self.beta)
        z = a @ self.V + self.c
        p = np.exp(z - z.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        p[np.arange(len(y)), y] -= 1
        d = p / len(y)
        da = (d @ self.V.T) * (a > 0)
        dn = da * self.gamma
        du = (dn - dn.mean(axis=0) - n * (dn * n).mean(axis=0)) / std
        gradients = [x.T @ du, (da * n).sum(axis=0), da.sum(axis=0), a.T @ d, d.sum(axis=0)]
        for p, v, g in zip(self.all(), self.speed, gradients):
            v *= 0.9
            v += g
            p -= lr * v

    def train(self, x, y, epochs=10, size=40):
        for _ in range(epochs):
            order = self.rng.permutation(len(x))
            for i in range(0, len(x) - size + 1, size):
                self.step(x[order[i:i + size]], y[order[i:i + size]])

    def right(self, x, y):
        return np.mean(self.scores(x).argmax(axis=1) == y)


def signals(rng, n):
    y = rng.integers(0, 4, n)
    t = np.arange(16)
    phase = rng.uniform(0, 0.8, (n, 1))
    x = np.sin((0.3 + 0.25 * y[:, None]) * t + phase) + 0.4 * rng.normal(size=(n, 16))
    return x, y


def wire(seed):
    rng = np.random.default_rng(12)
    x, y = signals(rng, 1000)
    x_test, y_test = signals(rng, 400)
    net = Normalised(seed)
    return dict(
        predict=net.scores, x=x, targets=y, x_test=x_test, labels_test=y_test, parameters=net.all, step=net.step,
        train=net.train, accuracy=net.right, learning_rate=0.05, batch_size=40, updates=10 * 25,
    )
