"""Digits with inverted dropout in the hidden layer while it learns, softmax, plain descent; modules with forward/backward."""

import numpy as np


class Affine:
    def __init__(self, n_in, n_out, rng):
        self.W, self.b = rng.normal(0, np.sqrt(2.0 / n_in), (n_in, n_out)), np.zeros(n_out)

    def forward(self, x, learning):
        self.x = x
        return x @ self.W + self.b

    def backward(self, g, lr):
        back = g @ self.W.T
        self.W -= lr * (self.x.T @ g)
        self.b -= lr * g.sum(axis=0)
        return back


class Rectify:
    def forward(self, x, learning):
        self.on = x > 0
        return x * self.on

    def backward(self, g, lr):
        return g * self.on


class Dropout:
    def __init__(self, keep, rng):
        self.keep, self.rng = keep, rng

    def forward(self, x, learning):
        self.mask = (self.rng.random(x.shape) < self.keep) / self.keep if learning else 1.0
        return x * self.mask

    def backward(self, g, lr):
        return g * self.mask


class Model:
    def __init__(self, n_in, seed):
        self.rng = np.random.default_rng(seed)
        self.parts = [Affine(n_in, 64, self.rng), Rectify(), Dropout(0.8, self.rng), Affine(64, 10, self.rng)]

    def forward(self, x, learning=False):
        for part in self.parts:
            x = part.forward(x, learning)
        e = np.exp(x - x.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)

    def learn(self, x, onehot, lr=0.1):
        g = (self.forward(x, True) - onehot) / len(x)
        for part in reversed(self.parts):
            g = part.backward(g, lr)

    def fit(self, x, onehot, epochs=10, size=20):
        for _ in range(epochs):
            order = self.rng.permutation(len(x))
            for i in range(0, len(x) - size + 1, size):
                rows = order[i:i + size]
                self.learn(x[rows], onehot[rows])

    def loss(self, x, onehot):
        return float(-np.log((self.forward(x) * onehot).sum(axis=1) + 1e-12).mean())

    def accuracy(self, x, labels):
        hits = 0
        for i in range(0, len(x), 100):
            hits += int((self.forward(x[i:i + 100]).argmax(axis=1) == labels[i:i + 100]).sum())
        return hits / len(x)


def wire(images, labels, images_test, labels_test, seed):
    x, x_test = (i.reshape(len(i), -1) / 255.0 for i in (images, images_test))
    model = Model(x.shape[1], seed)
    first, last = model.parts[0], model.parts[-1]
    return dict(
        predict=model.forward, x=x, targets=np.eye(10)[labels], x_test=x_test, labels_test=labels_test,
        parameters=lambda: [first.W, first.b, last.W, last.b], step=model.learn, train=model.fit, loss=model.loss,
        accuracy=model.accuracy, learning_rate=0.1, batch_size=20, updates=10 * 75,
    )
