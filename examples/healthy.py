"""Looks wrong and is right: a loss summed over the batch, with a rate that seems far too small. They go together.

`unstuck diagnose healthy.py` finds no fault.
"""

import numpy as np

import unstuck

RATE = 0.002  # of the summed gradient of 50 images: 0.1 of the mean
BATCH = 50
EPOCHS = 5


class Classifier:
    """784-40-10, ReLU and softmax."""

    def __init__(self, seed: int) -> None:
        generator = np.random.default_rng(seed)
        self.w1 = generator.normal(0, np.sqrt(2 / 784), (784, 40))
        self.b1 = np.zeros(40)
        self.w2 = generator.normal(0, np.sqrt(1 / 40), (40, 10))
        self.b2 = np.zeros(10)

    def probabilities(self, x: np.ndarray) -> np.ndarray:
        self.hidden = np.maximum(x @ self.w1 + self.b1, 0)  # (n, 40)
        scores = self.hidden @ self.w2 + self.b2  # (n, 10)
        e = np.exp(scores - scores.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)

    def loss(self, x: np.ndarray, targets: np.ndarray) -> float:
        return -np.sum(targets * np.log(self.probabilities(x)))

    def step(self, x: np.ndarray, targets: np.ndarray) -> None:
        delta2 = self.probabilities(x) - targets  # (n, 10)
        delta1 = delta2 @ self.w2.T * (self.hidden > 0)  # (n, 40)
        self.w2 -= RATE * self.hidden.T @ delta2
        self.b2 -= RATE * delta2.sum(axis=0)
        self.w1 -= RATE * x.T @ delta1
        self.b1 -= RATE * delta1.sum(axis=0)

    def train(self, x: np.ndarray, targets: np.ndarray) -> None:
        generator = np.random.default_rng(0)
        for _ in range(EPOCHS):
            for rows in np.array_split(generator.permutation(len(x)), len(x) // BATCH):
                self.step(x[rows], targets[rows])

    def accuracy(self, x: np.ndarray, labels: np.ndarray) -> float:
        return np.mean(self.probabilities(x).argmax(axis=1) == labels)


def load() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    data = unstuck.load_mnist()
    return data.images_train[:5000] / 255, data.y_train[:5000], data.images_test[:2000] / 255, data.y_test[:2000]


def build(seed: int) -> unstuck.Case:
    x, labels, x_test, labels_test = load()
    network = Classifier(seed)
    return unstuck.Case(
        predict=network.probabilities,
        x=x,
        targets=np.eye(10)[labels],
        x_test=x_test,
        labels_test=labels_test,
        parameters=lambda: [network.w1, network.b1, network.w2, network.b2],
        step=network.step,
        loss=network.loss,
        accuracy=network.accuracy,
        build=build,
        learning_rate=RATE,
        batch_size=BATCH,
        updates=EPOCHS * len(x) // BATCH,
    )


if __name__ == "__main__":
    x, labels, x_test, labels_test = load()
    network = Classifier(0)
    network.train(x, np.eye(10)[labels])
    print(f"test accuracy: {network.accuracy(x_test, labels_test):.1%}")
