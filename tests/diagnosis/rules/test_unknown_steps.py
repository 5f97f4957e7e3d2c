"""Updates whose formulas are in no table: what targets, batches and the step before do in them is seen all the same."""

import re
from dataclasses import replace

import numpy as np
import pytest

from tests.diagnosis.examination.small_network import SmallNetwork
from tests.diagnosis.rules.small_program import see
from unstuck.diagnosis.diagnose import diagnose
from unstuck.diagnosis.examination import examine_forward
from unstuck.diagnosis.identification.stepping import probe_stepping


class OwnDelta(SmallNetwork):
    """`error(outputs, targets)` starts the way back."""

    def __init__(self, error):
        super().__init__()
        self.error = error

    def gradients(self, x, targets):
        a = self.hidden(x)
        delta = self.error(self.predict(x), targets) / len(x)
        below = delta @ self.parameters[2].T * self.derivative(a)
        return [x.T @ below, below.sum(axis=0), a.T @ delta, delta.sum(axis=0)]


class Regression(OwnDelta):
    """The same with two linear outputs and real targets."""

    def __init__(self, error):
        super().__init__(error)
        generator = np.random.default_rng(1)
        self.parameters[2:] = [generator.normal(size=shape) * 0.3 for shape in ((8, 2), (2,))]
        self.wanted = np.sin(self.x[:, :2]) + 0.5 * self.x[:, 2:4]

    def predict(self, x):
        return self.hidden(x) @ self.parameters[2] + self.parameters[3]


def signs(gradients):
    return [-0.01 * g / (np.sqrt(np.abs(g)) + 1e-6) for g in gradients]


def codes(report):
    return [finding.rule.code for finding in report.findings]


def proofs(report):
    return [f.rule.code for f in [*report.findings, *report.notes] if f.grade == "proved"]


def of_regression(error):
    program = Regression(error)
    return diagnose(replace(program.case(), targets=program.wanted), cures=False, budget=120)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (lambda a, t: a**3 - t[:, :1], "column 2 of the targets"),
        (lambda a, t: np.abs(a - t) ** 1.5, "move the output the same way"),
        (lambda a, t: np.tanh(a) + 0.3 * a**2, "whatever the targets are"),
    ],
    ids=["one column", "no sign", "no target"],
)
def test_targets_that_do_not_do_their_work_are_proved(error, said):
    report = of_regression(error)
    assert codes(report)[0] == "L04"
    assert said in report.findings[0].summary
    assert report.findings[0].grade == "proved"


@pytest.mark.parametrize(
    "error",
    [
        lambda a, t: np.exp(np.minimum(a, 2)) - np.maximum(t, 0),
        lambda a, t: np.sign(a - t) * np.abs(a - t) ** 0.7,
    ],
    ids=["log of a rate", "power"],
)
def test_nothing_is_proved_of_errors_that_are_merely_unusual(error):
    assert not {"L04", "B14"} & set(proofs(of_regression(error)))


def test_a_right_class_that_is_never_raised_is_proved():
    program = OwnDelta(lambda p, t: p**3 * (1 - t))
    report = diagnose(program.case(), cures=False, budget=120)
    assert codes(report) == ["L04"]
    assert "never raises the score of its own class" in report.findings[0].summary


def test_examples_that_are_mixed_in_a_batch_are_proved():
    program = OwnDelta(lambda p, t: p - t + 0.7 * (p - p.mean(axis=0)))
    report = diagnose(program.case(), cures=False, budget=120)
    said = [f.summary for f in [*report.findings, *report.notes] if f.rule.code == "B14" and f.grade == "proved"]
    assert said
    assert "the error of one example depends on the others" in said[0]


def test_an_optimiser_for_which_examples_do_not_add_up_mixes_nothing():
    report = diagnose(SmallNetwork(signs).case(), cures=False, budget=120)
    assert not {"L04", "B14"} & set(proofs(report))


class Shortcut(SmallNetwork):
    """With a path around the hidden layer that no chain of layers has."""

    def __init__(self, update):
        super().__init__(update)
        generator = np.random.default_rng(2)
        self.parameters = [generator.normal(size=shape) * 0.3 for shape in ((10, 10), (10,), (10, 6), (6,))]

    def hidden(self, x):
        return x + np.tanh(x @ self.parameters[0] + self.parameters[1])

    def derivative(self, a):
        return np.ones_like(a)


