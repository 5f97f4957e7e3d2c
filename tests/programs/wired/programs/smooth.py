"""Digits with softened targets: functions on a tuple of arrays, images kept square until they are flattened, AdamW."""

import numpy as np

EPS = 0.1


def glorot(rng, n_in, n_out):
    bound = np.sqrt(6.0 / (n_in + n_out))
    return rng.uniform(-bound, bound, size=(n_in, n_out))


def gelu_like(z):
    return z / (1 + np.exp(-1.702 * z))


def gelu_slope(z):
    s = 1 / (1 + np.exp(-1.702 * z))
    return s + 1.702 * z * s * (1 - s)


class Model:
    def __init__(self, seed):
        rng = np.random.default_rng(seed)
        self.rng = rng
        self.params = [glorot(rng, 49, 32), np.zeros(32), glorot(rng, 32, 10), np.zeros(10)]
        self.m = [np.zeros_like(p) for p in self.params]
        self.v = [np.zeros_like(p) for p in self.params]
        self.t = 0

    def logits(self, images):
        w1, b1, w2, b2 = self.params
        self.flat = images.reshape(images.shape[0], -1)
        self.z = self.flat @ w1 + b1
        self.a = gelu_like(self.z)
        return self.a @ w2 + b2


def log_softmax(s):
    s = s - s.max(axis=1, keepdims=True)
    return s - np.log(np.exp(s).sum(axis=1, keepdims=True))


def soften(labels):
    return np.eye(10)[labels] * (1 - EPS) + EPS / 10


def loss(model, images, labels):
    return -(soften(labels) * log_softmax(model.logits(images))).sum(axis=1).mean()


def grads(model, images, labels):
    p = np.exp(log_softmax(model.logits(images)))
    d2 = (p - soften(labels)) / len(labels)
    d1 = (d2 @ model.params[2].T) * gelu_slope(model.z)
    return [model.flat.T @ d1, d1.sum(0), model.a.T @ d2, d2.sum(0)]


def adamw(model, gradients, lr=0.004, b1=0.9, b2=0.98, wd=0.01):
    model.t += 1
    for i, g in enumerate(gradients):
        model.m[i] += (1 - b1) * (g - model.m[i])
        model.v[i] += (1 - b2) * (g * g - model.v[i])
        step = model.m[i] / (1 - b1 ** model.t) / (np.sqrt(model.v[i] / (1 - b2 ** model.t)) + 1e-8)
        model.params[i] = model.params[i] - lr * step - lr * wd * model.params[i]


def improve(model, images, labels):
    adamw(model, grads(model, images, labels))


def fit(model, images, labels, epochs=8, batch=32):
    for epoch in range(epochs):
        order = model.rng.permutation(len(images))
        images, labels = images[order], labels[order]
        for i in range(0, len(images), batch):
            improve(model, images[i:i + batch], labels[i:i + batch])


def accuracy(model, images, labels):
    return float(np.mean(np.argmax(model.logits(images), axis=-1) == labels))


def scale(images):
    return images.astype(np.float64) / 255.0


def wire(images, labels, images_test, labels_test, seed):
    x, x_test = scale(images), scale(images_test)
    y, y_test = labels.astype(int), labels_test.astype(int)
    model = Model(seed)
    side = int(np.sqrt(x[0].size))
    square = lambda rows: rows.reshape(-1, side, side)
    return dict(
        predict=lambda r: model.logits(square(r)), x=x.reshape(len(x), -1), targets=y,
        x_test=x_test.reshape(len(x_test), -1), labels_test=y_test,
        parameters=lambda: model.params, step=lambda r, t: improve(model, square(r), t),
        train=lambda r, t: fit(model, square(r), t), loss=lambda r, t: loss(model, square(r), t),
        accuracy=lambda r, t: accuracy(model, square(r), t),
        gradients=lambda r, t: grads(model, square(r), t),
        raw=(images, labels, images_test, labels_test), learning_rate=0.004, batch_size=32,
    )
