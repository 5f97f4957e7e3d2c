# ruff: noqa
import random

import numpy as np


class Network:
    def __init__(self, sizes):
        self.num_layers = len(sizes)
        self.biases = [np.random.randn(y, 1) for y in sizes[1:]]
        self.weights = [np.random.randn(y, x) for x, y in zip(sizes[:-1], sizes[1:])]

    def feedforward(self, a):
        for b, w in zip(self.biases, self.weights):
            a = sigmoid(np.dot(w, a) + b)
        return a

    def SGD(self, training_data, epochs, mini_batch_size, eta):
        for _ in range(epochs):
            random.shuffle(training_data)
            for k in range(0, len(training_data), mini_batch_size):
                self.update_mini_batch(training_data[k : k + mini_batch_size], eta)

    def update_mini_batch(self, mini_batch, eta):
        nabla_b = [np.zeros(b.shape) for b in self.biases]
        nabla_w = [np.zeros(w.shape) for w in self.weights]
        for x, y in mini_batch:
            delta_nabla_b, delta_nabla_w = self.backprop(x, y)
            nabla_b = [nb + dnb for nb, dnb in zip(nabla_b, delta_nabla_b)]
            nabla_w = [nw + dnw for nw, dnw in zip(nabla_w, delta_nabla_w)]
        self.weights = [w - (eta / len(mini_batch)) * nw for w, nw in zip(self.weights, nabla_w)]
        self.biases = [b - (eta / len(mini_batch)) * nb for b, nb in zip(self.biases, nabla_b)]

    def backprop(self, x, y):
        nabla_b = [np.zeros(b.shape) for b in self.biases]
        nabla_w = [np.zeros(w.shape) for w in self.weights]
        activation = x
        activations = [x]
        zs = []
        for b, w in zip(self.biases, self.weights):
            z = np.dot(w, activation) + b
            zs.append(z)
            activation = sigmoid(z)
            activations.append(activation)
        delta = (activations[-1] - y) * sigmoid_prime(zs[-1])
        nabla_b[-1] = delta
        nabla_w[-1] = np.dot(delta, activations[-2].T)
        for l in range(2, self.num_layers):
            sp = sigmoid_prime(zs[-l])
            delta = np.dot(self.weights[-l + 1].T, delta) * sp
            nabla_b[-l] = delta
            nabla_w[-l] = np.dot(delta, activations[-l - 1].T)
        return nabla_b, nabla_w

    def evaluate(self, test_data):
        return sum(int(np.argmax(self.feedforward(x)) == y) for x, y in test_data) / len(test_data)


def sigmoid(z):
    return 1.0 / (1.0 + np.exp(-z))


def sigmoid_prime(z):
    return sigmoid(z) * (1 - sigmoid(z))


def vectorized_result(j):
    e = np.zeros((10, 1))
    e[j] = 1.0
    return e


def column_pairs(images, labels):
    return [(x.reshape(-1, 1) / 255.0, vectorized_result(y)) for x, y in zip(images, labels)]


def build(seed):
    random.seed(seed)
    np.random.seed(seed)
    return Network([49, 20, 16, 10])


def wire(images, labels, images_test, labels_test, seed):
    net = build(seed)
    training = column_pairs(images, labels)
    test = column_pairs(images_test, labels_test)

    def pairs(x, y):
        return [(a.reshape(-1, 1), t.reshape(-1, 1)) for a, t in zip(x, y)]

    return dict(
        predict=lambda x: net.feedforward(x.T).T,
        x=np.hstack([x for x, y in training]).T,
        targets=np.hstack([y for x, y in training]).T,
        labels=labels,
        x_test=np.hstack([x for x, y in test]).T,
        labels_test=labels_test,
        parameters=lambda: net.weights + net.biases,
        step=lambda x, y: net.update_mini_batch(pairs(x, y), 3.0),
        train=lambda x, y: net.SGD(pairs(x, y), 15, 10, 3.0),
        accuracy=lambda x, labels: net.evaluate([(a.reshape(-1, 1), y) for a, y in zip(x, labels)]),
        learning_rate=3.0,
        batch_size=10,
        updates=15 * len(images) // 10,
    )
