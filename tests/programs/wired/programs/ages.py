"""Five grades in order: four thresholds, each with a sigmoid of its own; two tanh layers, momentum, batches by slices."""

import numpy as np

GRADES = 5


def sigmoid(z):
    return 0.5 * (1 + np.tanh(0.5 * z))


class Grader:
    def __init__(self, n_in, seed):
        self.rng = np.random.default_rng(seed)
        sizes = [n_in, 24, 12, GRADES - 1]
        self.W, self.b = [], []
        for fan_in, fan_out in zip(sizes, sizes[1:]):
            self.W.append(self.rng.normal(0.0, 1 / np.sqrt(fan_in), (fan_in, fan_out)))
            self.b.append(np.zeros(fan_out))
        self.vW = [np.zeros_like(w) for w in self.W]
        self.vb = [np.zeros_like(b) for b in self.b]

    def forward(self, x):
        self.a = [x]
        for w, b in zip(self.W[:-1], self.b[:-1]):
            self.a.append(np.tanh(self.a[-1] @ w + b))
        return sigmoid(self.a[-1] @ self.W[-1] + self.b[-1])

    def update(self, x, above, lr=0.1, mu=0.9):
        n = x.shape[0]
        d = (self.forward(x) - above) / n
        for i in (2, 1, 0):
            gW, gb = self.a[i].T @ d, d.sum(0)
            if i:
                d = (d @ self.W[i].T) * (1 - self.a[i] ** 2)
            self.vW[i] = mu * self.vW[i] + gW
            self.vb[i] = mu * self.vb[i] + gb
            self.W[i] -= lr * self.vW[i]
            self.b[i] -= lr * self.vb[i]

    def fit(self, x, above, epochs=12, size=20):
        for _ in range(epochs):
            order = self.rng.permutation(len(x))
            x, above = x[order], above[order]
            for i in range(len(x) // size):
                self.update(x[i * size:(i + 1) * size], above[i * size:(i + 1) * size])

    def cross_entropy(self, x, above):
        p = np.clip(self.forward(x), 1e-12, 1 - 1e-12)
        return -np.mean(np.sum(above * np.log(p) + (1 - above) * np.log(1 - p), axis=1))


def people(rng, n):
    x = rng.normal(size=(n, 8))
    hidden = 1.4 * x[:, 0] - x[:, 1] + 0.7 * x[:, 2] * x[:, 3] + 0.3 * rng.normal(size=n)
    return x, np.digitize(hidden, [-1.8, -0.5, 0.5, 1.8])


def thresholds(grade):
    return (grade[:, None] > np.arange(GRADES - 1)).astype(float)


def wire(seed):
    rng = np.random.default_rng(5)
    x, grade = people(rng, 700)
    x_test, grade_test = people(rng, 300)
    model = Grader(8, seed)
    return dict(
        predict=model.forward, x=x, targets=thresholds(grade), x_test=x_test, targets_test=thresholds(grade_test),
        parameters=lambda: model.W + model.b, step=model.update, train=model.fit, loss=model.cross_entropy,
        learning_rate=0.1, batch_size=20, updates=12 * 35,
    )
