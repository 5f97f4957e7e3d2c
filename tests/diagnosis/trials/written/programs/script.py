# ruff: noqa
import numpy as np

learning_rate = 0.3
batch_size = 20
W1 = b1 = W2 = b2 = None


def init():
    global W1, b1, W2, b2
    W1 = np.random.randn(49, 24) * np.sqrt(2 / 49)
    b1 = np.zeros((1, 24))
    W2 = np.random.randn(24, 10) * np.sqrt(2 / 24)
    b2 = np.zeros((1, 10))


def relu(z):
    return np.maximum(0, z)


def relu_derivative(z):
    return (z > 0).astype(float)


def softmax(z):
    e = np.exp(z - np.max(z, axis=1, keepdims=True))
    return e / np.sum(e, axis=1, keepdims=True)


def forward(X):
    z1 = X @ W1 + b1
    a1 = relu(z1)
    z2 = a1 @ W2 + b2
    return z1, a1, softmax(z2)


def cross_entropy(p, y):
    return -np.mean(np.log(p[np.arange(len(y)), y] + 1e-9))


def update(X, y):
    global W1, b1, W2, b2
    m = X.shape[0]
    z1, a1, p = forward(X)
    dz2 = p.copy()
    dz2[np.arange(m), y] -= 1
    dz2 /= m
    dW2 = a1.T @ dz2
    db2 = np.sum(dz2, axis=0, keepdims=True)
    dz1 = (dz2 @ W2.T) * relu_derivative(z1)
    dW1 = X.T @ dz1
    db1 = np.sum(dz1, axis=0, keepdims=True)
    W1 = W1 - learning_rate * dW1
    b1 = b1 - learning_rate * db1
    W2 = W2 - learning_rate * dW2
    b2 = b2 - learning_rate * db2


def train(X, y, epochs=8):
    for epoch in range(epochs):
        order = np.random.permutation(len(X))
        for i in range(0, len(X), batch_size):
            update(X[order[i : i + batch_size]], y[order[i : i + batch_size]])


def accuracy(X, y):
    return np.mean(np.argmax(forward(X)[2], axis=1) == y)


def wire(images, labels, images_test, labels_test, seed):
    np.random.seed(seed)
    init()
    X = images.reshape(len(images), -1) / 255
    X_test = images_test.reshape(len(images_test), -1) / 255
    return dict(
        predict=lambda x: forward(x)[2],
        x=X,
        targets=labels.astype(int),
        x_test=X_test,
        labels_test=labels_test.astype(int),
        parameters=lambda: [W1, b1, W2, b2],
        step=update,
        loss=lambda x, y: cross_entropy(forward(x)[2], y),
        train=train,
        accuracy=accuracy,
        raw=(images, labels),
        learning_rate=learning_rate,
        batch_size=batch_size,
        updates=8 * -(-len(X) // batch_size),
    )
