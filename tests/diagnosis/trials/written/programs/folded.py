# ruff: noqa
from types import SimpleNamespace

import numpy as np


def with_bias(v):
    return np.append(v, 1.0)


def feed(net, x):
    hidden = np.tanh(net.V @ with_bias(x))
    return hidden, np.tanh(net.W @ with_bias(hidden))


def learn(net, x, t):
    hidden, out = feed(net, x)
    delta_out = (out - t) * (1 - out**2)
    delta_hidden = (net.W[:, :-1].T @ delta_out) * (1 - hidden**2)
    net.W -= net.rate * np.outer(delta_out, with_bias(hidden))
    net.V -= net.rate * np.outer(delta_hidden, with_bias(x))


def run(net, xs, ts, epochs=5):
    for _ in range(epochs):
        for i in net.random.permutation(len(xs)):
            learn(net, xs[i], ts[i])


def hits(net, xs, labels):
    n = 0
    for x, label in zip(xs, labels):
        if np.argmax(feed(net, x)[1]) == label:
            n += 1
    return n / len(xs)


def wire(images, labels, images_test, labels_test, seed):
    random = np.random.RandomState(seed)
    net = SimpleNamespace(
        V=random.uniform(-0.2, 0.2, (20, 50)), W=random.uniform(-0.3, 0.3, (10, 21)), rate=0.03, random=random
    )
    xs = [image.ravel() / 127.5 - 1 for image in images]
    ts = [2.0 * np.eye(10)[label] - 1 for label in labels]

    def step(x, t):
        for one, target in zip(x, t):
            learn(net, one, target)

    return dict(
        predict=lambda x: np.array([feed(net, one)[1] for one in x]),
        x=np.array(xs),
        targets=np.array(ts),
        labels=labels,
        x_test=np.array([image.ravel() / 127.5 - 1 for image in images_test]),
        labels_test=labels_test,
        parameters=lambda: [net.V, net.W],
        step=step,
        train=lambda x, t: run(net, x, t),
        accuracy=lambda x, labels: hits(net, x, labels),
        learning_rate=0.03,
        batch_size=1,
        updates=5 * len(xs),
    )
