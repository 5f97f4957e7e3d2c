"""Programs that are right and handed over wrongly, and right ones of odd kinds: nothing false is said of either."""

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import unstuck
from tests.diagnosis.rules.small_program import N_CLASSES, draw_images, prepare, softmax
from unstuck.errors import CaseError

IMAGES, LABELS = draw_images(300, 1)
IMAGES_TEST, LABELS_TEST = draw_images(120, 2)
X, X_TEST, TARGETS = prepare(IMAGES), prepare(IMAGES_TEST), np.eye(N_CLASSES)[LABELS]
OUTPUTS: dict[str, Callable[[Any], Any]] = {
    "softmax": softmax,
    "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
    "linear": lambda z: z,
}


class Network:
    """A right network of tanh layers, with the loss that belongs to its output."""

    def __init__(self, sizes, output="softmax", rate=0.3):
        self.random = np.random.RandomState(0)
        self.weights = [self.random.randn(a, b) / np.sqrt(a) for a, b in itertools.pairwise(sizes)]
        self.biases = [np.zeros(b) for b in sizes[1:]]
        self.output, self.rate = output, rate

    def predict(self, x):
        self.activations = [x]
        for weights, bias in zip(self.weights[:-1], self.biases[:-1], strict=True):
            self.activations.append(np.tanh(self.activations[-1] @ weights + bias))
        return OUTPUTS[self.output](self.activations[-1] @ self.weights[-1] + self.biases[-1])

    def step(self, x, targets):
        delta = (self.predict(x) - targets) / len(x)
        for k in range(len(self.weights) - 1, -1, -1):
            weights, bias = self.activations[k].T @ delta, delta.sum(axis=0)
            if k:
                delta = (delta @ self.weights[k].T) * (1 - self.activations[k] ** 2)
            self.weights[k] -= self.rate * weights
            self.biases[k] -= self.rate * bias

    def train(self, x, targets, epochs=4):
        for _ in range(epochs):
            order = self.random.permutation(len(x))
            for i in range(0, len(x), 10):
                self.step(x[order[i : i + 10]], targets[order[i : i + 10]])

    def accuracy(self, x, labels):
        return float(np.mean(self.predict(x).argmax(axis=1) == labels))

    def case(self, **changed):
        fields = {
            "predict": self.predict,
            "x": X,
            "targets": TARGETS,
            "parameters": lambda: self.weights + self.biases,
            "step": self.step,
            "train": self.train,
            "batch_size": 10,
        }
        return unstuck.Case(**{**fields, **changed})


def classifier() -> Network:
    return Network([64, 20, N_CLASSES])


def diagnosed(case):
    return unstuck.diagnose(case, cures=False)


def missing(report) -> str:
    return " | ".join(f"{entry.what}: {entry.missing}" for entry in report.unchecked)


def labels_by(network):
    return lambda x: network.predict(x).argmax(axis=1)


def test_labels_in_the_place_of_scores_are_said_and_prove_nothing():
    network = classifier()
    test_set = {"labels": LABELS, "x_test": X_TEST, "labels_test": LABELS_TEST, "accuracy": network.accuracy}
    report = diagnosed(network.case(predict=labels_by(network), **test_set))
    assert (report.verdict, report.findings) == ("inconclusive", [])
    assert "returns labels: leave out the argmax" in missing(report)


def test_one_hot_decisions_in_the_place_of_scores_are_said_and_prove_nothing():
    network = classifier()
    report = diagnosed(network.case(predict=lambda x: np.eye(N_CLASSES)[labels_by(network)(x)]))
    assert (report.verdict, report.findings) == ("inconclusive", [])
    assert "leave out the argmax and the one-hot rows" in missing(report)


def test_biases_left_out_of_the_parameters_are_not_missing_in_the_network():
    network = classifier()
    report = diagnosed(network.case(parameters=lambda: network.weights))
    assert report.verdict == "inconclusive"
    assert "F07" not in {item.rule.code for item in [*report.findings, *report.notes]}
    assert "every array that predict reads" in missing(report)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"x": TARGETS, "targets": X}, "exchanged"),
        ({"x": LABELS, "targets": X}, "exchanged"),
        ({"x": X.T}, r"give x\.T"),
        ({"x": X.T, "targets": TARGETS.T}, r"give x\.T"),
    ],
    ids=["exchanged", "exchanged with labels", "inputs in columns", "both in columns"],
)
def test_arrays_in_the_wrong_place_or_the_wrong_way_are_refused_by_name(fields, said):
    with pytest.raises(CaseError, match=said):
        diagnosed(classifier().case(**fields))


def test_a_network_that_was_trained_before_is_said_to_be():
    network = classifier()
    network.train(X, TARGETS, epochs=20)
    report = diagnosed(network.case())
    assert report.verdict == "healthy"
    assert "a Case made before training" in missing(report)


def test_arrays_that_change_from_call_to_call_prove_nothing_and_are_not_healthy():
    network, calls = classifier(), []

    def parameters():
        calls.append(0)
        return (network.weights + network.biases)[: 4 - len(calls) % 2]

    report = diagnosed(network.case(parameters=parameters))
    assert (report.verdict, report.findings) == ("inconclusive", [])


