"""Two classes told by one tanh unit and the logistic loss of ±1 targets; float32, batches by np.array_split, RMSProp."""

import numpy as np


class Unit:
    def __init__(self, n_in, n_out, rng):
        self.W = (rng.randn(n_in, n_out) * np.sqrt(1.0 / n_in)).astype(np.float32)
        self.b = np.zeros(n_out, dtype=np.float32)
        self.cache_W = np.zeros_like(self.W)
        self.cache_b = np.zeros_like(self.b)


class Filter:
    def __init__(self, n_words, seed):
        self.rng = np.random.RandomState(seed)
        self.first = Unit(n_words, 16, self.rng)
        self.second = Unit(16, 1, self.rng)
        self.rate, self.keep = 0.01, 0.9

    def decide(self, x):
        self.h = np.tanh(x @ self.first.W + self.first.b)
        return (self.h @ self.second.W + self.second.b)[:, 0]

    def loss(self, x, y):
        return float(np.mean(np.logaddexp(0, -y * self.decide(x))))

    def learn(self, x, y):
        s = self.decide(x)
        ds = (-y / (1 + np.exp(y * s)) / len(y)).astype(np.float32)[:, None]
        dh = ds @ self.second.W.T * (1 - self.h ** 2)
        for unit, dW, db in (
            (self.second, self.h.T @ ds, ds.sum(axis=0)),
            (self.first, x.T @ dh, dh.sum(axis=0)),
        ):
            unit.cache_W = self.keep * unit.cache_W + (1 - self.keep) * dW ** 2
            unit.cache_b = self.keep * unit.cache_b + (1 - self.keep) * db ** 2
            unit.W -= self.rate * dW / (np.sqrt(unit.cache_W) + 1e-6)
            unit.b -= self.rate * db / (np.sqrt(unit.cache_b) + 1e-6)

    def train(self, x, y, epochs=5):
        for _ in range(epochs):
            order = self.rng.permutation(len(x))
            for part in np.array_split(order, max(1, len(x) // 20)):
                self.learn(x[part], y[part])

    def score(self, x, y):
        return np.mean(np.sign(self.decide(x)) == y)


def mails(rng, n):
    kind = rng.random(n) < 0.4
    words = rng.poisson(np.where(kind[:, None], [4, 3, 1, 1, 2, 0.5, 1, 2, 3, 1, 1, 2], [1, 1, 3, 2, 2, 2, 1, 2, 1, 2, 1, 1]), (n, 12))
    return words, np.where(kind, 1.0, -1.0)


def features(words):
    return np.log1p(words).astype(np.float32)


def wire(seed):
    rng = np.random.default_rng(21)
    words, y = mails(rng, 800)
    words_test, y_test = mails(rng, 400)
    x, x_test = features(words), features(words_test)
    model = Filter(12, seed)
    return dict(
        predict=model.decide, x=x, targets=y.astype(np.float32), x_test=x_test, targets_test=y_test.astype(np.float32),
        parameters=lambda: [model.first.W, model.first.b, model.second.W, model.second.b],
        step=model.learn, train=model.train, loss=model.loss, accuracy=model.score,
        learning_rate=0.01, batch_size=20, updates=200,
    )
