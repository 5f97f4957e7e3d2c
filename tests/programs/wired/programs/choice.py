"""Which of three buses is taken: softmax regression with squares of the inputs, single precision, the bias as a column."""

import numpy as np


def widened(trips):
    return np.hstack([trips, trips ** 2, np.ones((len(trips), 1))]).astype(np.float32)


class Choice:
    def __init__(self, n_in):
        self.W = np.zeros((n_in, 3), np.float32)
        self.seen = 0

    def chances(self, x):
        z = x @ self.W
        z = z - z.max(axis=1, keepdims=True)
        e = np.exp(z)
        return e / e.sum(axis=1, keepdims=True)

    def step(self, x, onehot):
        rate = np.float32(0.5 / (1 + 0.002 * self.seen))
        self.seen += 1
        error = self.chances(x) - onehot
        self.W -= rate * (x.T @ error / np.float32(len(x)) + np.float32(1e-4) * self.W)

    def train(self, x, onehot, epochs=10, size=16):
        rng = np.random.default_rng(1)
        for epoch in range(epochs):
            order = np.arange(len(x))
            rng.shuffle(order)
            for start in range(0, len(x), size):
                chosen = order[start:start + size]
                self.step(x[chosen], onehot[chosen])

    def cross_entropy(self, x, onehot):
        return float(-np.mean(np.log((self.chances(x) * onehot).sum(axis=1) + 1e-12)))

    def hit_rate(self, x, labels):
        return np.mean([np.argmax(p) == l for p, l in zip(self.chances(x), labels)])


def trips(rng, n):
    t = rng.normal(size=(n, 4))
    use = np.column_stack([t[:, 0] - t[:, 1] ** 2, 0.5 * t[:, 2] - t[:, 0], 0.8 * t[:, 3] ** 2 - 0.7])
    return t, (use + rng.gumbel(size=(n, 3)) * 0.5).argmax(axis=1)


def wire(seed):
    rng = np.random.default_rng(14 + seed)
    t, y = trips(rng, 600)
    t_test, y_test = trips(rng, 300)
    x, x_test = widened(t), widened(t_test)
    model = Choice(x.shape[1])
    return dict(
        predict=model.chances, x=x, targets=np.eye(3, dtype=np.float32)[y], x_test=x_test, labels_test=y_test,
        parameters=lambda: [model.W], step=model.step, train=model.train, loss=model.cross_entropy,
        accuracy=model.hit_rate, learning_rate=0.5, batch_size=16, updates=10 * 38, l2=1e-4,
    )
