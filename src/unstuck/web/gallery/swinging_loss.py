"""ReLU and softmax. It learns for a moment, then the loss swings back up and everything is forgotten."""

import numpy as np

import unstuck

RATE, BATCH, UPDATES = 0.1, 50, 600


class Linear:
    def __init__(self, n_in, n_out, random):
        self.weight = random.normal(0, np.sqrt(2 / n_in), (n_in, n_out))
        self.bias = np.zeros(n_out)
        self.weight_gradient = np.zeros((n_in, n_out))
        self.bias_gradient = np.zeros(n_out)

    def forward(self, x):
        self.x = x
        return x @ self.weight + self.bias

    def backward(self, delta):
        self.weight_gradient += self.x.T @ delta
        self.bias_gradient += delta.sum(axis=0)
        return delta @ self.weight.T

    def apply(self):
        self.weight -= RATE * self.weight_gradient
        self.bias -= RATE * self.bias_gradient


class Model:
    def __init__(self, seed):
        random = np.random.default_rng(seed)
        self.first, self.second = Linear(784, 32, random), Linear(32, 10, random)

    def probabilities(self, x):
        self.z = self.first.forward(x)
        scores = self.second.forward(np.maximum(self.z, 0))
        e = np.exp(scores - scores.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)

    def train_step(self, x, t):
        delta = (self.probabilities(x) - t) / len(x)
        self.first.backward(self.second.backward(delta) * (self.z > 0))
        for layer in (self.first, self.second):
            layer.apply()

    def loss(self, x, t):
        return -np.mean(np.log(np.sum(self.probabilities(x) * t, axis=1) + 1e-300))

    def accuracy(self, x, labels):
        return np.mean(self.probabilities(x).argmax(axis=1) == labels)


def load():
    mnist = unstuck.load_mnist()
    return mnist.images_train[:3000] / 255, mnist.y_train[:3000], mnist.images_test[:1000] / 255, mnist.y_test[:1000]


def training(seed=0):
    x, labels, x_test, labels_test = load()
    t = np.eye(10)[labels]
    model = Model(seed)
    for update in range(1, UPDATES + 1):
        rows = np.arange(update * BATCH, (update + 1) * BATCH) % len(x)
        model.train_step(x[rows], t[rows])
        if update % 30 == 0:
            yield update, model.loss(x, t), model.accuracy(x_test, labels_test)


def build(seed):
    x, labels, x_test, labels_test = load()
    model = Model(seed)
    layers = model.first, model.second
    return unstuck.Case(
        predict=model.probabilities,
        x=x,
        targets=np.eye(10)[labels],
        x_test=x_test,
        labels_test=labels_test,
        parameters=lambda: [array for layer in layers for array in (layer.weight, layer.bias)],
        step=model.train_step,
        loss=model.loss,
        accuracy=model.accuracy,
        build=build,
        learning_rate=RATE,
        batch_size=BATCH,
        updates=UPDATES,
    )