class Gathering:
    """Steps with `kept` times all that was gathered before."""

    def __init__(self, kept):
        self.kept, self.sums = kept, None

    def __call__(self, gradients):
        sums = self.sums or [0.0] * len(gradients)
        self.sums = [self.kept * s + g for s, g in zip(sums, gradients, strict=True)]
        return [-0.1 * s for s in self.sums]


@pytest.mark.parametrize(("kept", "code"), [(1.0, "U02"), (-0.5, "U04"), (0.9, None)])
def test_what_comes_back_of_a_step_is_seen_whatever_the_network(kept, code):
    report = diagnose(Shortcut(Gathering(kept)).case(), cures=False, budget=120)
    found = {f.rule.code for f in [*report.findings, *report.notes]} & {"U02", "U03", "U04"}
    assert found == ({code} if code else set())


def test_a_rule_without_a_root_is_told_by_first_steps():
    program = SmallNetwork(lambda gradients: [-0.01 * g / (g * g + 1e-8) for g in gradients])
    report = diagnose(program.case(), cures=False, budget=120)
    assert codes(report)[0] == "U17"
    assert "no root is taken" in report.findings[0].summary


def test_a_root_of_gradients_that_were_not_squared_is_told_by_where_numbers_are_missing():
    program = SmallNetwork(lambda gradients: [-0.01 * g / (np.sqrt(g) + 1e-8) for g in gradients])
    report = diagnose(program.case(), cures=False, budget=120)
    assert codes(report) == ["U17"]
    assert "not squared" in report.findings[0].summary


def root_of_fourth_powers(a, t):
    return np.mean(((a - t) ** 4).sum(axis=1)) ** 0.25


@pytest.mark.parametrize(("sign", "found"), [(1, []), (-1, ["U01"])], ids=["down", "up"])
def test_steps_up_the_own_loss_are_seen_whatever_the_loss_is(sign, found):
    def error(a, t):
        return sign * (a - t) ** 3 * root_of_fourth_powers(a, t) ** -3

    program = Regression(error)
    case = replace(
        program.case(), targets=program.wanted, loss=lambda x, t: root_of_fourth_powers(program.predict(x), t)
    )
    report = diagnose(case, cures=False, budget=120)
    assert codes(report) == found


def test_targets_of_other_columns_than_the_outputs_may_be_times_and_ends():
    program = Regression(lambda a, t: (np.exp(np.minimum(a, 3)) * t[:, :1] - t[:, 1:]) / 2)
    wanted = np.column_stack([np.random.default_rng(0).exponential(size=len(program.x)), np.ones(len(program.x))])
    wanted[::3, 1] = 0
    program.parameters[2:] = [program.parameters[2][:, :1], program.parameters[3][:1]]
    report = diagnose(replace(program.case(), targets=wanted), cures=False, budget=120)
    assert codes(report) == proofs(report) == []


def test_one_point_that_all_examples_are_drawn_to_is_no_proved_fault():
    program = Regression(lambda a, t: a - t)
    report = diagnose(replace(program.case(), targets=np.full((len(program.x), 2), 0.3)), cures=False, budget=120)
    assert codes(report) == proofs(report) == []
    assert report.verdict == "inconclusive"


def test_a_sign_turned_round_in_one_column_is_proved_by_the_own_loss():
    def likelihood(a, t):
        return float(np.mean(a[:, 1] + (t[:, 0] - a[:, 0]) ** 2 * np.exp(-a[:, 1])) / 2)

    def error(sign):
        def delta(a, t):
            off = (a[:, 0] - t[:, 0]) * np.exp(-a[:, 1])
            return np.column_stack([off, sign * (1 - off * (a[:, 0] - t[:, 0])) / 2])

        return delta

    for sign, found in ((1, []), (-1, ["B14"])):
        program = Regression(error(sign))
        case = replace(
            program.case(), targets=program.wanted[:, :1], loss=lambda x, t, p=program: likelihood(p.predict(x), t) + 9
        )
        assert codes(diagnose(case, cures=False, budget=120)) == found


