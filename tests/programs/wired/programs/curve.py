"""Two curves at once from four numbers: a list of pairs (weights, bias), tanh, squared error, rows in shuffled batches."""

import numpy as np


def draw(rng, n):
    x = rng.uniform(-2, 2, (n, 4))
    y = np.stack([np.sin(x[:, 0]) + 0.5 * x[:, 1], x[:, 2] * x[:, 3] / 2], axis=1)
    return x, y


def new_net(sizes, seed):
    rng = np.random.RandomState(seed)
    return [[rng.randn(a, b) * np.sqrt(1.0 / a), np.zeros(b)] for a, b in zip(sizes, sizes[1:])]


def run(net, x):
    outs = [x]
    for k, (w, b) in enumerate(net):
        z = outs[-1].dot(w) + b
        outs.append(np.tanh(z) if k + 1 < len(net) else z)
    return outs


def learn(net, x, y, lr=0.05):
    outs = run(net, x)
    n = x.shape[0]
    err = 2 * (outs[-1] - y) / n
    todo = []
    for k in range(len(net) - 1, -1, -1):
        w, b = net[k]
        gw = outs[k].T.dot(err)
        gb = err.sum(axis=0)
        todo.append((k, gw, gb))
        if k > 0:
            err = err.dot(w.T) * (1 - outs[k] ** 2)
    for k, gw, gb in todo:
        net[k][0] -= lr * gw
        net[k][1] -= lr * gb


def mean_squared_error(net, x, y):
    return float(np.mean(np.sum((run(net, x)[-1] - y) ** 2, axis=1)))


def fit(net, x, y, epochs=40, size=16):
    rng = np.random.RandomState(3)
    for epoch in range(epochs):
        idx = rng.permutation(len(x))
        for i in range(0, len(x), size):
            part = idx[i:i + size]
            learn(net, x[part], y[part])


def wire(seed):
    rng = np.random.default_rng(11)
    x, y = draw(rng, 400)
    x_test, y_test = draw(rng, 200)
    net = new_net([4, 24, 16, 2], seed)
    return dict(
        predict=lambda x: run(net, x)[-1],
        x=x, targets=y, x_test=x_test, targets_test=y_test,
        parameters=lambda: [a for pair in net for a in pair],
        step=lambda x, y: learn(net, x, y),
        loss=lambda x, y: mean_squared_error(net, x, y),
        train=lambda x, y: fit(net, x, y),
        learning_rate=0.05, batch_size=16, updates=1000,
    )
