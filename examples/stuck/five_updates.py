"""Sigmoid network with two small hidden layers. The gradient was checked and is right, yet the accuracy stays near 10 %."""

import numpy as np

import unstuck

SIZES = [784, 6, 6, 10]
RATE = 1.5
DECAY = 0.5
PASSES = 5


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def first_weights(seed):
    """One array per layer; the last row holds the biases."""
    random = np.random.default_rng(seed)
    return [0.01 * random.random((m + 1, n)) for m, n in zip(SIZES[:-1], SIZES[1:])]


def with_one(a):
    return np.hstack([a, np.ones((len(a), 1))])


def layers_of(theta, x):
    """The activations of all layers, each with its constant column, but for the output layer."""
    activations = [with_one(x)]
    for w in theta[:-1]:
        activations.append(with_one(sigmoid(activations[-1] @ w)))
    return activations, sigmoid(activations[-1] @ theta[-1])


def loss(theta, x, t):
    output = layers_of(theta, x)[1]
    data_term = -np.sum(t * np.log(output) + (1 - t) * np.log(1 - output))
    return (data_term + DECAY / 2 * sum(np.sum(w[:-1] ** 2) for w in theta)) / len(x)


def gradient(theta, x, t):
    activations, output = layers_of(theta, x)
    delta = output - t
    gradients = []
    for w, a in zip(reversed(theta), reversed(activations)):
        decay = DECAY * w
        decay[-1] = 0
        gradients.insert(0, (a.T @ delta + decay) / len(x))
        delta = (delta @ w.T * a * (1 - a))[:, :-1]
    return gradients


def update(theta, x, t):
    for w, g in zip(theta, gradient(theta, x, t)):
        w -= RATE * g


def learn(theta, x, t):
    for _ in range(PASSES):
        update(theta, x, t)


def share_right(theta, x, labels):
    return np.mean(layers_of(theta, x)[1].argmax(axis=1) == labels)


def digits():
    mnist = unstuck.load_mnist()
    x, x_test = (images / 127.5 - 1 for images in (mnist.images_train[:5000], mnist.images_test[:2000]))
    return x, mnist.y_train[:5000], x_test, mnist.y_test[:2000]


def build(seed):
    x, labels, x_test, labels_test = digits()
    theta = first_weights(seed)
    return unstuck.Case(
        predict=lambda x: layers_of(theta, x)[1],
        x=x,
        targets=np.eye(10)[labels],
        x_test=x_test,
        labels_test=labels_test,
        parameters=lambda: theta,
        step=lambda x, t: update(theta, x, t),
        gradients=lambda x, t: gradient(theta, x, t),
        loss=lambda x, t: loss(theta, x, t),
        accuracy=lambda x, labels: share_right(theta, x, labels),
        build=build,
        learning_rate=RATE,
        batch_size=len(x),
        updates=PASSES,
        l2=DECAY,
    )


if __name__ == "__main__":
    x, labels, x_test, labels_test = digits()
    theta = first_weights(0)
    learn(theta, x, np.eye(10)[labels])
    print(f"test accuracy: {share_right(theta, x_test, labels_test):.1%}")
