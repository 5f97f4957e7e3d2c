"""Three tags of a digit (even, above four, with a hole): separate sigmoids, columns, closures, integer truth turned to float."""

import numpy as np

HOLES = (0, 6, 8, 9)


def tag(labels):
    return np.array([[label % 2 == 0, label > 4, label in HOLES] for label in labels]).astype(float)


def make(seed, n_in=49, n_hidden=30, n_tags=3):
    np.random.seed(seed)
    v = np.random.normal(0.0, n_in ** -0.5, (n_hidden, n_in))
    c = np.zeros(n_hidden)
    u = np.random.normal(0.0, n_hidden ** -0.5, (n_tags, n_hidden))
    d = np.zeros(n_tags)
    return {"v": v, "c": c, "u": u, "d": d}


def hidden(net, x):
    return np.maximum(0.0, x @ net["v"].T + net["c"])


def probability(net, x):
    return 1 / (1 + np.exp(-(hidden(net, x) @ net["u"].T + net["d"])))


def improve(net, x, t, eta=0.1, weight_of_ones=1.0):
    h = hidden(net, x)
    p = 1 / (1 + np.exp(-(h @ net["u"].T + net["d"])))
    delta = (p - t) / len(x)
    back = (delta @ net["u"]) * (h > 0)
    net["u"] -= eta * delta.T @ h
    net["d"] -= eta * delta.sum(0)
    net["v"] -= eta * back.T @ x
    net["c"] -= eta * back.sum(0)


def bce(net, x, t):
    p = probability(net, x)
    return -(t * np.log(p + 1e-12) + (1 - t) * np.log(1 - p + 1e-12)).sum(1).mean()


def train(net, x, t, epochs=12, batch=8):
    for epoch in range(epochs):
        order = np.arange(len(x))
        np.random.shuffle(order)
        for k in range(0, len(x) - batch + 1, batch):
            improve(net, x[order[k:k + batch]], t[order[k:k + batch]])


def scale(images):
    x = images.reshape(-1, 49).astype(np.float64)
    return x / 255


def wire(images, labels, images_test, labels_test, seed):
    net = make(seed)
    x, x_test = scale(images), scale(images_test)
    return dict(
        predict=lambda x: probability(net, x),
        x=x, targets=tag(labels), x_test=x_test, targets_test=tag(labels_test),
        parameters=lambda: [net["v"], net["c"], net["u"], net["d"]],
        step=lambda x, t: improve(net, x, t),
        train=lambda x, t: train(net, x, t),
        loss=lambda x, t: bce(net, x, t),
        raw=(images, labels, images_test, labels_test),
        learning_rate=0.1, batch_size=8, updates=12 * (len(x) // 8),
    )
