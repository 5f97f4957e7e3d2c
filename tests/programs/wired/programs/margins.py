"""Digits by the multi-class hinge loss: softplus and leaky units in layer objects, AdaGrad, integer labels."""

import numpy as np


class Softplus:
    def __call__(self, z):
        self.z = z
        return np.log1p(np.exp(-np.abs(z))) + np.maximum(z, 0)

    def grad(self, g):
        return g / (1 + np.exp(-self.z))


class Linear:
    def __init__(self, n_in, n_out, rng):
        self.theta = rng.standard_normal((n_in + 1, n_out)) / np.sqrt(n_in)
        self.theta[-1] = 0.0
        self.seen = np.zeros_like(self.theta)

    def __call__(self, x):
        self.x = np.hstack([x, np.ones((x.shape[0], 1))])
        return self.x @ self.theta

    def grad(self, g):
        self.g = self.x.T @ g
        return g @ self.theta[:-1].T

    def move(self, eta):
        self.seen += self.g ** 2
        self.theta -= eta * self.g / (np.sqrt(self.seen) + 1e-8)


class HingeNet:
    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)
        self.stack = [Linear(49, 40, self.rng), Softplus(), Linear(40, 10, self.rng)]

    def scores(self, x):
        for part in self.stack:
            x = part(x)
        return x

    def loss(self, x, labels):
        s = self.scores(x)
        rows = np.arange(len(x))
        margin = np.maximum(0, s - s[rows, labels][:, None] + 1)
        margin[rows, labels] = 0
        return margin.sum(1).mean()

    def teach(self, x, labels, eta=0.05):
        s = self.scores(x)
        rows = np.arange(len(x))
        margin = s - s[rows, labels][:, None] + 1
        g = (margin > 0).astype(float)
        g[rows, labels] = 0
        g[rows, labels] = -g.sum(1)
        g /= len(x)
        for part in reversed(self.stack):
            g = part.grad(g)
        for part in self.stack:
            if isinstance(part, Linear):
                part.move(eta)

    def fit(self, x, labels, epochs=10, size=25):
        for epoch in range(epochs):
            order = self.rng.permutation(len(x))
            for start in range(0, len(order), size):
                take = order[start:start + size]
                self.teach(x[take], labels[take])

    def accuracy(self, x, labels):
        return float((self.scores(x).argmax(1) == labels).mean())


def pixels(images):
    return (images.reshape(len(images), -1) - 128.0) / 128.0


def wire(images, labels, images_test, labels_test, seed):
    x, x_test = pixels(images), pixels(images_test)
    y, y_test = labels.astype(int), labels_test.astype(int)
    net = HingeNet(seed)
    return dict(
        predict=net.scores, x=x, targets=y, x_test=x_test, labels_test=y_test,
        parameters=lambda: [part.theta for part in net.stack if isinstance(part, Linear)],
        step=net.teach, train=net.fit, loss=net.loss, accuracy=net.accuracy,
        raw=(images, labels, images_test, labels_test),
        learning_rate=0.05, batch_size=25, updates=10 * (len(x) // 25),
    )
