"""Digits with a normalised layer: each example's hidden sums are centred and scaled, gain and shift are learnt; SGD."""

import numpy as np


class Normed:
    def __init__(self, n_in, seed):
        self.rng = np.random.RandomState(seed)
        self.W1 = self.rng.randn(n_in, 32) / np.sqrt(n_in)
        self.gain, self.shift = np.ones(32), np.zeros(32)
        self.W2 = self.rng.randn(32, 10) / np.sqrt(32)
        self.b2 = np.zeros(10)

    def forward(self, x):
        self.x = x
        u = x @ self.W1
        self.mean = u.mean(axis=1, keepdims=True)
        self.std = np.sqrt(u.var(axis=1, keepdims=True) + 1e-5)
        self.n = (u - self.mean) / self.std
        self.a = np.maximum(0, self.n * self.gain + self.shift)
        return self.a @ self.W2 + self.b2

    def step(self, x, y, lr=0.2):
        z = self.forward(x)
        p = np.exp(z - z.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        d = p
        d[np.arange(len(y)), y] -= 1
        d /= len(y)
        dW2, db2 = self.a.T @ d, d.sum(axis=0)
        da = (d @ self.W2.T) * (self.a > 0)
        dgain, dshift = (da * self.n).sum(axis=0), da.sum(axis=0)
        dn = da * self.gain
        du = (dn - dn.mean(axis=1, keepdims=True) - self.n * (dn * self.n).mean(axis=1, keepdims=True)) / self.std
        self.W1 -= lr * self.x.T @ du
        self.gain -= lr * dgain
        self.shift -= lr * dshift
        self.W2 -= lr * dW2
        self.b2 -= lr * db2

    def train(self, x, y, epochs=8, size=25):
        for _ in range(epochs):
            idx = self.rng.permutation(len(x))
            for i in range(0, len(x), size):
                self.step(x[idx[i:i + size]], y[idx[i:i + size]])

    def loss(self, x, y):
        z = self.forward(x)
        top = z.max(axis=1)
        return float(np.mean(np.log(np.exp(z - top[:, None]).sum(axis=1)) + top - z[np.arange(len(y)), y]))

    def score(self, x, y):
        return float((self.forward(x).argmax(axis=1) == y).mean())


def wire(images, labels, images_test, labels_test, seed):
    x, x_test = (i.reshape(len(i), -1).astype(float) / 255 for i in (images, images_test))
    net = Normed(x.shape[1], seed)
    return dict(
        predict=net.forward, x=x, targets=labels.astype(int), x_test=x_test, labels_test=labels_test.astype(int),
        parameters=lambda: [net.W1, net.gain, net.shift, net.W2, net.b2], step=net.step, train=net.train,
        loss=net.loss, accuracy=net.score, raw=(images, labels, images_test, labels_test),
        learning_rate=0.2, batch_size=25, updates=8 * 60,
    )
