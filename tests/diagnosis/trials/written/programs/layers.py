# ruff: noqa
import numpy as np


class Dense:
    def __init__(self, n_in, n_out, random):
        self.W = (random.randn(n_in, n_out) * np.sqrt(2 / n_in)).astype(np.float32)
        self.b = np.zeros(n_out, dtype=np.float32)
        self.vW = np.zeros_like(self.W)
        self.vb = np.zeros_like(self.b)

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, grad):
        self.dW = self.x.T @ grad
        self.db = grad.sum(axis=0)
        return grad @ self.W.T

    def update(self, lr, momentum):
        self.vW = momentum * self.vW + self.dW
        self.vb = momentum * self.vb + self.db
        self.W -= lr * self.vW
        self.b -= lr * self.vb


class LeakyReLU:
    def forward(self, x):
        self.mask = x > 0
        return np.where(self.mask, x, 0.01 * x)

    def backward(self, grad):
        return np.where(self.mask, grad, 0.01 * grad)


class SoftmaxCrossEntropy:
    def forward(self, x):
        shifted = x - x.max(axis=1, keepdims=True)
        exps = np.exp(shifted)
        self.p = exps / exps.sum(axis=1, keepdims=True)
        return self.p

    def loss(self, y):
        return -np.sum(y * np.log(self.p + 1e-10)) / len(y)

    def backward(self, y):
        return (self.p - y) / len(y)


class Model:
    def __init__(self, sizes, random):
        self.random = random
        self.layers = []
        for i in range(len(sizes) - 1):
            self.layers.append(Dense(sizes[i], sizes[i + 1], random))
            if i < len(sizes) - 2:
                self.layers.append(LeakyReLU())
        self.head = SoftmaxCrossEntropy()

    def forward(self, x):
        for layer in self.layers:
            x = layer.forward(x)
        return self.head.forward(x)

    def train_step(self, x, y, lr=0.05, momentum=0.8):
        self.forward(x)
        grad = self.head.backward(y)
        for layer in reversed(self.layers):
            grad = layer.backward(grad)
        for layer in self.layers:
            if isinstance(layer, Dense):
                layer.update(lr, momentum)

    def fit(self, x, y, epochs=8, batch_size=16):
        for _ in range(epochs):
            order = self.random.permutation(len(x))
            x, y = x[order], y[order]
            for i in range(0, len(x), batch_size):
                self.train_step(x[i : i + batch_size], y[i : i + batch_size])

    def score(self, x, labels):
        return (self.forward(x).argmax(axis=1) == labels).mean()


def wire(images, labels, images_test, labels_test, seed):
    model = Model([49, 24, 10], np.random.RandomState(seed))
    mean, std = images.mean(), images.std()
    x = ((images.reshape(-1, 49) - mean) / std).astype(np.float32)
    x_test = ((images_test.reshape(-1, 49) - mean) / std).astype(np.float32)
    y = np.eye(10, dtype=np.float32)[labels]

    def loss(x, y):
        model.forward(x)
        return model.head.loss(y)

    return dict(
        predict=model.forward,
        x=x,
        targets=y,
        labels=labels,
        x_test=x_test,
        labels_test=labels_test,
        parameters=lambda: [p for layer in model.layers if isinstance(layer, Dense) for p in (layer.W, layer.b)],
        step=model.train_step,
        loss=loss,
        train=model.fit,
        accuracy=model.score,
        learning_rate=0.05,
        batch_size=16,
        updates=8 * -(-len(x) // 16),
    )
