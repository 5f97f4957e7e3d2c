"""One class only: what normal valves sound like, drawn together around a point fixed at the start (deep SVDD), no biases."""

import numpy as np


class Normal:
    def __init__(self, rng, x):
        self.rng = rng
        self.A = rng.normal(size=(12, 16)) / np.sqrt(12)
        self.B = rng.normal(size=(16, 4)) / np.sqrt(16)
        self.centre = np.ones(4) * 0.5

    def place(self, x):
        self.h = np.where(x @ self.A > 0, x @ self.A, 0.1 * (x @ self.A))
        return self.h @ self.B

    def step(self, x, wanted, rate=0.05, decay=1e-4):
        d = 2 * (self.place(x) - wanted) / len(x)
        slope = np.where(self.h > 0, 1.0, 0.1)
        gA = x.T @ ((d @ self.B.T) * slope)
        gB = self.h.T @ d
        self.A -= rate * (gA + decay * self.A)
        self.B -= rate * (gB + decay * self.B)

    def fit(self, x, wanted, epochs=10, size=16):
        for _ in range(epochs):
            for rows in np.array_split(self.rng.permutation(len(x)), max(1, len(x) // size)):
                self.step(x[rows], wanted[rows])

    def distance(self, x, wanted):
        return np.mean(np.sum((self.place(x) - wanted) ** 2, axis=1))


def sounds(rng, n):
    t = rng.uniform(0, 2 * np.pi, (n, 1))
    return np.cos(t + np.arange(12) * 0.3) + 1.0 + 0.1 * rng.normal(size=(n, 12))


def wire(seed):
    rng = np.random.default_rng(3)
    x, x_test = sounds(rng, 400), sounds(rng, 150)
    net = Normal(np.random.default_rng(seed), x)
    return dict(
        predict=net.place, x=x, targets=np.tile(net.centre, (len(x), 1)), x_test=x_test,
        targets_test=np.tile(net.centre, (len(x_test), 1)),
        parameters=lambda: [net.A, net.B], step=net.step, train=net.fit, loss=net.distance,
        learning_rate=0.05, batch_size=16, updates=250, l2=1e-4,
    )
