"""What matters: nothing keeps a network stuck that learns as it is."""

from dataclasses import replace

import numpy as np
import pytest

import unstuck
from tests.diagnosis.examination.small_network import SmallNetwork
from tests.diagnosis.rules.small_program import BATCH, N_CLASSES, Softmax, draw_images, softmax
from tests.diagnosis.trials.trial import Trial
from unstuck.diagnosis.report.contents import Cure, Finding
from unstuck.diagnosis.report.report import Report
from unstuck.diagnosis.report.text import HELPFUL_NOTES, NOTES, UNTRIED_NOTES, note_groups
from unstuck.diagnosis.rules import RULES


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


class EqualUnits(RateForEachLayer):
    """All units of the hidden layer start as copies of each other."""

    def __init__(self):
        super().__init__()
        self.w[:] = 1e-2
        self.v[:] = 0.1

    def step(self, x, targets):
        hidden = np.maximum(x @ self.w, 0)
        delta = (softmax(hidden @ self.v) - targets) / len(x)
        back = delta @ self.v.T * (hidden > 0)
        self.v -= 0.2 * hidden.T @ delta
        self.w -= 0.2 * x.T @ back


class FreshWeights(EqualUnits):
    def __init__(self):
        super().__init__()
        self.w[:], self.v[:] = self.random.randn(*self.w.shape) * 0.1, self.random.randn(*self.v.shape) * 0.2


@pytest.mark.parametrize("divisor", [255, 1 / 255])
def test_inputs_are_scaled_where_they_are_tiny_as_where_they_are_huge(divisor):
    net = FreshWeights()
    case = by_train_alone(net, parameters=lambda: [net.w, net.v], step=net.step, train=net.train, updates=300)
    case.x = case.x / divisor
    assert "D02" in {finding.rule.code for finding in unstuck.diagnose(case, cures=False).findings}


def by_train_alone(net, **fields):
    images, labels = draw_images(900, 1)
    return unstuck.Case(
        predict=net.predict,
        x=images.reshape(-1, 64) / 255,
        targets=np.eye(N_CLASSES)[labels],
        batch_size=BATCH,
        **fields,
    )


def test_first_weights_are_judged_by_the_programs_own_loop_where_no_step_is_given():
    net = EqualUnits()
    case = by_train_alone(net, parameters=lambda: [net.w, net.v], train=net.train)
    report = unstuck.diagnose(case, cures=False)
    assert [finding.rule.code for finding in report.findings] == ["A01"]
    assert report.cures[0].changes == ("A01",)
    assert report.cures[0].accuracy_after > report.cures[0].accuracy_before + 0.2


def test_what_could_not_be_tried_is_not_called_harmless():
    net = EqualUnits()
    report = unstuck.diagnose(by_train_alone(net, parameters=lambda: [net.w, net.v]), cures=False)
    assert "A01" in {note.rule.code for note in note_groups(report)[UNTRIED_NOTES]}


def test_steps_that_learn_do_not_make_a_loop_healthy_that_does_not():
    class DropsInputs(FreshWeights):
        """Random steps that learn, and a loop that undoes them."""

        def step(self, x, targets):
            super().step(x * (self.random.random_sample(x.shape) > 0.2), targets)

        def train(self, x, targets):
            for _ in range(4):
                super().train(x, targets)
                self.v *= 0

    net = DropsInputs()
    case = by_train_alone(net, parameters=lambda: [net.w, net.v], step=net.step, train=net.train)
    report = unstuck.diagnose(case, cures=False)
    assert report.verdict == "inconclusive"
    assert any("where single steps learn" in entry.what for entry in report.unchecked)
    case.train = super(DropsInputs, net).train
    assert unstuck.diagnose(case, cures=False).verdict == "healthy"


def test_a_note_is_called_helpful_if_a_cure_shows_what_it_brings():
    note = Finding(RULES["A05"], "measured", "weights of one sign", {}, matters=False)
    cure = Cure(("B06", "A05"), 0.7, 0.9, 100, 0, 1.0)
    report = Report("net", "faulty", 0.0, {}, notes=[note], cures=[replace(cure, worth={"A05": 0.1})])
    assert list(note_groups(report)) == [HELPFUL_NOTES]
    report.cures[:] = [cure]  # what the two bring together may all be the other's work
    assert list(note_groups(report)) == [NOTES]


def test_what_is_right_may_be_slower_at_first():
    report = unstuck.diagnose(Trial("sigmoid_deep", ("B02 NoDerivativeInFirstLayer",)).case(), cures=False)
    assert [finding.rule.code for finding in report.findings] == ["B02"]


