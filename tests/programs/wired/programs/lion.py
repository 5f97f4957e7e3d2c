"""Digits by Lion (the sign of a mixed momentum), a cosine that restarts, decoupled decay, half the pixels of each row summed."""

import numpy as np


class Lion:
    def __init__(self, arrays, lr=0.002, b1=0.9, b2=0.99, decay=0.01, period=150):
        self.arrays, self.lr, self.b1, self.b2, self.decay, self.period = arrays, lr, b1, b2, decay, period
        self.m = [np.zeros_like(a) for a in arrays]
        self.count = 0

    def apply(self, grads):
        share = 0.5 * (1 + np.cos(np.pi * (self.count % self.period) / self.period))
        self.count += 1
        for a, m, g in zip(self.arrays, self.m, grads):
            a -= self.lr * share * (np.sign(self.b1 * m + (1 - self.b1) * g) + self.decay * a)
            m *= self.b2
            m += (1 - self.b2) * g


class Digits:
    def __init__(self, n_in, seed):
        self.rng = np.random.default_rng(seed)
        draw = lambda a, b: self.rng.normal(0, np.sqrt(2 / a), (a, b))
        self.arrays = [draw(n_in, 48), np.zeros(48), draw(48, 24), np.zeros(24), draw(24, 10), np.zeros(10)]
        self.lion = Lion(self.arrays)

    def logits(self, x):
        self.acts = [x]
        for i in (0, 2, 4):
            z = self.acts[-1] @ self.arrays[i] + self.arrays[i + 1]
            self.acts.append(np.maximum(z, 0) if i < 4 else z)
        return self.acts[-1]

    def train_on_batch(self, x, y):
        z = self.logits(x)
        p = np.exp(z - z.max(1, keepdims=True))
        p /= p.sum(1, keepdims=True)
        d = (p - y) / len(x)
        grads = []
        for i in (4, 2, 0):
            grads = [self.acts[i // 2].T @ d, d.sum(0)] + grads
            d = d @ self.arrays[i].T * (self.acts[i // 2] > 0)
        self.lion.apply(grads)

    def train(self, x, y, epochs=8, size=40):
        n_batches = len(x) // size
        for _ in range(epochs):
            order = self.rng.permutation(len(x))
            for b in range(n_batches):
                rows = order[b * size:(b + 1) * size]
                self.train_on_batch(x[rows], y[rows])

    def accuracy(self, x, y):
        return np.count_nonzero(self.logits(x).argmax(1) == y) / len(y)


def prepare(images):
    rows = images.reshape(len(images), -1).astype(np.float64)
    return (rows - 32.0) / 70.0


def wire(images, labels, images_test, labels_test, seed):
    x, x_test = prepare(images), prepare(images_test)
    net = Digits(x.shape[1], seed)
    return dict(
        predict=net.logits, x=x, targets=np.eye(10)[labels], x_test=x_test, labels_test=labels_test.astype(int),
        parameters=lambda: net.arrays, step=net.train_on_batch, train=net.train, accuracy=net.accuracy,
        raw=(images, labels, images_test, labels_test), learning_rate=0.002, batch_size=40, updates=8 * 37,
    )
