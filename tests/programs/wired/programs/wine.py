"""Three wines told apart with tanh outputs and targets of -0.9 and 0.9; examples as columns, Nesterov, weight decay."""

import numpy as np


class Taster:
    lr, mu, decay = 0.05, 0.9, 1e-4

    def __init__(self, n_in, n_hidden, n_out, seed):
        r = np.random.RandomState(seed)
        self.r = r
        self.theta = [r.uniform(-1, 1, (n_hidden, n_in)) * np.sqrt(3.0 / n_in), np.zeros((n_hidden, 1)),
                      r.uniform(-1, 1, (n_out, n_hidden)) * np.sqrt(3.0 / n_hidden), np.zeros((n_out, 1))]
        self.v = [0.0 * t for t in self.theta]

    def gradients(self, X, T):
        W1, b1, W2, b2 = self.theta
        m = X.shape[1]
        A1 = np.tanh(W1.dot(X) + b1)
        A2 = np.tanh(W2.dot(A1) + b2)
        D2 = (A2 - T) * (1 - A2 * A2) / m
        D1 = W2.T.dot(D2) * (1 - A1 * A1)
        return [D1.dot(X.T) + self.decay * W1, D1.sum(1, keepdims=True),
                D2.dot(A1.T) + self.decay * W2, D2.sum(1, keepdims=True)]

    def step(self, x, t):
        for i, g in enumerate(self.gradients(x.T, t.T)):
            previous = self.v[i]
            self.v[i] = self.mu * previous - self.lr * g
            self.theta[i] += (1 + self.mu) * self.v[i] - self.mu * previous

    def answer(self, x):
        W1, b1, W2, b2 = self.theta
        return np.tanh(W2.dot(np.tanh(W1.dot(x.T) + b1)) + b2).T

    def train(self, x, t, epochs=20, size=20):
        for epoch in range(epochs):
            order = np.arange(len(x))
            self.r.shuffle(order)
            for k in range(0, len(order), size):
                chosen = order[k:k + size]
                self.step(x[chosen], t[chosen])

    def half_squares(self, x, t):
        return 0.5 * float(np.mean(np.sum((self.answer(x) - t) ** 2, axis=1)))

    def share_right(self, x, labels):
        return float(np.mean(self.answer(x).argmax(axis=1) == labels))


def wines(rng, n):
    y = rng.integers(0, 3, n)
    middle = np.array([[13.7, 2.0, 17.0, 106.0, 2.8], [12.3, 1.9, 20.2, 94.0, 2.3], [13.1, 3.3, 21.4, 99.0, 1.7]])
    spread = np.array([0.6, 0.9, 3.0, 13.0, 0.5])
    x = middle[y] + spread * rng.normal(size=(n, 5))
    return x, y


def targets_of(y):
    t = np.full((len(y), 3), -0.9)
    t[np.arange(len(y)), y] = 0.9
    return t


def wire(seed):
    rng = np.random.default_rng(4)
    x, y = wines(rng, 600)
    x_test, y_test = wines(rng, 240)
    mean, std = x.mean(axis=0), x.std(axis=0)
    x, x_test = (x - mean) / std, (x_test - mean) / std
    net = Taster(5, 16, 3, seed)
    return dict(
        predict=net.answer, x=x, targets=targets_of(y), labels=y, x_test=x_test, labels_test=y_test,
        parameters=lambda: net.theta, step=net.step, train=net.train, loss=net.half_squares, accuracy=net.share_right,
        learning_rate=0.05, batch_size=20, updates=20 * 30, l2=1e-4,
    )
