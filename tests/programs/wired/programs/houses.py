"""Prices by regression: two ReLU layers, standardised inputs and targets, momentum, weight decay, a rate that steps down."""

import numpy as np


def relu(z):
    return z * (z > 0)


class Regressor:
    def __init__(self, sizes, rng):
        self.weights = [rng.normal(0, np.sqrt(2 / a), (a, b)) for a, b in zip(sizes[:-1], sizes[1:])]
        self.biases = [np.zeros(b) for b in sizes[1:]]
        self.moving = [np.zeros_like(p) for p in self.weights + self.biases]
        self.lr, self.momentum, self.decay = 0.02, 0.9, 1e-4
        self.rng = rng

    def forward(self, x):
        self.acts = [x]
        for i, (w, b) in enumerate(zip(self.weights, self.biases)):
            z = self.acts[-1] @ w + b
            self.acts.append(z if i == len(self.weights) - 1 else relu(z))
        return self.acts[-1]

    def backward(self, t):
        grad = (self.acts[-1] - t) / len(t)
        gw, gb = [], []
        for i in range(len(self.weights) - 1, -1, -1):
            gw.insert(0, self.acts[i].T @ grad + self.decay * self.weights[i])
            gb.insert(0, grad.sum(axis=0))
            if i > 0:
                grad = (grad @ self.weights[i].T) * (self.acts[i] > 0)
        return gw + gb

    def step(self, x, t):
        self.forward(x)
        grads = self.backward(t)
        for p, m, g in zip(self.weights + self.biases, self.moving, grads):
            m *= self.momentum
            m -= self.lr * g
            p += m

    def fit(self, x, t, epochs=20, size=32):
        for epoch in range(epochs):
            if epoch == 15:
                self.lr *= 0.1
            idx = np.arange(len(x))
            self.rng.shuffle(idx)
            for s in range(0, len(x), size):
                self.step(x[idx[s:s + size]], t[idx[s:s + size]])

    def mse(self, x, t):
        return np.mean((self.forward(x) - t) ** 2)


def sales(rng, n):
    x = np.column_stack([rng.uniform(20, 200, n), rng.integers(1, 7, n), rng.uniform(0, 90, n), rng.normal(8, 4, n), rng.uniform(0, 1, n)])
    price = 2.5 * x[:, 0] * (1 + x[:, 4]) + 15 * np.minimum(x[:, 1], 4) - 0.8 * x[:, 2] - 3 * np.abs(x[:, 3]) + rng.normal(0, 10, n)
    return x, price[:, None]


def wire(seed):
    rng = np.random.default_rng(33)
    x, t = sales(rng, 900)
    x_test, t_test = sales(rng, 300)
    mx, sx, mt, st = x.mean(0), x.std(0), t.mean(0), t.std(0)
    x, x_test, t, t_test = (x - mx) / sx, (x_test - mx) / sx, (t - mt) / st, (t_test - mt) / st
    net = Regressor([5, 32, 16, 1], np.random.default_rng(seed))
    return dict(
        predict=net.forward, x=x, targets=t, x_test=x_test, targets_test=t_test,
        parameters=lambda: net.weights + net.biases, step=net.step, train=net.fit, loss=net.mse,
        learning_rate=0.02, batch_size=32, updates=20 * 29, l2=1e-4,
    )
