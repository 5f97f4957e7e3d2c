"""Poisson regression of counts: the network gives the logarithm of the rate; one flat vector with views, Nesterov."""

import numpy as np


class Counter:
    SHAPES = [(6, 20), (20,), (20, 1), (1,)]

    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)
        self.theta = np.zeros(sum(int(np.prod(s)) for s in self.SHAPES))
        self.velocity = np.zeros_like(self.theta)
        w1, _, w2, _ = self.views(self.theta)
        w1[...] = self.rng.normal(size=w1.shape) * 0.4
        w2[...] = self.rng.normal(size=w2.shape) * 0.2

    def views(self, flat):
        parts, start = [], 0
        for shape in self.SHAPES:
            stop = start + int(np.prod(shape))
            parts.append(flat[start:stop].reshape(shape))
            start = stop
        return parts

    def log_rate(self, x):
        w1, b1, w2, b2 = self.views(self.theta)
        self.hidden = 1 / (1 + np.exp(-(x @ w1 + b1)))
        return self.hidden @ w2 + b2

    def gradient(self, x, k):
        eta = self.log_rate(x)
        _, _, w2, _ = self.views(self.theta)
        d = (np.exp(eta) - k) / len(x)
        dh = d @ w2.T * self.hidden * (1 - self.hidden)
        g = np.empty_like(self.theta)
        for view, value in zip(self.views(g), (x.T @ dh, dh.sum(0), self.hidden.T @ d, d.sum(0))):
            view[...] = value
        return g

    def update(self, x, k, rate=0.02, mu=0.8):
        g = self.gradient(x, k)
        self.velocity = mu * self.velocity + g
        self.theta -= rate * (g + mu * self.velocity)

    def run(self, x, k, epochs=15, size=25):
        for _ in range(epochs):
            for rows in self.rng.permutation(len(x)).reshape(-1, size) if len(x) % size == 0 else np.array_split(self.rng.permutation(len(x)), max(1, len(x) // size)):
                self.update(x[rows], k[rows])

    def deviance(self, x, k):
        eta = self.log_rate(x)
        return float(np.mean(np.exp(eta) - k * eta))


def events(rng, n):
    x = rng.normal(size=(n, 6))
    rate = np.exp(0.6 * x[:, 0] - 0.4 * np.abs(x[:, 1]) + 0.3 * x[:, 2] * x[:, 3] + 0.5)
    return x, rng.poisson(rate).astype(float)[:, None]


def wire(seed):
    rng = np.random.default_rng(12)
    x, k = events(rng, 500)
    x_test, k_test = events(rng, 250)
    c = Counter(seed)
    return dict(
        predict=c.log_rate, x=x, targets=k, x_test=x_test, targets_test=k_test,
        parameters=lambda: [c.theta], step=c.update, train=c.run, loss=c.deviance,
        learning_rate=0.02, batch_size=25, updates=300,
    )
