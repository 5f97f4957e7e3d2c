"""A list of (column, column) pairs as in the book: sigmoid, cross-entropy, gradients added up example by example."""

import random

import numpy as np


def sigmoid(z):
    return 1.0 / (1.0 + np.exp(-z))


class Book:
    def __init__(self, sizes):
        self.num_layers = len(sizes)
        self.biases = [np.random.randn(y, 1) for y in sizes[1:]]
        self.weights = [np.random.randn(y, x) / np.sqrt(x) for x, y in zip(sizes[:-1], sizes[1:])]

    def feedforward(self, a):
        for b, w in zip(self.biases, self.weights):
            a = sigmoid(np.dot(w, a) + b)
        return a

    def sgd(self, data, epochs, size, eta, lmbda):
        data = list(data)
        n = len(data)
        for j in range(epochs):
            random.shuffle(data)
            for k in range(0, n, size):
                self.update(data[k:k + size], eta, lmbda, n)

    def update(self, batch, eta, lmbda, n):
        nabla_b = [np.zeros(b.shape) for b in self.biases]
        nabla_w = [np.zeros(w.shape) for w in self.weights]
        for x, y in batch:
            delta_b, delta_w = self.backprop(x, y)
            nabla_b = [nb + dnb for nb, dnb in zip(nabla_b, delta_b)]
            nabla_w = [nw + dnw for nw, dnw in zip(nabla_w, delta_w)]
        self.weights = [(1 - eta * (lmbda / n)) * w - (eta / len(batch)) * nw for w, nw in zip(self.weights, nabla_w)]
        self.biases = [b - (eta / len(batch)) * nb for b, nb in zip(self.biases, nabla_b)]

    def backprop(self, x, y):
        nabla_b = [None] * len(self.biases)
        nabla_w = [None] * len(self.weights)
        activation, activations, zs = x, [x], []
        for b, w in zip(self.biases, self.weights):
            z = np.dot(w, activation) + b
            zs.append(z)
            activation = sigmoid(z)
            activations.append(activation)
        delta = activations[-1] - y
        nabla_b[-1] = delta
        nabla_w[-1] = np.dot(delta, activations[-2].T)
        for l in range(2, self.num_layers):
            sp = sigmoid(zs[-l]) * (1 - sigmoid(zs[-l]))
            delta = np.dot(self.weights[-l + 1].T, delta) * sp
            nabla_b[-l] = delta
            nabla_w[-l] = np.dot(delta, activations[-l - 1].T)
        return nabla_b, nabla_w

    def evaluate(self, data):
        return sum(int(np.argmax(self.feedforward(x)) == y) for x, y in data)


def vector(j):
    e = np.zeros((10, 1))
    e[j] = 1.0
    return e


def columns(images):
    return [(image.reshape(-1, 1) / 255.0) for image in images]


def wire(images, labels, images_test, labels_test, seed):
    np.random.seed(seed)
    random.seed(seed)
    x = np.hstack(columns(images)).T
    x_test = np.hstack(columns(images_test)).T
    net = Book([x.shape[1], 24, 10])
    pair = lambda x, t: [(a[:, None], vector(int(b))) for a, b in zip(x, t)]
    return dict(
        predict=lambda x: np.hstack([net.feedforward(a[:, None]) for a in x]).T,
        x=x, targets=labels.astype(int), x_test=x_test, labels_test=labels_test.astype(int),
        parameters=lambda: net.weights + net.biases,
        step=lambda x, t: net.update(pair(x, t), 0.5, 0.1, 1500),
        train=lambda x, t: net.sgd(pair(x, t), 6, 10, 0.5, 0.1),
        accuracy=lambda x, t: net.evaluate([(a[:, None], b) for a, b in zip(x, t)]),
        raw=(images, labels, images_test, labels_test), learning_rate=0.5, batch_size=10,
    )
