"""ReLU, sigmoid outputs, squared error. All ten outputs fall to zero, and fewer answers are right than by chance."""

import numpy as np

import unstuck

RATE, BATCH, EPOCHS = 1.0, 25, 5


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def new_network(seed):
    random = np.random.default_rng(seed)
    W1 = random.normal(0, np.sqrt(2 / 784), (784, 32))
    W2 = random.normal(0, np.sqrt(1 / 32), (32, 10))
    return {"W1": W1, "b1": np.zeros(32), "W2": W2, "b2": np.zeros(10)}


def run(net, X):
    hidden = np.maximum(X @ net["W1"] + net["b1"], 0)
    return hidden, sigmoid(hidden @ net["W2"] + net["b2"])


def error(output, T):
    return 0.5 * (output - T) ** 2


def learn(net, X, T):
    hidden, output = run(net, X)
    d_output = error(output, T) * output * (1 - output) / len(X)
    d_hidden = d_output @ net["W2"].T * (hidden > 0)
    net["W2"] -= RATE * hidden.T @ d_output
    net["b2"] -= RATE * d_output.sum(axis=0)
    net["W1"] -= RATE * X.T @ d_hidden
    net["b1"] -= RATE * d_hidden.sum(axis=0)


def right(net, X, labels):
    return np.mean(run(net, X)[1].argmax(axis=1) == labels)


def data():
    mnist = unstuck.load_mnist()
    return mnist.images_train[:3000] / 255, mnist.y_train[:3000], mnist.images_test[:1000] / 255, mnist.y_test[:1000]


def training(seed=0):
    X, labels, X_test, labels_test = data()
    T = np.eye(10)[labels]
    net = new_network(seed)
    updates = 0
    for _ in range(EPOCHS):
        for k in range(0, len(X), BATCH):
            learn(net, X[k : k + BATCH], T[k : k + BATCH])
            updates += 1
            if updates % 30 == 0:
                yield updates, error(run(net, X)[1], T).sum(axis=1).mean(), right(net, X_test, labels_test)


def build(seed):
    X, labels, X_test, labels_test = data()
    net = new_network(seed)
    return unstuck.Case(
        predict=lambda X: run(net, X)[1],
        x=X,
        targets=np.eye(10)[labels],
        x_test=X_test,
        labels_test=labels_test,
        parameters=lambda: list(net.values()),
        step=lambda X, T: learn(net, X, T),
        loss=lambda X, T: error(run(net, X)[1], T).sum(axis=1).mean(),
        accuracy=lambda X, labels: right(net, X, labels),
        build=build,
        learning_rate=RATE,
        batch_size=BATCH,
        updates=EPOCHS * len(X) // BATCH,
    )
