"""A small right program on drawn 8 x 8 images of five classes, to be given one fault at a time."""

import numpy as np

from unstuck.diagnosis.case import Case
from unstuck.diagnosis.examination import examine_forward
from unstuck.diagnosis.examination.examination import Examination
from unstuck.diagnosis.program.program import Program
from unstuck.diagnosis.rules import RULES

N_CLASSES, SIDE = 5, 8
N_TRAIN, N_TEST, BATCH = 300, 120, 10


def draw_images(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """(n, 8, 8) bytes, a noisy shape for each class on dark ground, and their labels."""
    shapes = np.random.default_rng(99).random((N_CLASSES, SIDE, SIDE)) > 0.6
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, N_CLASSES, n)
    ink = generator.integers(60, 256, (n, SIDE, SIDE)) * (generator.random((n, SIDE, SIDE)) > 0.15)
    return np.where(shapes[labels], ink, 0).astype(np.uint8), labels


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


class Softmax:
    """Softmax regression as a user would write it."""

    def __init__(self, n_features: int, seed: int = 0):
        self.random = np.random.RandomState(seed)
        self.w, self.b = self.random.randn(n_features, N_CLASSES) * 0.05, np.zeros(N_CLASSES)

    def predict(self, x):
        return softmax(x @ self.w + self.b)

    def step(self, x, targets):
        delta = (self.predict(x) - targets) / len(x)
        self.w -= 0.5 * x.T @ delta
        self.b -= 0.5 * delta.sum(axis=0)

    def train(self, x, targets):
        for _ in range(4):
            order = self.random.permutation(len(x))
            for i in range(0, len(x), BATCH):
                self.step(x[order[i : i + BATCH]], targets[order[i : i + BATCH]])

    def accuracy(self, x, labels):
        return float(np.mean(self.predict(x).argmax(axis=1) == labels))


def prepare(images):
    return images.reshape(len(images), -1) / 255


def make_case(program: type[Softmax] = Softmax, **changed) -> Case:
    """The Case of a right program, with some fields changed; `raw` holds all four arrays."""
    images, labels = draw_images(N_TRAIN, 1)
    images_test, labels_test = draw_images(N_TEST, 2)
    net = program(SIDE * SIDE)
    fields = {
        "predict": net.predict,
        "x": prepare(images),
        "targets": np.eye(N_CLASSES)[labels],
        "labels": labels,
        "x_test": prepare(images_test),
        "targets_test": np.eye(N_CLASSES)[labels_test],
        "labels_test": labels_test,
        "parameters": lambda: [net.w, net.b],
        "step": net.step,
        "train": net.train,
        "accuracy": net.accuracy,
        "raw": (images, labels, images_test, labels_test),
        "batch_size": BATCH,
    }
    return Case(**{**fields, **changed})


def see(case: Case, *codes: str, stages=(examine_forward,)) -> dict:
    """The first evidence of each of these rules that sees something (of all D and E rules without codes)."""
    e = Examination(case, Program(case))
    try:
        for examine in stages:
            e = examine(e)
        found = {code: RULES[code].look(e) for code in codes or sorted(c for c in RULES if c[0] in "DE")}
        return {code: evidence[0] for code, evidence in found.items() if evidence}
    finally:
        e.program.close()
