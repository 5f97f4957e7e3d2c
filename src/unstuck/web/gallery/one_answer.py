"""Sigmoid units and cross-entropy. Every image gets the same answer, and more updates change nothing."""

import numpy as np

import unstuck

RATE, BATCH, UPDATES = 0.5, 50, 600


def draw_weights(n_in, n_out, random):
    return random.random((n_in, n_out))


def start(seed):
    random = np.random.default_rng(seed)
    return [draw_weights(784, 40, random), np.zeros(40), draw_weights(40, 10, random), np.zeros(10)]


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def forward(parameters, x):
    W1, b1, W2, b2 = parameters
    hidden = sigmoid(x @ W1 + b1)
    return hidden, sigmoid(hidden @ W2 + b2)


def gradients(parameters, x, t):
    hidden, output = forward(parameters, x)
    output_delta = (output - t) / len(x)
    hidden_delta = output_delta @ parameters[2].T * hidden * (1 - hidden)
    return [x.T @ hidden_delta, hidden_delta.sum(axis=0), hidden.T @ output_delta, output_delta.sum(axis=0)]


def step(parameters, x, t):
    for parameter, gradient in zip(parameters, gradients(parameters, x, t)):
        parameter -= RATE * gradient


def loss(parameters, x, t):
    output = np.clip(forward(parameters, x)[1], 1e-12, 1 - 1e-12)
    return -np.mean(np.sum(t * np.log(output) + (1 - t) * np.log(1 - output), axis=1))


def accuracy(parameters, x, labels):
    return np.mean(forward(parameters, x)[1].argmax(axis=1) == labels)


def load():
    mnist = unstuck.load_mnist()
    return mnist.images_train[:3000] / 255, mnist.y_train[:3000], mnist.images_test[:1000] / 255, mnist.y_test[:1000]


def training(seed=0):
    x, labels, x_test, labels_test = load()
    t = np.eye(10)[labels]
    parameters = start(seed)
    for update in range(1, UPDATES + 1):
        rows = np.arange(update * BATCH, (update + 1) * BATCH) % len(x)
        step(parameters, x[rows], t[rows])
        if update % 30 == 0:
            yield update, loss(parameters, x, t), accuracy(parameters, x_test, labels_test)


def build(seed):
    x, labels, x_test, labels_test = load()
    parameters = start(seed)
    return unstuck.Case(
        predict=lambda x: forward(parameters, x)[1],
        x=x,
        targets=np.eye(10)[labels],
        x_test=x_test,
        labels_test=labels_test,
        parameters=lambda: parameters,
        step=lambda x, t: step(parameters, x, t),
        gradients=lambda x, t: gradients(parameters, x, t),
        loss=lambda x, t: loss(parameters, x, t),
        accuracy=lambda x, labels: accuracy(parameters, x, labels),
        build=build,
        learning_rate=RATE,
        batch_size=BATCH,
        updates=UPDATES,
    )
