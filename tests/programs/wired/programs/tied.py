"""An autoencoder whose decoder is its encoder turned round: one weight matrix used twice, two biases, momentum."""

import numpy as np


class Tied:
    def __init__(self, n, k, rng):
        self.rng = rng
        self.params = [rng.normal(size=(n, k)) * 0.1, np.zeros(k), np.zeros(n)]
        self.moves = [np.zeros_like(p) for p in self.params]

    def rebuild(self, x):
        W, b, c = self.params
        self.code = np.tanh(x @ W + b)
        return self.code @ W.T + c

    def slopes(self, x, t):
        W, b, c = self.params
        d = 2 * (self.rebuild(x) - t) / len(x)
        e = (d @ W) * (1 - self.code ** 2)
        return [x.T @ e + d.T @ self.code, e.sum(0), d.sum(0)]

    def step(self, x, t, lr=0.02, mu=0.9):
        for p, m, g in zip(self.params, self.moves, self.slopes(x, t)):
            m *= mu
            m -= lr * g
            p += m

    def train(self, x, t, epochs=8, size=30):
        for _ in range(epochs):
            for rows in np.array_split(self.rng.permutation(len(x)), max(1, len(x) // size)):
                self.step(x[rows], t[rows])

    def error(self, x, t):
        return float(((self.rebuild(x) - t) ** 2).sum(axis=1).mean())


def scaled(images):
    return images.reshape(len(images), -1) / 255.0 - 0.2


def wire(images, labels, images_test, labels_test, seed):
    x, x_test = scaled(images), scaled(images_test)
    net = Tied(x.shape[1], 12, np.random.default_rng(seed))
    return dict(
        predict=net.rebuild, x=x, targets=x.copy(), x_test=x_test, targets_test=x_test.copy(),
        parameters=lambda: net.params, step=net.step, train=net.train, loss=net.error, gradients=net.slopes,
        learning_rate=0.02, batch_size=30, updates=8 * 50,
    )
