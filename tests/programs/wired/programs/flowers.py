"""Sixty points of three kinds, the whole set at every update: columns, rebinding globals in a namespace, Nesterov's speed."""

import types

import numpy as np


def points(rng, n):
    kind = np.arange(n) % 3
    angle = rng.uniform(0, 1.5, n) + kind * 2.1
    r = rng.uniform(0.3, 1.2, n)
    return np.stack([r * np.cos(angle + r), r * np.sin(angle + r)], axis=1), kind


def begin(seed, width=12):
    s = types.SimpleNamespace()
    rng = np.random.RandomState(seed)
    s.A = rng.randn(width, 2) * 1.0
    s.a = np.zeros((width, 1))
    s.B = rng.randn(3, width) * 0.3
    s.b = np.zeros((3, 1))
    s.speed = [np.zeros_like(m) for m in (s.A, s.a, s.B, s.b)]
    return s


def forward(s, X, A, a, B, b):
    H = np.tanh(A @ X + a)
    Z = B @ H + b
    E = np.exp(Z - Z.max(axis=0, keepdims=True))
    return H, E / E.sum(axis=0, keepdims=True)


def answer(s, rows):
    return forward(s, rows.T, s.A, s.a, s.B, s.b)[1].T


def one_update(s, rows, wanted, rate=0.3, mu=0.8):
    X, T = rows.T, wanted.T
    m = X.shape[1]
    ahead = [p + mu * v for p, v in zip((s.A, s.a, s.B, s.b), s.speed)]
    A, a, B, b = ahead
    H, P = forward(s, X, A, a, B, b)
    D = (P - T) / m
    DH = B.T @ D * (1 - H * H)
    grads = [DH @ X.T, DH.sum(axis=1, keepdims=True), D @ H.T, D.sum(axis=1, keepdims=True)]
    s.speed = [mu * v - rate * g for v, g in zip(s.speed, grads)]
    s.A, s.a, s.B, s.b = (p + v for p, v in zip((s.A, s.a, s.B, s.b), s.speed))


def train(s, rows, wanted, updates=400):
    for _ in range(updates):
        one_update(s, rows, wanted)


def right(s, rows, kinds):
    return (answer(s, rows).argmax(axis=1) == kinds).sum() / len(kinds)


def wire(seed):
    rng = np.random.default_rng(8)
    x, kinds = points(rng, 60)
    x_test, kinds_test = points(rng, 90)
    s = begin(seed)
    return dict(
        predict=lambda rows: answer(s, rows),
        x=x, targets=np.eye(3)[kinds], x_test=x_test, labels_test=kinds_test,
        parameters=lambda: [s.A, s.a, s.B, s.b],
        step=lambda rows, wanted: one_update(s, rows, wanted),
        train=lambda rows, wanted: train(s, rows, wanted),
        accuracy=lambda rows, kinds: right(s, rows, kinds),
        learning_rate=0.3, batch_size=60, updates=400,
    )