@pytest.mark.parametrize("targets", [TARGETS, X @ np.ones((64, 1)) / 20], ids=["classes", "values"])
def test_one_target_that_is_no_number_is_the_cause_and_not_the_rate(targets):
    targets = targets.astype(float).copy()
    targets[7, 0] = np.nan
    network = classifier() if targets.shape[1] > 1 else Network([64, 20, 1], "linear", 0.05)
    assert [finding.rule.code for finding in diagnosed(network.case(targets=targets)).findings] == ["D15"]


def maps(n):
    return np.random.default_rng(0).normal(size=(64, n)) * 0.2


ODD = {
    "autoencoder, linear": lambda: Network([64, 16, 64], "linear", 0.05).case(targets=X),
    "autoencoder, sigmoid": lambda: Network([64, 16, 64], "sigmoid").case(targets=X),
    "autoencoder of two layers": lambda: Network([64, 32, 8, 64], "sigmoid").case(targets=X),
    "several labels": lambda: Network([64, 20, 5], "sigmoid").case(
        targets=np.array([[1, 1, 0, 0, 0], [0, 1, 1, 1, 0], [0, 0, 0, 0, 0], [1, 0, 0, 1, 1], [0, 0, 0, 0, 1.0]])[
            LABELS
        ]
    ),
    "regression of one output": lambda: Network([64, 20, 1], "linear", 0.05).case(targets=X @ maps(1)),
    "regression of three outputs": lambda: Network([64, 20, 3], "linear", 0.1).case(targets=X @ maps(3)),
    "regression of twenty outputs": lambda: Network([64, 20, 20], "linear", 0.02).case(targets=X @ maps(20)),
    "ranks": lambda: Network([64, 20, 1], "linear", 0.02).case(targets=LABELS[:, None] * 1.0),
    "two classes, one output": lambda: Network([64, 20, 1], "sigmoid").case(targets=(LABELS == 1)[:, None] * 1.0),
    "two classes, two outputs": lambda: Network([64, 20, 2]).case(targets=np.eye(2)[(LABELS == 1).astype(int)]),
    "probabilities": lambda: classifier().case(targets=0.7 * TARGETS + 0.3 * softmax(X @ maps(5))),
    "twelve examples": lambda: classifier().case(x=X[:12], targets=TARGETS[:12]),
    "three examples": lambda: classifier().case(x=X[:3], targets=TARGETS[:3]),
    "deep, without a loop": lambda: Network([64, 16, 16, N_CLASSES]).case(train=None),
    "many classes of few": lambda: classifier().case(x=X[:40], targets=TARGETS[:40]),
}


@pytest.mark.parametrize("make", ODD.values(), ids=ODD)
def test_right_programs_of_odd_kinds_are_left_in_peace(make):
    report = diagnosed(make())
    assert not report.findings, str(report)
    assert not report.notes, str(report)


def test_an_exception_of_predict_is_shown():
    def predict(x):
        raise KeyError("weights")

    report = diagnosed(unstuck.Case(predict=predict, x=X, targets=TARGETS))
    assert "KeyError: 'weights' (test_wiring.py, line" in missing(report)


def test_complex_outputs_are_refused_by_name():
    report = diagnosed(unstuck.Case(predict=lambda x: x * 1j, x=X, targets=TARGETS))
    assert "expected an array of real numbers" in missing(report)


def test_a_name_that_cannot_be_written_does_not_keep_the_page_from_being(tmp_path):
    diagnosed(classifier().case(name="net\udcff")).to_html(str(tmp_path / "page.html"))
    assert "net?" in (tmp_path / "page.html").read_text()


def test_a_step_that_learns_from_other_inputs_has_one_cause():
    network = classifier()
    report = diagnosed(network.case(step=lambda x, targets: network.step(np.zeros_like(x), targets), train=None))
    assert [(finding.rule.code, finding.grade) for finding in report.findings] == [("D14", "proved")]


def test_a_step_that_goes_by_the_last_prediction_is_no_fault_of_the_program():
    network = classifier()

    def step(x, targets):
        forward = network.predict
        network.predict = lambda x: network.last[: len(targets)]
        try:
            network.activations = [a[: len(targets)] for a in network.kept]
            network.step(x, targets)
        finally:
            network.predict = forward

    def predict(x):
        network.last = network.predict(x)
        network.kept = network.activations
        return network.last

    predict(X)
    report = diagnosed(network.case(predict=predict, step=step, train=None))
    assert report.findings == []
    assert "predict was called with last" in missing(report)


def test_a_step_over_its_own_examples_is_no_fault_of_the_program():
    network = classifier()
    report = diagnosed(network.case(step=lambda x, targets: network.step(X[:10], TARGETS[:10]), train=None))
    assert report.findings == []
    assert "learns from the x and targets it is given" in missing(report)


def test_one_example_tells_nothing():
    network = Network([64, 20, N_CLASSES], output="linear")
    report = diagnosed(network.case(x=X[:1], targets=TARGETS[:1], batch_size=1))
    assert report.verdict == "inconclusive"
    assert "two examples or more" in missing(report)
