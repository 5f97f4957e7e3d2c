"""Two hidden layers of tanh and a softmax. The loss climbs from the first update, and one answer in ten is right."""

import numpy as np

import unstuck

WIDTHS = [784, 32, 32, 10]
RATE, BATCH, UPDATES = 1.0, 50, 600


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


class MLP:
    def __init__(self, seed):
        random = np.random.default_rng(seed)
        self.W = [random.uniform(-1, 1, (n, m)) * np.sqrt(6 / (n + m)) for n, m in zip(WIDTHS, WIDTHS[1:])]
        self.b = [np.zeros(m) for m in WIDTHS[1:]]

    def forward(self, x):
        a = [x]
        for W, b in zip(self.W[:-1], self.b[:-1]):
            a.append(np.tanh(a[-1] @ W + b))
        return [*a, softmax(a[-1] @ self.W[-1] + self.b[-1])]

    def backward(self, x, t):
        a = self.forward(x)
        delta = (a[-1] - t) / len(x)
        dW, db = [], []
        for i in (2, 1, 0):
            dW.insert(0, a[i].T @ delta)
            db.insert(0, delta.sum(axis=0))
            delta = delta @ self.W[i].T * a[i]
        return dW, db

    def update(self, x, t):
        dW, db = self.backward(x, t)
        for i in range(3):
            self.W[i] -= RATE * dW[i]
            self.b[i] -= RATE * db[i]

    def loss(self, x, t):
        return -np.mean(np.log(np.sum(self.forward(x)[-1] * t, axis=1) + 1e-300))

    def accuracy(self, x, labels):
        return np.mean(self.forward(x)[-1].argmax(axis=1) == labels)


def load():
    mnist = unstuck.load_mnist()
    return mnist.images_train[:3000] / 255, mnist.y_train[:3000], mnist.images_test[:1000] / 255, mnist.y_test[:1000]


def training(seed=0):
    x, labels, x_test, labels_test = load()
    t = np.eye(10)[labels]
    mlp = MLP(seed)
    for update in range(1, UPDATES + 1):
        rows = np.arange(update * BATCH, (update + 1) * BATCH) % len(x)
        mlp.update(x[rows], t[rows])
        if update % 30 == 0:
            yield update, mlp.loss(x, t), mlp.accuracy(x_test, labels_test)


def build(seed):
    x, labels, x_test, labels_test = load()
    mlp = MLP(seed)
    return unstuck.Case(
        predict=lambda x: mlp.forward(x)[-1],
        x=x,
        targets=np.eye(10)[labels],
        x_test=x_test,
        labels_test=labels_test,
        parameters=lambda: mlp.W + mlp.b,
        step=mlp.update,
        gradients=lambda x, t: sum(mlp.backward(x, t), []),
        loss=mlp.loss,
        accuracy=mlp.accuracy,
        build=build,
        learning_rate=RATE,
        batch_size=BATCH,
        updates=UPDATES,
    )
