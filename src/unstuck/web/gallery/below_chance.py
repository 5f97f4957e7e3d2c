"""Sigmoid units, momentum, columns for examples. The loss climbs to its limit and stays there."""

import numpy as np

import unstuck

SIZES = [784, 24, 10]
RATE, MOMENTUM, BATCH, UPDATES = 0.3, 0.8, 20, 600


def squash(z):
    return 1 / (1 + np.exp(z))


class Layer:
    def __init__(self, n_in, n_out, random):
        self.w = random.standard_normal((n_out, n_in)) / np.sqrt(n_in)
        self.b = np.zeros((n_out, 1))
        self.w_speed, self.b_speed = np.zeros_like(self.w), np.zeros_like(self.b)

    def forward(self, a):
        self.seen = a
        self.said = squash(self.w @ a + self.b)
        return self.said

    def backward(self, error):
        """Takes dE/d(what was said), returns dE/d(what was seen)."""
        delta = error * self.said * (1 - self.said)
        below = self.w.T @ delta
        n = delta.shape[1]
        self.w_speed = MOMENTUM * self.w_speed - RATE * delta @ self.seen.T / n
        self.b_speed = MOMENTUM * self.b_speed - RATE * delta.mean(axis=1, keepdims=True)
        self.w += self.w_speed
        self.b += self.b_speed
        return below


class Net:
    def __init__(self, seed):
        random = np.random.default_rng(seed)
        self.layers = [Layer(n, m, random) for n, m in zip(SIZES, SIZES[1:])]

    def answer(self, columns):
        for layer in self.layers:
            columns = layer.forward(columns)
        return columns

    def learn(self, columns, wanted):
        error = self.answer(columns) - wanted
        for layer in reversed(self.layers):
            error = layer.backward(error)

    def score(self, columns, labels):
        return np.mean(self.answer(columns).argmax(axis=0) == labels)


def digits():
    mnist = unstuck.load_mnist()
    x, x_test = mnist.images_train[:3000].T / 255, mnist.images_test[:1000].T / 255
    return x, mnist.y_train[:3000], x_test, mnist.y_test[:1000]


def training(seed=0):
    x, labels, x_test, labels_test = digits()
    wanted = np.eye(10)[:, labels]
    net = Net(seed)
    for update in range(1, UPDATES + 1):
        columns = np.arange(update * BATCH, (update + 1) * BATCH) % len(labels)
        net.learn(x[:, columns], wanted[:, columns])
        if update % 30 == 0:
            yield update, np.mean(np.sum((net.answer(x) - wanted) ** 2, axis=0)) / 2, net.score(x_test, labels_test)


def build(seed):
    x, labels, x_test, labels_test = digits()
    net = Net(seed)
    return unstuck.Case(
        predict=lambda rows: net.answer(rows.T).T,
        x=x.T,
        targets=np.eye(10)[labels],
        x_test=x_test.T,
        labels_test=labels_test,
        parameters=lambda: [array for layer in net.layers for array in (layer.w, layer.b)],
        step=lambda rows, targets: net.learn(rows.T, targets.T),
        accuracy=lambda rows, labels: net.score(rows.T, labels),
        build=build,
        learning_rate=RATE,
        batch_size=BATCH,
        updates=UPDATES,
    )
