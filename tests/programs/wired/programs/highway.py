"""Digits by a residual network: two blocks h + relu(h W + b) V, smoothed labels, AdamW written over a list of arrays."""

import numpy as np


class Residual:
    def __init__(self, n_in, width, seed, smoothing=0.1):
        g = np.random.default_rng(seed)
        self.g, self.smoothing = g, smoothing
        self.arrays = [g.normal(0, 1 / np.sqrt(n_in), (n_in, width)), np.zeros(width)]
        for _ in range(2):
            self.arrays += [g.normal(0, np.sqrt(2 / width), (width, width)), np.zeros(width),
                            g.normal(0, 0.5 / np.sqrt(width), (width, width))]
        self.arrays += [g.normal(0, 1 / np.sqrt(width), (width, 10)), np.zeros(10)]
        self.m = [np.zeros_like(a) for a in self.arrays]
        self.s = [np.zeros_like(a) for a in self.arrays]
        self.t = 0

    def logits(self, x):
        W0, b0, W1, b1, V1, W2, b2, V2, W3, b3 = self.arrays
        self.h0 = np.tanh(x @ W0 + b0)
        self.r1 = np.maximum(0, self.h0 @ W1 + b1)
        self.h1 = self.h0 + self.r1 @ V1
        self.r2 = np.maximum(0, self.h1 @ W2 + b2)
        self.h2 = self.h1 + self.r2 @ V2
        return self.h2 @ W3 + b3

    def soft(self, y):
        return np.eye(10)[y] * (1 - self.smoothing) + self.smoothing / 10

    def gradients(self, x, y):
        W0, b0, W1, b1, V1, W2, b2, V2, W3, b3 = self.arrays
        z = self.logits(x)
        p = np.exp(z - z.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        d = (p - self.soft(y)) / len(x)
        dh2 = d @ W3.T
        dr2 = (dh2 @ V2.T) * (self.r2 > 0)
        dh1 = dh2 + dr2 @ W2.T
        dr1 = (dh1 @ V1.T) * (self.r1 > 0)
        dh0 = (dh1 + dr1 @ W1.T) * (1 - self.h0 ** 2)
        return [x.T @ dh0, dh0.sum(0), self.h0.T @ dr1, dr1.sum(0), self.r1.T @ dh1,
                self.h1.T @ dr2, dr2.sum(0), self.r2.T @ dh2, self.h2.T @ d, d.sum(0)]

    def step(self, x, y, lr=0.002, decay=0.01):
        self.t += 1
        for a, m, s, g in zip(self.arrays, self.m, self.s, self.gradients(x, y)):
            m += 0.1 * (g - m)
            s += 0.001 * (g * g - s)
            step = (m / (1 - 0.9 ** self.t)) / (np.sqrt(s / (1 - 0.999 ** self.t)) + 1e-8)
            a -= lr * (step + decay * a)

    def train(self, x, y, epochs=5, size=30):
        for _ in range(epochs):
            for part in np.array_split(self.g.permutation(len(x)), max(1, len(x) // size)):
                self.step(x[part], y[part])

    def loss(self, x, y):
        z = self.logits(x)
        log_p = z - z.max(axis=1, keepdims=True)
        log_p -= np.log(np.exp(log_p).sum(axis=1, keepdims=True))
        return float(-(self.soft(y) * log_p).sum(axis=1).mean())

    def accuracy(self, x, y):
        return float((self.logits(x).argmax(axis=1) == y).mean())


def wire(images, labels, images_test, labels_test, seed):
    x, x_test = (i.reshape(len(i), -1).astype(np.float64) / 255.0 - 0.13 for i in (images, images_test))
    net = Residual(x.shape[1], 24, seed)
    return dict(
        predict=net.logits, x=x, targets=labels.astype(int), x_test=x_test, labels_test=labels_test.astype(int),
        parameters=lambda: net.arrays, step=net.step, train=net.train, loss=net.loss, accuracy=net.accuracy,
        raw=(images, labels, images_test, labels_test), learning_rate=0.002, batch_size=30, updates=5 * 50,
    )
