"""ReLU and softmax, all examples in every update. The accuracy rises a little and falls back to 10 %."""

import numpy as np

import unstuck

HIDDEN = 16
RATE = 0.08
UPDATES = 200


def relu(z):
    return np.maximum(0, z)


def softmax(z):
    e = np.exp(z)
    return e / e.sum()


def start(seed):
    draw = np.random.default_rng(seed).normal
    return {
        "W1": draw(0, 0.02, (784, HIDDEN)),
        "b1": np.zeros(HIDDEN),
        "W2": draw(0, 0.02, (HIDDEN, 10)),
        "b2": np.zeros(10),
    }


def forward(p, X):
    hidden = relu(X @ p["W1"] + p["b1"])
    return hidden, softmax(hidden @ p["W2"] + p["b2"])


def backward(p, X, Y):
    hidden, probabilities = forward(p, X)
    d_scores = (probabilities - Y) / len(X)
    d_hidden = d_scores @ p["W2"].T * relu(hidden)
    return {
        "W1": X.T @ d_hidden,
        "b1": d_hidden.sum(axis=0),
        "W2": hidden.T @ d_scores,
        "b2": d_scores.sum(axis=0),
    }


def descend(p, X, Y):
    gradients = backward(p, X, Y)
    for name in p:
        p[name] = p[name] - RATE * gradients[name]


def fit(p, X, Y):
    for i in range(UPDATES):
        descend(p, X, Y)
        if i % 50 == 49:
            print(f"update {i + 1}: training accuracy {accuracy(p, X, Y.argmax(axis=1)):.1%}")


def accuracy(p, X, labels):
    return np.mean(forward(p, X)[1].argmax(axis=1) == labels)


def load():
    mnist = unstuck.load_mnist()
    X, X_test = mnist.x_train[:5000].astype(float), mnist.x_test[:2000].astype(float)
    return X, mnist.y_train[:5000], X_test, mnist.y_test[:2000]


def build(seed):
    X, labels, X_test, labels_test = load()
    p = start(seed)
    return unstuck.Case(
        predict=lambda X: forward(p, X)[1],
        x=X,
        targets=np.eye(10)[labels],
        x_test=X_test,
        labels_test=labels_test,
        parameters=lambda: list(p.values()),
        step=lambda X, Y: descend(p, X, Y),
        accuracy=lambda X, labels: accuracy(p, X, labels),
        build=build,
        learning_rate=RATE,
        batch_size=len(X),
        updates=UPDATES,
    )


if __name__ == "__main__":
    X, labels, X_test, labels_test = load()
    p = start(0)
    fit(p, X, np.eye(10)[labels])
    print(f"test accuracy: {accuracy(p, X_test, labels_test):.1%}")
