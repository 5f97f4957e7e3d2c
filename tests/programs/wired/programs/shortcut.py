"""Digits through a block with a skip connection: layer objects with forward and backward, gradients kept in the layers."""

import numpy as np


class Dense:
    def __init__(self, n_in, n_out, rng, gain=2.0):
        self.value = [rng.standard_normal((n_in, n_out)) * np.sqrt(gain / n_in), np.zeros((1, n_out))]
        self.grad = [np.zeros_like(v) for v in self.value]

    def forward(self, x):
        self.x = x
        return x @ self.value[0] + self.value[1]

    def backward(self, d):
        self.grad[0] += self.x.T @ d
        self.grad[1] += d.sum(axis=0, keepdims=True)
        return d @ self.value[0].T


class Relu:
    def forward(self, x):
        self.on = x > 0
        return np.where(self.on, x, 0.0)

    def backward(self, d):
        return d * self.on


class Skip:
    def __init__(self, *inside):
        self.inside = inside

    def forward(self, x):
        y = x
        for part in self.inside:
            y = part.forward(y)
        return x + y

    def backward(self, d):
        back = d
        for part in reversed(self.inside):
            back = part.backward(back)
        return d + back


class Net:
    def __init__(self, seed):
        rng = np.random.default_rng(seed)
        self.rng = rng
        self.dense = [Dense(49, 32, rng), Dense(32, 32, rng, 0.5), Dense(32, 10, rng, 1.0)]
        self.parts = [self.dense[0], Relu(), Skip(self.dense[1], Relu()), self.dense[2]]

    def scores(self, x):
        for part in self.parts:
            x = part.forward(x)
        return x

    def zero(self):
        for d in self.dense:
            for g in d.grad:
                g.fill(0.0)

    def step(self, x, y, lr=0.1):
        s = self.scores(x)
        e = np.exp(s - s.max(1, keepdims=True))
        d = e / e.sum(1, keepdims=True)
        d[np.arange(len(y)), y] -= 1.0
        d /= len(y)
        self.zero()
        for part in reversed(self.parts):
            d = part.backward(d)
        for layer in self.dense:
            for v, g in zip(layer.value, layer.grad):
                v -= lr * g

    def train(self, x, y, epochs=8):
        for _ in range(epochs):
            p = self.rng.permutation(len(x))
            for i in range(0, len(x) - 19, 20):
                self.step(x[p[i:i + 20]], y[p[i:i + 20]])

    def accuracy(self, x, y):
        return (self.scores(x).argmax(-1) == y).mean()

    def loss(self, x, y):
        s = self.scores(x)
        top = s.max(1, keepdims=True)
        return float(np.mean(np.log(np.exp(s - top).sum(1)) + top[:, 0] - s[np.arange(len(y)), y]))


def wire(images, labels, images_test, labels_test, seed):
    x, x_test = (i.reshape(len(i), -1) / 127.5 - 1 for i in (images, images_test))
    y, y_test = labels.astype(int), labels_test.astype(int)
    net = Net(seed)
    return dict(
        predict=net.scores, x=x, targets=y, x_test=x_test, labels_test=y_test,
        parameters=lambda: [v for d in net.dense for v in d.value],
        step=net.step, train=net.train, loss=net.loss, accuracy=net.accuracy,
        raw=(images, labels, images_test, labels_test), learning_rate=0.1, batch_size=20, updates=8 * 75,
    )
