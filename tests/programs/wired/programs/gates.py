"""Twelve rows of a truth table, all at once, by Rprop: steps grow while the slope keeps its sign and shrink when it turns."""

import numpy as np


class Logic:
    def __init__(self, seed):
        r = np.random.RandomState(seed)
        self.w = [r.uniform(-1, 1, (4, 6)), r.uniform(-1, 1, (1, 6)), r.uniform(-1, 1, (6, 1)), r.uniform(-1, 1, (1, 1))]
        self.size = [np.full_like(p, 0.05) for p in self.w]
        self.last = [np.zeros_like(p) for p in self.w]

    def out(self, x):
        self.mid = np.tanh(x.dot(self.w[0]) + self.w[1])
        return 1 / (1 + np.exp(-(self.mid.dot(self.w[2]) + self.w[3])))

    def slopes(self, x, t):
        e = self.out(x) - t
        back = e.dot(self.w[2].T) * (1 - self.mid ** 2)
        return [x.T.dot(back), back.sum(axis=0, keepdims=True), self.mid.T.dot(e), e.sum(axis=0, keepdims=True)]

    def step(self, x, t):
        for i, g in enumerate(self.slopes(x, t)):
            turn = np.sign(g) * self.last[i]
            self.size[i] = np.clip(np.where(turn > 0, 1.2, np.where(turn < 0, 0.5, 1.0)) * self.size[i], 1e-6, 1.0)
            self.w[i] -= np.sign(g) * self.size[i]
            self.last[i] = np.sign(g)

    def train(self, x, t, rounds=150):
        for _ in range(rounds):
            self.step(x, t)

    def loss(self, x, t):
        p = np.clip(self.out(x), 1e-12, 1 - 1e-12)
        return -np.mean(t * np.log(p) + (1 - t) * np.log(1 - p))

    def right(self, x, t):
        return float(((self.out(x) > 0.5) == (t > 0.5)).mean())


def wire(seed):
    x = np.array([[int(b) for b in f"{i:04b}"] for i in range(12)], float)
    t = ((x[:, 0] != x[:, 1]) & (x[:, 2] + x[:, 3] > 0)).astype(float)[:, None]
    net = Logic(seed)
    return dict(
        predict=net.out, x=x, targets=t, parameters=lambda: net.w, step=net.step, train=net.train, loss=net.loss,
        accuracy=net.right, gradients=net.slopes, batch_size=12, updates=150,
    )
