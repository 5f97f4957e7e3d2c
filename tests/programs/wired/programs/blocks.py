"""Layers as objects with forward, backward and update; rows; mini-batches; momentum."""

import numpy as np


class Dense:
    def __init__(self, rng, n_in, n_out):
        self.weight = rng.normal(size=(n_in, n_out)) * np.sqrt(2 / n_in)
        self.bias = np.zeros(n_out)
        self.speed = [np.zeros_like(self.weight), np.zeros_like(self.bias)]

    def forward(self, x):
        self.inputs = x
        return x @ self.weight + self.bias

    def backward(self, grad):
        self.grad_weight = self.inputs.T @ grad
        self.grad_bias = grad.sum(axis=0)
        return grad @ self.weight.T

    def update(self, rate, momentum):
        self.speed[0] = momentum * self.speed[0] - rate * self.grad_weight
        self.speed[1] = momentum * self.speed[1] - rate * self.grad_bias
        self.weight += self.speed[0]
        self.bias += self.speed[1]


class Relu:
    def forward(self, z):
        self.mask = z > 0
        return z * self.mask

    def backward(self, grad):
        return grad * self.mask


class Model:
    def __init__(self, seed):
        rng = np.random.default_rng(seed)
        self.rng = rng
        self.layers = [Dense(rng, 49, 32), Relu(), Dense(rng, 32, 24), Relu(), Dense(rng, 24, 10)]

    def dense(self):
        return [layer for layer in self.layers if isinstance(layer, Dense)]

    def scores(self, x):
        for layer in self.layers:
            x = layer.forward(x)
        return x

    def probabilities(self, x):
        z = self.scores(x)
        e = np.exp(z - z.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)

    def train_batch(self, x, y, rate=0.05, momentum=0.9):
        grad = (self.probabilities(x) - y) / len(x)
        for layer in reversed(self.layers):
            grad = layer.backward(grad)
        for layer in self.dense():
            layer.update(rate, momentum)

    def fit(self, x, y, epochs=5, size=20):
        for epoch in range(epochs):
            order = self.rng.permutation(len(x))
            for start in range(0, len(x), size):
                chosen = order[start : start + size]
                self.train_batch(x[chosen], y[chosen])

    def evaluate(self, x, labels):
        hits = 0
        for start in range(0, len(x), 50):
            guess = self.probabilities(x[start : start + 50]).argmax(axis=1)
            hits += np.sum(guess == labels[start : start + 50])
        return hits / len(x)


def prepare(images):
    return images.reshape(len(images), -1) / 255.0


def one_hot(labels):
    return np.eye(10)[labels]


def wire(images, labels, images_test, labels_test, seed):
    x, x_test = prepare(images), prepare(images_test)
    y = one_hot(labels)
    model = Model(seed)
    return {
        "predict": model.probabilities,
        "x": x,
        "targets": y,
        "x_test": x_test,
        "labels_test": labels_test,
        "parameters": lambda: [array for layer in model.dense() for array in (layer.weight, layer.bias)],
        "step": model.train_batch,
        "train": model.fit,
        "accuracy": model.evaluate,
        "raw": (images, labels, images_test, labels_test),
        "learning_rate": 0.05,
        "batch_size": 20,
        "updates": 375,
    }
