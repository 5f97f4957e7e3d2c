"""Digits put near their like in a space of eight: contrastive loss over the pairs of a batch, labels as targets, SGD."""

import numpy as np


class Embedding:
    def __init__(self, n_pixels, seed, n_hidden=40, n_space=8):
        self.rng = np.random.RandomState(seed)
        self.params = {
            "W1": self.rng.randn(n_pixels, n_hidden) * np.sqrt(2.0 / n_pixels),
            "b1": np.zeros(n_hidden),
            "W2": self.rng.randn(n_hidden, n_space) * np.sqrt(1.0 / n_hidden),
            "b2": np.zeros(n_space),
        }

    def embed(self, x):
        self.x = x
        self.h = np.maximum(0, x @ self.params["W1"] + self.params["b1"])
        return self.h @ self.params["W2"] + self.params["b2"]

    def pairs(self, e, y, margin=1.5):
        apart = e[:, None, :] - e[None, :, :]
        dist = np.sqrt((apart ** 2).sum(-1) + 1e-9)
        same = (y[:, None] == y[None, :]).astype(float)
        return apart, dist, same, np.maximum(0, margin - dist) * (1 - same)

    def loss(self, x, y):
        _, dist, same, short = self.pairs(self.embed(x), y)
        return 0.5 * np.mean(same * dist ** 2 + short ** 2)

    def step(self, x, y, lr=0.2):
        e = self.embed(x)
        apart, dist, same, short = self.pairs(e, y)
        pull = same - short / dist
        d_e = 2 * (pull[:, :, None] * apart).sum(axis=1) / len(x) ** 2
        d_h = d_e @ self.params["W2"].T * (self.h > 0)
        grads = {"W2": self.h.T @ d_e, "b2": d_e.sum(0), "W1": x.T @ d_h, "b1": d_h.sum(0)}
        for key, g in grads.items():
            self.params[key] -= lr * g

    def train(self, x, y, epochs=6, size=50):
        for epoch in range(epochs):
            perm = self.rng.permutation(len(x))
            for k in range(0, len(x) - size + 1, size):
                rows = perm[k:k + size]
                self.step(x[rows], y[rows])


def wire(images, labels, images_test, labels_test, seed):
    x = images.reshape(len(images), -1) / 255.0
    x_test = images_test.reshape(len(images_test), -1) / 255.0
    y, y_test = labels.astype(int), labels_test.astype(int)
    net = Embedding(x.shape[1], seed)
    return dict(
        predict=net.embed, x=x, targets=y, x_test=x_test, labels_test=y_test,
        parameters=lambda: list(net.params.values()), step=net.step, train=net.train, loss=net.loss,
        raw=(images, labels, images_test, labels_test), learning_rate=0.2, batch_size=50, updates=6 * 30,
    )
