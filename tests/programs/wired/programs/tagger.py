"""Four marks of a digit at once; gradients gathered over four small batches before Adam moves; a dict of arrays."""

import numpy as np

MARKS = np.array([[d % 2 == 0, d > 4, d in (0, 6, 8, 9), d in (2, 3, 5, 7)] for d in range(10)], float)


class Tagger:
    def __init__(self, n_in, seed):
        r = np.random.default_rng(seed)
        self.r = r
        self.p = {"W": r.normal(0, np.sqrt(1 / n_in), (n_in, 40)), "b": np.zeros(40),
                  "V": r.normal(0, np.sqrt(1 / 40), (40, 4)), "c": np.zeros(4)}
        self.m = {k: np.zeros_like(v) for k, v in self.p.items()}
        self.v = {k: np.zeros_like(v) for k, v in self.p.items()}
        self.t = 0

    def logits(self, x):
        self.h = np.tanh(x @ self.p["W"] + self.p["b"])
        return self.h @ self.p["V"] + self.p["c"]

    def gradient(self, x, y):
        d = (1 / (1 + np.exp(-self.logits(x))) - y) / len(x)
        e = d @ self.p["V"].T * (1 - self.h ** 2)
        return {"W": x.T @ e, "b": e.sum(0), "V": self.h.T @ d, "c": d.sum(0)}

    def step(self, x, y, lr=0.005, parts=4):
        total = {k: np.zeros_like(v) for k, v in self.p.items()}
        pieces = [i for i in np.array_split(np.arange(len(x)), parts) if len(i)]
        for i in pieces:
            for k, g in self.gradient(x[i], y[i]).items():
                total[k] += g * len(i) / len(x)
        self.t += 1
        for k, g in total.items():
            self.m[k] = 0.9 * self.m[k] + 0.1 * g
            self.v[k] = 0.99 * self.v[k] + 0.01 * g * g
            m, v = self.m[k] / (1 - 0.9 ** self.t), self.v[k] / (1 - 0.99 ** self.t)
            self.p[k] = self.p[k] - lr * m / (np.sqrt(v) + 1e-8)

    def train(self, x, y, epochs=6, size=40):
        for _ in range(epochs):
            o = self.r.permutation(len(x))
            for s in range(0, len(x), size):
                self.step(x[o[s:s + size]], y[o[s:s + size]])

    def loss(self, x, y):
        z = self.logits(x)
        return float(np.mean(np.maximum(z, 0) - z * y + np.log1p(np.exp(-np.abs(z)))))


def wire(images, labels, images_test, labels_test, seed):
    x, x_test = (i.reshape(len(i), -1) / 255.0 for i in (images, images_test))
    y, y_test = MARKS[labels], MARKS[labels_test]
    net = Tagger(x.shape[1], seed)
    return dict(
        predict=net.logits, x=x, targets=y, x_test=x_test, targets_test=y_test, parameters=lambda: list(net.p.values()),
        step=net.step, train=net.train, loss=net.loss, learning_rate=0.005, batch_size=40, updates=6 * 38,
    )
