"""Which of two offers is clicked more: one score an offer, the logistic loss of all pairs of a batch (RankNet), AdaGrad."""

import numpy as np


class Ranker:
    def __init__(self, rng):
        self.rng = rng
        self.hidden = rng.normal(size=(10, 20)) / np.sqrt(10)
        self.bias = np.zeros(20)
        self.out = rng.normal(size=(20, 1)) / np.sqrt(20)
        self.seen = [1e-8 + np.zeros(s) for s in ((10, 20), (20,), (20, 1))]

    def score(self, offers):
        self.h = np.tanh(offers @ self.hidden + self.bias)
        return (self.h @ self.out)[:, 0]

    def pair_gradient(self, offers, clicks):
        s = self.score(offers)
        better = np.sign(clicks[:, None] - clicks[None, :])
        gap = s[:, None] - s[None, :]
        push = -better / (1 + np.exp(better * gap)) * (better != 0)
        return push.sum(axis=1) / max(1, np.count_nonzero(better))

    def learn(self, offers, clicks, eta=0.05):
        d = self.pair_gradient(offers, clicks)[:, None]
        dh = (d @ self.out.T) * (1 - self.h ** 2)
        for p, g, q in zip((self.hidden, self.bias, self.out), (offers.T @ dh, dh.sum(0), self.h.T @ d), self.seen):
            q += g * g
            p -= eta * g / np.sqrt(q)

    def fit(self, offers, clicks, rounds=15, size=25):
        for _ in range(rounds):
            order = self.rng.permutation(len(offers))
            for start in range(0, len(order), size):
                part = order[start:start + size]
                self.learn(offers[part], clicks[part])

    def pair_loss(self, offers, clicks):
        s = self.score(offers)
        better = np.sign(clicks[:, None] - clicks[None, :])
        inside = np.logaddexp(0, -better * (s[:, None] - s[None, :]))
        return float(inside[better != 0].mean())


def offers_and_clicks(rng, n):
    x = rng.normal(size=(n, 10))
    liking = x[:, 0] + 0.8 * x[:, 1] - 0.6 * np.abs(x[:, 2]) + 0.2 * rng.normal(size=n)
    return x, np.floor(np.exp(0.8 * liking + 1))


def wire(seed):
    rng = np.random.default_rng(8)
    x, clicks = offers_and_clicks(rng, 500)
    x_test, clicks_test = offers_and_clicks(rng, 200)
    model = Ranker(np.random.default_rng(seed))
    return dict(
        predict=model.score, x=x, targets=clicks, x_test=x_test, targets_test=clicks_test,
        parameters=lambda: [model.hidden, model.bias, model.out], step=model.learn, train=model.fit,
        loss=model.pair_loss, learning_rate=0.05, batch_size=25, updates=15 * 20,
    )
