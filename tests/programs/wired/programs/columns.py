"""Functions on a dictionary of matrices, an example a column; tanh, sigmoid outputs, squared error; integer labels."""

import numpy as np

SIZES = [49, 30, 20, 10]


def sigmoid(z):
    return 1.0 / (1.0 + np.exp(-z))


def initialise(seed):
    random = np.random.RandomState(seed)
    net = {}
    for i, (n_in, n_out) in enumerate(zip(SIZES, SIZES[1:]), start=1):
        net[f"W{i}"] = random.randn(n_out, n_in) / np.sqrt(n_in)
        net[f"b{i}"] = np.zeros((n_out, 1))
    return net


def forward(net, X):
    a1 = np.tanh(net["W1"] @ X + net["b1"])
    a2 = np.tanh(net["W2"] @ a1 + net["b2"])
    a3 = sigmoid(net["W3"] @ a2 + net["b3"])
    return a1, a2, a3


def gradients(net, X, T):
    m = X.shape[1]
    a1, a2, a3 = forward(net, X)
    d3 = (a3 - T) * a3 * (1 - a3)
    d2 = (net["W3"].T @ d3) * (1 - a2**2)
    d1 = (net["W2"].T @ d2) * (1 - a1**2)
    return {
        "W3": d3 @ a2.T / m,
        "b3": d3.mean(axis=1, keepdims=True),
        "W2": d2 @ a1.T / m,
        "b2": d2.mean(axis=1, keepdims=True),
        "W1": d1 @ X.T / m,
        "b1": d1.mean(axis=1, keepdims=True),
    }


def encode(labels):
    T = np.zeros((10, len(labels)))
    T[labels, np.arange(len(labels))] = 1
    return T


def descend(net, X, labels, rate):
    grads = gradients(net, X, encode(labels))
    for name in net:
        net[name] -= rate * grads[name]


def train(net, X, labels, rate=2.0, epochs=12, size=10):
    random = np.random.RandomState(1)
    for _ in range(epochs):
        order = random.permutation(X.shape[1])
        for i in range(0, len(order), size):
            batch = order[i : i + size]
            descend(net, X[:, batch], labels[batch], rate)


def accuracy(net, X, labels):
    guess = forward(net, X)[-1].argmax(axis=0)
    return float(np.mean(guess == labels))


def load(images):
    return images.reshape(len(images), -1).T.astype(float) / 255


def wire(images, labels, images_test, labels_test, seed):
    X, X_test = load(images), load(images_test)
    y = labels.astype(int)
    net = initialise(seed)
    return {
        "predict": lambda x: forward(net, x.T)[-1].T,
        "x": X.T,
        "targets": y,
        "x_test": X_test.T,
        "labels_test": labels_test.astype(int),
        "parameters": lambda: [net[name] for name in sorted(net)],
        "step": lambda x, t: descend(net, x.T, t, 2.0),
        "train": lambda x, t: train(net, x.T, t),
        "accuracy": lambda x, t: accuracy(net, x.T, t),
        "raw": (images, labels, images_test, labels_test),
        "learning_rate": 2.0,
        "batch_size": 10,
        "updates": 1800,
    }
