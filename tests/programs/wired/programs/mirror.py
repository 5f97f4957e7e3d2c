"""An autoencoder of small digits: one dictionary, sigmoid in the middle and at the end, binary cross-entropy."""

import numpy as np


def sig(a):
    return 1.0 / (1.0 + np.exp(-a))


class AutoEncoder:
    def __init__(self, n_pixels, n_code, seed):
        gen = np.random.default_rng(seed)
        self.gen = gen
        limit = np.sqrt(6 / (n_pixels + n_code))
        self.p = {
            "enc_w": gen.uniform(-limit, limit, (n_pixels, n_code)),
            "enc_b": np.zeros((1, n_code)),
            "dec_w": gen.uniform(-limit, limit, (n_code, n_pixels)),
            "dec_b": np.zeros((1, n_pixels)),
        }

    def encode(self, x):
        self.x = x
        self.code = sig(x @ self.p["enc_w"] + self.p["enc_b"])
        return self.code

    def decode(self, code):
        self.picture = sig(code @ self.p["dec_w"] + self.p["dec_b"])
        return self.picture

    def __call__(self, x):
        return self.decode(self.encode(x))

    def gradients(self, x, wanted):
        self(x)
        n = len(x)
        d_out = (self.picture - wanted) / n
        d_code = (d_out @ self.p["dec_w"].T) * self.code * (1 - self.code)
        return {
            "dec_w": self.code.T @ d_out,
            "dec_b": np.sum(d_out, axis=0, keepdims=True),
            "enc_w": x.T @ d_code,
            "enc_b": np.sum(d_code, axis=0, keepdims=True),
        }

    def update(self, x, wanted, rate=0.5):
        grads = self.gradients(x, wanted)
        for name in self.p:
            self.p[name] -= rate * grads[name]

    def fit(self, x, wanted, epochs=15, size=10):
        for _ in range(epochs):
            order = self.gen.permutation(len(x))
            for first in range(0, len(x), size):
                rows = order[first:first + size]
                self.update(x[rows], wanted[rows])

    def loss(self, x, wanted):
        p = np.clip(self(x), 1e-9, 1 - 1e-9)
        return -np.mean(np.sum(wanted * np.log(p) + (1 - wanted) * np.log(1 - p), axis=1))


def flatten(images):
    return images.reshape(len(images), -1) / 255.0


def wire(images, labels, images_test, labels_test, seed):
    x, x_test = flatten(images), flatten(images_test)
    model = AutoEncoder(x.shape[1], 16, seed)
    return dict(
        predict=model, x=x, targets=x, x_test=x_test, targets_test=x_test,
        parameters=lambda: list(model.p.values()),
        step=model.update, train=model.fit, loss=model.loss,
        gradients=lambda x, t: list((lambda g: [g[k] for k in model.p])(model.gradients(x, t))),
        learning_rate=0.5, batch_size=10, updates=15 * len(x) // 10,
    )
