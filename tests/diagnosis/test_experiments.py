"""What matters: nothing keeps a network stuck that learns as it is."""

import numpy as np

import unstuck
from tests.diagnosis.rules.small_program import BATCH, N_CLASSES, Softmax, draw_images, softmax


class RateForEachLayer:
    """Inputs of 0 to 255, balanced by small first weights and a small rate for them."""

    def __init__(self, seed=0):
        self.random = np.random.RandomState(seed)
        self.w = self.random.randn(64, 20) * 1e-3
        self.v = self.random.randn(20, N_CLASSES) * 0.2

    def predict(self, x):
        return softmax(np.maximum(x @ self.w, 0) @ self.v)

    def step(self, x, targets):
        hidden = np.maximum(x @ self.w, 0)
        delta = (softmax(hidden @ self.v) - targets) / len(x)
        back = delta @ self.v.T * (hidden > 0)
        self.v -= 0.2 * hidden.T @ delta
        self.w -= 2e-6 * x.T @ back

    train = Softmax.train


def test_a_repair_that_ruins_a_network_that_learns_makes_nothing_matter():
    images, labels = draw_images(900, 1)
    net = RateForEachLayer()
    case = unstuck.Case(
        predict=net.predict,
        x=images.reshape(-1, 64).astype(float),
        targets=np.eye(N_CLASSES)[labels],
        parameters=lambda: [net.w, net.v],
        step=net.step,
        train=net.train,
        batch_size=BATCH,
        updates=300,
    )
    report = unstuck.diagnose(case, cures=False)
    assert report.verdict == "healthy"
    assert {"B17", "D02"} <= {note.rule.code for note in report.notes}
