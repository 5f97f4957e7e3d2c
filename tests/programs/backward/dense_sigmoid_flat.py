import numpy as np

rng = np.random.RandomState(1)
X = rng.rand(40, 6)
Y = (X[:, :3].sum(axis=1, keepdims=True) > X[:, 3:].sum(axis=1, keepdims=True)).astype(float)

W1 = rng.randn(6, 8) * 0.5
b1 = np.zeros((1, 8)) + 0.1
W2 = rng.randn(8, 1) * 0.5
b2 = np.zeros((1, 1))


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


for epoch in range(6):
    z1 = X.dot(W1) + b1
    a1 = sigmoid(z1)
    z2 = a1.dot(W2) + b2
    a2 = sigmoid(z2)
    loss = 0.5 * np.sum((a2 - Y) ** 2)
    # --- backward
    error = a2 - Y
    delta2 = error * a2 * (1 - a2)
    dW2 = a1.T.dot(delta2)
    db2 = np.sum(delta2, axis=0, keepdims=True)
    back = delta2.dot(W2.T)
    delta1 = back * a1 * (1 - a1)
    dW1 = X.T.dot(delta1)
    db1 = np.sum(delta1, axis=0, keepdims=True)
    # --- update
    W1 -= 0.1 * dW1
    b1 -= 0.1 * db1
    W2 -= 0.1 * dW2
    b2 -= 0.1 * db2
    print(epoch, loss)
