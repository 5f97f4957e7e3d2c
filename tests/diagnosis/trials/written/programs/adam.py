# ruff: noqa
import numpy as np


def he(n_in, n_out):
    return np.random.randn(n_in, n_out) * (2.0 / n_in) ** 0.5


class Adam:
    def __init__(self, params, lr=0.005, beta1=0.9, beta2=0.999, eps=1e-8):
        self.params = params
        self.lr, self.beta1, self.beta2, self.eps = lr, beta1, beta2, eps
        self.m = [np.zeros_like(p) for p in params]
        self.v = [np.zeros_like(p) for p in params]
        self.t = 0

    def apply(self, grads):
        self.t += 1
        for i, g in enumerate(grads):
            self.m[i] = self.beta1 * self.m[i] + (1 - self.beta1) * g
            self.v[i] = self.beta2 * self.v[i] + (1 - self.beta2) * g * g
            m_hat = self.m[i] / (1 - self.beta1**self.t)
            v_hat = self.v[i] / (1 - self.beta2**self.t)
            self.params[i] -= self.lr * m_hat / (np.sqrt(v_hat) + self.eps)


class MLP:
    def __init__(self):
        self.params = [he(49, 20), np.zeros(20), he(20, 20), np.zeros(20), he(20, 10), np.zeros(10)]
        self.optimizer = Adam(self.params)

    def logits(self, x):
        w1, b1, w2, b2, w3, b3 = self.params
        self.h1 = np.maximum(x @ w1 + b1, 0)
        self.h2 = np.maximum(self.h1 @ w2 + b2, 0)
        return self.h2 @ w3 + b3

    def grads(self, x, y):
        z = self.logits(x)
        p = np.exp(z - z.max(1, keepdims=True))
        p /= p.sum(1, keepdims=True)
        d3 = (p - y) / len(x)
        d2 = d3 @ self.params[4].T
        d2[self.h2 <= 0] = 0
        d1 = d2 @ self.params[2].T
        d1[self.h1 <= 0] = 0
        return [x.T @ d1, d1.sum(0), self.h1.T @ d2, d2.sum(0), self.h2.T @ d3, d3.sum(0)]

    def step(self, x, y):
        self.optimizer.apply(self.grads(x, y))

    def fit(self, x, y, epochs=8, batch=20):
        for _ in range(epochs):
            order = np.random.permutation(len(x))
            for start in range(0, len(x), batch):
                rows = order[start : start + batch]
                self.step(x[rows], y[rows])


def wire(images, labels, images_test, labels_test, seed):
    np.random.seed(seed)
    net = MLP()
    x = images.reshape(-1, 49).astype(np.float64) / 255
    return dict(
        predict=net.logits,
        x=x,
        targets=np.eye(10)[labels],
        labels=labels,
        x_test=images_test.reshape(-1, 49) / 255,
        labels_test=labels_test,
        parameters=lambda: net.params,
        step=net.step,
        gradients=net.grads,
        train=net.fit,
        accuracy=lambda x, labels: np.mean(net.logits(x).argmax(1) == labels),
        learning_rate=0.005,
        batch_size=20,
        updates=8 * -(-len(x) // 20),
    )
