"""Paid back (1) or not (-1): hinge loss on one linear output, leaky units, AdaGrad, two classes as signs."""

import numpy as np


class Bank:
    def __init__(self, seed):
        rng = np.random.default_rng(seed)
        self.rng = rng
        self.A = rng.normal(0, 0.4, (10, 20))
        self.a = np.zeros(20)
        self.c = rng.normal(0, 0.3, (20, 1))
        self.d = np.zeros(1)
        self.seen = [np.zeros_like(p) for p in (self.A, self.a, self.c, self.d)]

    def margin(self, x):
        self.pre = x @ self.A + self.a
        self.hid = np.where(self.pre > 0, self.pre, 0.1 * self.pre)
        return self.hid @ self.c + self.d

    def step(self, x, y):
        y = y.reshape(-1, 1)
        m = self.margin(x)
        g = np.where(y * m < 1, -y, 0.0) / len(x)
        gh = g @ self.c.T
        gp = gh * np.where(self.pre > 0, 1.0, 0.1)
        gradients = [x.T @ gp, gp.sum(0), self.hid.T @ g, g.sum(0)]
        for p, s, gr in zip((self.A, self.a, self.c, self.d), self.seen, gradients):
            s += gr ** 2
            p -= 0.1 * gr / (np.sqrt(s) + 1e-8)

    def train(self, x, y, epochs=10):
        for _ in range(epochs):
            rows = self.rng.permutation(len(x))
            for start in range(0, len(x), 32):
                self.step(x[rows[start:start + 32]], y[rows[start:start + 32]])

    def hinge(self, x, y):
        return float(np.maximum(0, 1 - y.reshape(-1, 1) * self.margin(x)).mean())

    def right(self, x, y):
        return float((np.sign(self.margin(x)[:, 0]) == y).mean())


def loans(rng, n):
    x = np.column_stack([rng.lognormal(10, 0.5, n), rng.uniform(18, 80, n), rng.normal(size=(n, 8))])
    s = 1.5 * (np.log(x[:, 0]) - 10) + (x[:, 1] - 49) / 20 * x[:, 2] + x[:, 3]
    return x, np.where(s + 0.2 * rng.normal(size=n) > 0, 1.0, -1.0)


def wire(seed):
    rng = np.random.default_rng(77)
    x, y = loans(rng, 1000)
    x_test, y_test = loans(rng, 400)
    low, high = x.min(axis=0), x.max(axis=0)
    x, x_test = 2 * (x - low) / (high - low) - 1, 2 * (x_test - low) / (high - low) - 1
    bank = Bank(seed)
    return dict(
        predict=bank.margin, x=x, targets=y, x_test=x_test, labels_test=y_test,
        parameters=lambda: [bank.A, bank.a, bank.c, bank.d], step=bank.step, train=bank.train, loss=bank.hinge,
        accuracy=bank.right, learning_rate=0.1, batch_size=32, updates=10 * 32,
    )
