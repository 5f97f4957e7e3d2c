"""A value and how sure it is: two outputs, mean and logarithm of the variance, for one target; Gaussian likelihood, SGD."""

import numpy as np


class Sure:
    def __init__(self, seed):
        self.gen = np.random.default_rng(seed)
        self.theta = [
            self.gen.standard_normal((3, 30)) * 0.8, np.zeros(30),
            self.gen.standard_normal((30, 2)) * 0.1, np.zeros(2),
        ]

    def forward(self, x):
        self.s = np.sin(0) + np.tanh(x @ self.theta[0] + self.theta[1])
        return self.s @ self.theta[2] + self.theta[3]

    def likelihood(self, x, y):
        out = self.forward(x)
        mean, log_var = out[:, :1], out[:, 1:]
        return float(0.5 * np.mean(log_var + (y - mean) ** 2 * np.exp(-log_var)))

    def descend(self, x, y, lr=0.1):
        out = self.forward(x)
        mean, log_var = out[:, :1], out[:, 1:]
        inv = np.exp(-log_var)
        d_mean = (mean - y) * inv
        d_log_var = 0.5 * (1 - (y - mean) ** 2 * inv)
        d = np.hstack([d_mean, d_log_var]) / len(x)
        back = d @ self.theta[2].T * (1 - self.s ** 2)
        grads = [x.T @ back, back.sum(0), self.s.T @ d, d.sum(0)]
        norm = np.sqrt(sum(np.sum(g * g) for g in grads))
        for p, g in zip(self.theta, grads):
            p -= lr * g * min(1.0, 5.0 / (norm + 1e-12))

    def fit(self, x, y, epochs=30, size=25):
        for _ in range(epochs):
            idx = self.gen.permutation(len(x))
            for lo in range(0, len(x), size):
                self.descend(x[idx[lo:lo + size]], y[idx[lo:lo + size]])


def readings(rng, n):
    x = rng.uniform(-2, 2, (n, 3))
    y = np.sin(x[:, 0]) + 0.5 * x[:, 1] + np.exp(0.6 * x[:, 2] - 1.5) * rng.normal(size=n)
    return x, y[:, None]


def wire(seed):
    rng = np.random.default_rng(71)
    x, y = readings(rng, 800)
    x_test, y_test = readings(rng, 300)
    net = Sure(seed)
    return dict(
        predict=net.forward, x=x, targets=y, x_test=x_test, targets_test=y_test, parameters=lambda: net.theta,
        step=net.descend, train=net.fit, loss=net.likelihood, learning_rate=0.1, batch_size=25, updates=30 * 32,
    )