@pytest.mark.parametrize("rows", [slice(None), slice(0, 40)])
def test_a_formula_is_found_beside_inputs_that_are_not_finite(rows):
    case = Trial("relu_softmax", ("B10 SignOfHiddenDeltaWrong",)).case()
    x = case.x.copy()
    x[rows, 3] = np.nan
    report = unstuck.diagnose(replace(case, x=x), cures=False)
    assert {"B10", "D01"} <= {finding.rule.code for finding in report.findings}


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # of the logarithm
@pytest.mark.parametrize(("least", "noted"), [(0.0, True), (-1.0, False)])
def test_a_loss_that_stays_finite_once_the_fault_is_put_right_is_no_second_fault(least, noted):
    network = SmallNetwork(lambda gradients: [-0.5 * gradient for gradient in gradients])
    network.parameters[2] *= 3000.0

    def loss(x, targets):
        return -np.sum(targets * np.log(network.predict(x) + least)) / len(x)

    report = unstuck.diagnose(network.case(loss=loss, updates=400, batch_size=6), cures=False)
    assert "A07" in [finding.rule.code for finding in report.findings]
    assert ("L03" in [note.rule.code for note in report.notes]) == noted
    assert ("L03" in [finding.rule.code for finding in report.findings]) != noted


class WithoutBiases:
    """tanh units and a sigmoid output, no bias; all four examples in every update."""

    def __init__(self, n_inputs):
        random = np.random.RandomState(1)
        self.w, self.v = random.randn(n_inputs, 4), random.randn(4, 1)

    def predict(self, x):
        return 1 / (1 + np.exp(-np.tanh(x @ self.w) @ self.v))

    def step(self, x, targets):
        hidden = np.tanh(x @ self.w)
        delta = (1 / (1 + np.exp(-hidden @ self.v)) - targets) / 4
        back = delta @ self.v.T * (1 - hidden**2)
        self.v -= 0.5 * hidden.T @ delta
        self.w -= 0.5 * x.T @ back

    def case(self, x, targets):
        return unstuck.Case(
            predict=self.predict,
            x=x,
            targets=targets,
            parameters=lambda: [self.w, self.v],
            step=self.step,
            batch_size=4,
            updates=5000,
        )


CORNERS = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
EQUAL = np.array([[1.0], [0.0], [0.0], [1.0]])


def test_a_missing_bias_is_a_finding_where_nothing_is_learnt_without_one():
    report = unstuck.diagnose(WithoutBiases(2).case(CORNERS, EQUAL), cures=False)
    assert [finding.rule.code for finding in report.findings] == ["F07"]
    assert report.network["update"]["reduction"] == "sum"  # though the example of zeros moves nothing by itself


def test_a_missing_bias_is_a_note_where_an_input_stands_for_it():
    corners = np.column_stack([CORNERS, np.ones(4)])
    report = unstuck.diagnose(WithoutBiases(3).case(corners, EQUAL), cures=False)
    assert report.verdict == "healthy"
    assert "F07" in [note.rule.code for note in report.notes]


class OwnActivation:
    """Logistic regression on one number whose weight gradient takes the output in the place of the input."""

    def __init__(self, weight):
        self.w, self.b = np.array([[weight]]), np.zeros(1)

    def predict(self, x):
        return 1 / (1 + np.exp(-(x @ self.w + self.b)))

    def step(self, x, targets):
        p = self.predict(x)
        self.w -= 0.5 * p.T @ (p - targets) / len(x)
        self.b -= 0.5 * (p - targets).mean(axis=0)


@pytest.mark.parametrize("weight", [0.01, -0.01])
def test_a_start_that_answers_right_before_anything_is_learnt_makes_no_fault_harmless(weight):
    net, x = OwnActivation(weight), np.array([[-3.0], [-2.0], [3.0], [2.0]])
    case = unstuck.Case(
        predict=net.predict,
        x=x,
        targets=(x > 0).astype(float),
        parameters=lambda: [net.w, net.b],
        step=net.step,
        batch_size=4,
        updates=50,
    )
    report = unstuck.diagnose(case, cures=False)
    assert [finding.rule.code for finding in report.findings] == ["B07"]


class Straight:
    """Logistic regression: no hidden layer."""

    def __init__(self, n_inputs):
        self.w, self.b = np.random.RandomState(0).randn(n_inputs, 1), np.zeros(1)

    def predict(self, x):
        return 1 / (1 + np.exp(-(x @ self.w + self.b)))

    def step(self, x, targets):
        delta = (self.predict(x) - targets) / len(x)
        self.w -= 0.5 * x.T @ delta
        self.b -= 0.5 * delta.sum(axis=0)


def of_classes(labels, x):
    net = Straight(x.shape[1])
    return unstuck.diagnose(
        unstuck.Case(
            predict=net.predict,
            x=x,
            targets=labels[:, None].astype(float),
            parameters=lambda: [net.w, net.b],
            step=net.step,
            batch_size=min(len(x), 20),
            updates=1000,
        ),
        cures=False,
    )


def test_a_hidden_layer_is_missed_where_no_straight_line_parts_the_classes():
    report = of_classes(np.array([0, 1, 1, 0]), CORNERS)
    assert [finding.rule.code for finding in report.findings] == ["A08"]


def test_no_hidden_layer_is_missed_where_nothing_can_be_learnt():
    random = np.random.RandomState(2)
    report = of_classes(random.randint(0, 2, 300), random.randn(300, 6))
    assert report.verdict == "inconclusive"


def test_no_hidden_layer_is_missed_where_a_straight_line_parts_the_classes():
    x = np.random.RandomState(3).randn(300, 6)
    assert of_classes((x[:, 0] > x[:, 1]).astype(int), x).verdict == "healthy"
