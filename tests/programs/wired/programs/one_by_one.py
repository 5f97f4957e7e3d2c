"""Every example by itself, vectors and outer products, biases folded into the weights; sigmoids, cross-entropy."""

import math

import numpy as np


def squash(v):
    return 1 / (1 + np.exp(-v))


class Perceptrons:
    def __init__(self, seed, n_hidden=25, eta=0.1):
        self.random = np.random.RandomState(seed)
        self.eta = eta
        self.inner = self.random.uniform(-1, 1, (n_hidden, 50)) / math.sqrt(50)
        self.outer = self.random.uniform(-1, 1, (10, n_hidden + 1)) / math.sqrt(n_hidden)

    def run(self, image):
        self.seen = np.append(image, 1.0)
        self.hidden = np.append(squash(self.inner @ self.seen), 1.0)
        self.answer = squash(self.outer @ self.hidden)
        return self.answer

    def learn(self, image, wanted):
        self.run(image)
        error = wanted - self.answer
        blame = (self.outer.T @ error)[:-1] * self.hidden[:-1] * (1 - self.hidden[:-1])
        self.outer += self.eta * np.outer(error, self.hidden)
        self.inner += self.eta * np.outer(blame, self.seen)

    def study(self, images, targets, rounds=5):
        for _ in range(rounds):
            for i in self.random.permutation(len(images)):
                self.learn(images[i], targets[i])

    def count(self, images, labels):
        good = 0
        for image, label in zip(images, labels):
            if np.argmax(self.run(image)) == label:
                good += 1
        return 100.0 * good / len(labels)


def scale(images):
    return np.array([image.flatten() / 255 * 0.98 + 0.01 for image in images])


def wire(images, labels, images_test, labels_test, seed):
    x, x_test = scale(images), scale(images_test)
    targets = np.full((len(labels), 10), 0.01)
    targets[np.arange(len(labels)), labels] = 0.99
    net = Perceptrons(seed)

    def step(x, t):
        for image, wanted in zip(x, t):
            net.learn(image, wanted)

    return {
        "predict": lambda x: np.array([net.run(image) for image in x]),
        "x": x,
        "targets": targets,
        "x_test": x_test,
        "labels_test": labels_test.astype(int),
        "parameters": lambda: [net.inner, net.outer],
        "step": step,
        "train": net.study,
        "accuracy": net.count,
        "raw": (images, labels, images_test, labels_test),
        "learning_rate": 0.1,
        "batch_size": 1,
        "updates": 7500,
    }
