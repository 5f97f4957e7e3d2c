"""What a diagnosis keeps beside the data."""

import tracemalloc

import numpy as np

import unstuck

N, N_TEST, N_FEATURES, N_CLASSES = 40_000, 6_000, 784, 10
AT_MOST = 2.5  # times the data; it was 2.15, of which 0.8 goes with the number of examples


class Softmax:
    def __init__(self):
        self.w, self.b = np.zeros((N_FEATURES, N_CLASSES), np.float32), np.zeros(N_CLASSES, np.float32)

    def predict(self, x):
        z = x @ self.w + self.b
        e = np.exp(z - z.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)

    def step(self, x, labels):
        delta = (self.predict(x) - np.eye(N_CLASSES, dtype=np.float32)[labels]) / np.float32(len(x))
        self.w -= np.float32(0.1) * (x.T @ delta)
        self.b -= np.float32(0.1) * delta.sum(axis=0)

    def train(self, x, labels):
        for start in range(0, len(x), 100):
            self.step(x[start : start + 100], labels[start : start + 100])

    def accuracy(self, x, labels):
        return float(np.mean(self.predict(x).argmax(axis=1) == labels))


def test_many_examples_are_diagnosed_in_a_few_times_their_own_memory():
    generator = np.random.default_rng(0)
    labels = generator.integers(0, N_CLASSES, N + N_TEST)
    x = generator.random((N + N_TEST, N_FEATURES), dtype=np.float32)
    x[np.arange(len(x)), labels] += 2
    model = Softmax()
    case = unstuck.Case(
        predict=model.predict,
        x=x[:N],
        targets=labels[:N],
        x_test=x[N:],
        labels_test=labels[N:],
        parameters=lambda: [model.w, model.b],
        step=model.step,
        train=model.train,
        accuracy=model.accuracy,
        learning_rate=0.1,
        batch_size=100,
    )
    tracemalloc.start()
    try:
        report = unstuck.diagnose(case, cures=False, budget=300)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert report.verdict == "healthy"
    assert peak < AT_MOST * x.nbytes
