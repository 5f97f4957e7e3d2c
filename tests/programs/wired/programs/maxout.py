"""A surface of two variables by maxout units (the larger of two sums each), AdaDelta without a rate, float64."""

import numpy as np


class Maxout:
    def __init__(self, seed):
        g = np.random.default_rng(seed)
        self.g = g
        self.arrays = [g.normal(size=(2, 2, 15)), g.normal(size=(2, 15)) * 0.3, g.normal(size=(15, 1)) * 0.3, np.zeros(1)]
        self.sq = [np.zeros_like(a) for a in self.arrays]
        self.mv = [np.zeros_like(a) for a in self.arrays]

    def __call__(self, x):
        w, b, v, c = self.arrays
        self.s = np.einsum("ni,pij->npj", x, w) + b
        self.pick = self.s.argmax(axis=1)
        self.h = self.s.max(axis=1)
        return self.h @ v + c

    def step(self, x, y, rho=0.95, eps=1e-4):
        d = (self(x) - y) / len(x)
        w, b, v, c = self.arrays
        dh = d @ v.T
        ds = np.stack([dh * (self.pick == p) for p in (0, 1)], axis=1)
        grads = [np.einsum("ni,npj->pij", x, ds), ds.sum(0), self.h.T @ d, d.sum(0)]
        for a, s, m, g in zip(self.arrays, self.sq, self.mv, grads):
            s *= rho
            s += (1 - rho) * g * g
            move = np.sqrt(m + eps) / np.sqrt(s + eps) * g
            m *= rho
            m += (1 - rho) * move * move
            a -= move

    def train(self, x, y, epochs=25, size=20):
        for _ in range(epochs):
            o = self.g.permutation(len(x))
            for k in range(0, len(x), size):
                self.step(x[o[k:k + size]], y[o[k:k + size]])

    def half_mse(self, x, y):
        return 0.5 * float(((self(x) - y) ** 2).mean())


def surface(rng, n):
    x = rng.uniform(-1, 1, (n, 2))
    return x, (np.abs(x[:, :1]) - x[:, 1:] ** 2 + 0.3 * x[:, :1] * x[:, 1:]) * 2


def wire(seed):
    rng = np.random.default_rng(90)
    x, y = surface(rng, 500)
    x_test, y_test = surface(rng, 200)
    net = Maxout(seed)
    return dict(
        predict=net, x=x, targets=y, x_test=x_test, targets_test=y_test, parameters=lambda: net.arrays, step=net.step,
        train=net.train, loss=net.half_mse, batch_size=20, updates=25 * 25,
    )
