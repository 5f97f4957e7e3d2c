"""Every rule has an example that contains its fault; the curves on its page are those that the example gives."""

from dataclasses import replace

import numpy as np
import pytest

import unstuck
from unstuck.diagnosis.catalogue.examples.curves import Curves, measure, recorded
from unstuck.diagnosis.catalogue.examples.faults import EXAMPLES
from unstuck.diagnosis.catalogue.markdown import in_words, picture, rule_markdown
from unstuck.diagnosis.catalogue.terminal import rule_page, sparkline
from unstuck.diagnosis.report.portrait.training import train
from unstuck.diagnosis.rules import RULES
from unstuck.diagnosis.twin.update_rule import State

HARDLY_COSTS = {"F05", "F07", "B07", "U18"}  # true of small networks on easy digits; their pages show it


@pytest.fixture(scope="module")
def digits():
    data = unstuck.load_mnist()
    return data.x_train[:1500], data.y_train[:1500], data.x_test[:500], data.y_test[:500]


def test_every_rule_has_an_example_and_its_curves():
    assert set(EXAMPLES) == {code for code, rule in RULES.items() if not rule.of_library} == set(recorded())


@pytest.mark.parametrize("code", ["F01", "A03", "U09", "E02"])
def test_recorded_curves_are_what_the_example_gives(code, digits):
    found, known = Curves(**measure(code, digits)), recorded()[code]
    assert replace(found, healthy=[], faulty=[]) == replace(known, healthy=[], faulty=[])
    for name in ("healthy", "faulty"):  # another machine rounds otherwise, and training magnifies it
        np.testing.assert_allclose(getattr(found, name)[:3], getattr(known, name)[:3], atol=0.02)
        assert getattr(found, name)[-1] == pytest.approx(getattr(known, name)[-1], abs=0.1)


def test_examples_learn_without_their_fault_and_worse_with_it():
    for code, curves in recorded().items():
        assert curves.healthy[-1] > 0.65, code
        if code == "D06":  # an accuracy read on training examples is too good
            assert curves.faulty[-1] > curves.healthy[-1]
        elif code not in HARDLY_COSTS:
            assert curves.faulty[-1] < curves.healthy[-1] - 0.015, code


def test_planting_leaves_the_healthy_network_alone(digits):
    for code, example in EXAMPLES.items():
        setup = example.network(digits)
        before = setup.parameters.copy()
        with np.errstate(all="ignore"):
            train(replace(example.plant(setup), updates=1), n_points=2)
        same = zip(before.arrays(), setup.parameters.arrays(), strict=True)
        assert all((a == b).all() for a, b in same), code


def test_the_page_and_the_terminal_show_the_same_numbers():
    curves = recorded()["F01"]
    assert in_words(curves) in rule_markdown(RULES["F01"])
    assert f"{curves.faulty[-1]:.0%} with the fault" in picture(curves)
    page = rule_page(RULES["F01"])
    assert " ".join(in_words(curves).split()) in " ".join(page.split())
    assert sparkline(curves.healthy) in page
    assert max(len(line) for line in page.splitlines()) <= 100


def test_blocks_rise_with_shares():
    assert sparkline([0.0, 0.5, 1.0]) == "▁▅█"


# -- the examples diagnosed --------------------------------------------------------------------------------------------

# Faults of formula that a twin, wrapped as a program, contains just as a user's program would.
FORMULAS = [code for code in RULES if code[0] in "FLBU" and not RULES[code].setting]
ELSEWHERE = {  # what a twin cannot contain, or what has the same numbers as something else
    "F09": "gives the numbers of B03",
    "L03": "the loss itself is no part of a twin",
    "U06": "integers are no part of a twin",
    "U13": "is what a rate too high leads to",
    "U14": "gives the numbers of a momentum",
}


def case_of(setup) -> unstuck.Case:
    """The Setup as a program of its user."""
    parameters, state = setup.parameters.copy(), State()

    def step(x, targets):
        setup.twin.step(parameters, state, x, targets)

    return unstuck.Case(
        predict=lambda x: setup.twin.predict(parameters, x),
        parameters=parameters.arrays,
        step=step,
        x=setup.x,
        targets=setup.targets,
        labels=setup.labels,
        batch_size=setup.batch_size,
        updates=setup.updates,
    )


@pytest.mark.slow
@pytest.mark.parametrize("code", [code for code in FORMULAS if code not in ELSEWHERE])
def test_the_fault_of_an_example_is_named(code, digits):
    example = EXAMPLES[code]
    report = unstuck.diagnose(case_of(example.plant(example.network(digits))), budget=8, cures=False)
    named = {f.rule.code for f in [*report.findings, *report.notes]}
    alike = {other for f in [*report.findings, *report.notes] for other in f.look_alikes}
    assert code in named | alike
