"""Sigmoid units and squared error. The loss settles at once, and about one answer in ten is right."""

import numpy as np

import unstuck

RATE, BATCH, EPOCHS = 2.0, 10, 4


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


class Network:
    def __init__(self, seed):
        random = np.random.default_rng(seed)
        self.weights = [random.normal(0, n**-0.5, (n, m)) for n, m in ((784, 30), (30, 10))]
        self.biases = [np.zeros(30), np.zeros(10)]

    def forward(self, x):
        activations = [x]
        for weights, biases in zip(self.weights, self.biases):
            activations.append(sigmoid(activations[-1] @ weights + biases))
        return activations

    def step(self, x, targets):
        inputs, hidden, output = self.forward(x)
        output_delta = (output - targets) * output * (1 - output) / len(x)
        hidden_delta = output_delta @ self.weights[1].T * hidden * (1 - hidden)
        for i, (below, delta) in enumerate(((inputs, hidden_delta), (hidden, output_delta))):
            self.weights[i] -= RATE * below.T @ delta
            self.biases[i] -= RATE * delta.sum(axis=0)

    def accuracy(self, x, labels):
        return np.mean(self.forward(x)[-1].argmax(axis=1) == labels)


def read():
    mnist = unstuck.load_mnist()
    return (
        mnist.images_train[:3000] / 255,
        mnist.y_train[:3000].copy(),
        mnist.images_test[:1000] / 255,
        mnist.y_test[:1000],
    )


def prepare():
    images, labels, test_images, test_labels = read()
    random = np.random.default_rng(1)
    random.shuffle(images)
    random.shuffle(labels)
    return images, labels, test_images, test_labels


def training(seed=0):
    images, labels, test_images, test_labels = prepare()
    targets = np.eye(10)[labels]
    network = Network(seed)
    for epoch in range(EPOCHS):
        for start in range(0, len(images), BATCH):
            network.step(images[start : start + BATCH], targets[start : start + BATCH])
            updates = epoch * len(images) // BATCH + start // BATCH + 1
            if updates % 60 == 0:
                loss = np.mean(np.sum((network.forward(images)[-1] - targets) ** 2, axis=1)) / 2
                yield updates, loss, network.accuracy(test_images, test_labels)


def build(seed):
    images, labels, test_images, test_labels = prepare()
    network = Network(seed)
    return unstuck.Case(
        predict=lambda x: network.forward(x)[-1],
        x=images,
        targets=np.eye(10)[labels],
        x_test=test_images,
        labels_test=test_labels,
        parameters=lambda: network.weights + network.biases,
        step=network.step,
        accuracy=network.accuracy,
        build=build,
        raw=read(),
        learning_rate=RATE,
        batch_size=BATCH,
        updates=EPOCHS * len(images) // BATCH,
    )
