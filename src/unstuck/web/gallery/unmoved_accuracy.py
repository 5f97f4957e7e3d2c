"""ReLU and softmax. The loss falls as it should, and yet one answer in ten is right."""

import numpy as np

import unstuck

RATE, BATCH, EPOCHS = 0.2, 30, 6


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


class Classifier:
    def __init__(self, seed):
        random = np.random.default_rng(seed)
        self.v = random.normal(0, np.sqrt(2 / 784), (784, 32))
        self.c = np.zeros(32)
        self.u = random.normal(0, np.sqrt(1 / 32), (32, 10))
        self.d = np.zeros(10)

    def predict(self, x):
        self.h = np.maximum(x @ self.v + self.c, 0)
        return softmax(self.h @ self.u + self.d)

    def improve(self, x, t):
        delta = (self.predict(x) - t) / len(x)
        hidden_delta = delta @ self.u.T * (self.h > 0)
        self.u -= RATE * self.h.T @ delta
        self.d -= RATE * delta.sum(axis=0)
        self.v -= RATE * x.T @ hidden_delta
        self.c -= RATE * hidden_delta.sum(axis=0)

    def loss(self, x, t):
        return -np.mean(np.log(np.sum(self.predict(x) * t, axis=1)))

    def evaluate(self, x, labels):
        order = np.random.permutation(len(x))
        answers = self.predict(x[order]).argmax(axis=1)
        return np.mean(answers == labels)


def load():
    mnist = unstuck.load_mnist()
    return mnist.images_train[:3000] / 255, mnist.y_train[:3000], mnist.images_test[:1000] / 255, mnist.y_test[:1000]


def training(seed=0):
    x, labels, x_test, labels_test = load()
    t = np.eye(10)[labels]
    classifier = Classifier(seed)
    updates = 0
    for _ in range(EPOCHS):
        for k in range(0, len(x), BATCH):
            classifier.improve(x[k : k + BATCH], t[k : k + BATCH])
            updates += 1
            if updates % 30 == 0:
                yield updates, classifier.loss(x, t), classifier.evaluate(x_test, labels_test)


def build(seed):
    x, labels, x_test, labels_test = load()
    classifier = Classifier(seed)
    return unstuck.Case(
        predict=classifier.predict,
        x=x,
        targets=np.eye(10)[labels],
        x_test=x_test,
        labels_test=labels_test,
        parameters=lambda: [classifier.v, classifier.c, classifier.u, classifier.d],
        step=classifier.improve,
        loss=classifier.loss,
        accuracy=classifier.evaluate,
        build=build,
        learning_rate=RATE,
        batch_size=BATCH,
        updates=EPOCHS * len(x) // BATCH,
    )