class Squeezed(SmallNetwork):
    """Of no known layers: sums divided by their length, and a gain that is learnt; `way` turns its gradient round."""

    def __init__(self, way):
        super().__init__()
        self.way = way
        self.parameters.append(np.ones(8))

    def hidden(self, x):
        z = x @ self.parameters[0] + self.parameters[1]
        self.length = np.sqrt(1 + (z**2).sum(axis=1, keepdims=True))
        self.ratio = z / self.length
        return self.ratio * self.parameters[4]

    def loss(self, x, targets):
        return float(-np.mean(np.log((self.predict(x) * targets).sum(axis=1))))

    def gradients(self, x, targets):
        a = self.hidden(x)
        delta = (self.predict(x) - targets) / len(x)
        below = delta @ self.parameters[2].T
        gain = (below * self.ratio).sum(axis=0)
        below = below * self.parameters[4]
        below = (below - self.ratio * (below * self.ratio).sum(axis=1, keepdims=True)) / self.length
        return [x.T @ below, below.sum(axis=0), a.T @ delta, delta.sum(axis=0), self.way * gain]


@pytest.mark.parametrize(("way", "found"), [(1, []), (-1, ["B14"])], ids=["right", "turned round"])
def test_arrays_of_any_network_are_held_against_the_own_loss(way, found):
    program = Squeezed(way)
    report = diagnose(replace(program.case(), loss=program.loss), cures=False, budget=120)
    proofs_of_gradients = [f for f in (*report.findings, *report.notes) if f.rule.code == "B14"]
    assert [f.rule.code for f in proofs_of_gradients] == found
    assert all(f.grade == "proved" and "array 5 (8,) moves up your loss" in f.summary for f in proofs_of_gradients)


def first_of_adam(gradient):
    return -0.01 * gradient / (np.abs(gradient) + 1e-8)


def first_of_adadelta(gradient):
    return -gradient * np.sqrt(1e-4) / np.sqrt(0.05 * gradient**2 + 1e-4)


def with_stepping(e):
    return replace(e, stepping=probe_stepping(e.program))


@pytest.mark.parametrize("rule", [first_of_adam, first_of_adadelta])
@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda i, g: g, ""),
        (lambda i, g: g[::-1] if i == 0 else g, "array 1 (10, 8) goes up your loss in some places"),
        (lambda i, g: -g if i == 4 else g, "array 5 (8,) moves up your loss"),
    ],
    ids=["right", "rows turned over", "turned round"],
)
def test_signs_tell_where_the_rule_hides_the_gradient(rule, spoil, said):
    program = Squeezed(1)
    program.update = lambda gradients: [rule(spoil(i, g)) for i, g in enumerate(gradients)]
    seen = see(program.case(loss=program.loss), "B14", stages=(with_stepping,))
    assert bool(seen) == bool(said)
    if said:
        assert seen["B14"].grade == "proved"
        assert said in seen["B14"].summary
        assert "3 (8, 6)" in seen["B14"].summary.split("; ")[-1]


class Dropping(SmallNetwork):
    """Dropout in the hidden layer; `back(mask, generator)` is what the way back multiplies with."""

    def __init__(self, back):
        super().__init__()
        self.generator, self.back = np.random.default_rng(3), back

    def gradients(self, x, targets):
        mask = (self.generator.random((len(x), 8)) < 0.6) / 0.6
        plain = self.hidden(x)
        sums = (plain * mask) @ self.parameters[2] + self.parameters[3]
        p = np.exp(sums - sums.max(axis=1, keepdims=True))
        delta = (p / p.sum(axis=1, keepdims=True) - targets) / len(x)
        below = delta @ self.parameters[2].T * self.back(mask, self.generator) * self.derivative(plain)
        return [x.T @ below, below.sum(axis=0), (plain * mask).T @ delta, delta.sum(axis=0)]


@pytest.mark.parametrize(
    ("back", "said"),
    [
        (lambda mask, generator: mask, ""),
        (lambda mask, generator: 1.0, "learn all the same"),
        (lambda mask, generator: (generator.random(mask.shape) < 0.6) / 0.6, "left out|leaves out"),
    ],
    ids=["right", "forgotten", "drawn anew"],
)
def test_units_that_are_left_out_are_left_out_on_the_way_back(back, said):
    seen = see(Dropping(back).case(), "B14", stages=(examine_forward, with_stepping))
    assert bool(seen) == bool(said)
    if said:
        assert seen["B14"].grade == "proved"
        assert re.search(said, seen["B14"].summary)
