"""Rates that change from update to update, and gradients divided by the number of examples more than once."""

from dataclasses import replace

import pytest

from tests.diagnosis.identification.storage import store
from tests.diagnosis.networks import draw_batch, draw_parameters, draw_twin
from tests.diagnosis.report.portrait.setups import digits_setup
from unstuck.diagnosis.experiments.changes import with_falling_rate
from unstuck.diagnosis.identification.following import departure
from unstuck.diagnosis.identification.forward import identify_forward
from unstuck.diagnosis.identification.layout import find_chains
from unstuck.diagnosis.identification.schedule import find_rate_law
from unstuck.diagnosis.identification.update import power_of
from unstuck.diagnosis.program.observations import Record
from unstuck.diagnosis.twin.update_rule import CONSTANT, RateLaw, State, UpdateRule

SIZES = (7, 6, 4)


def run_of(twin, updates=8):
    """Consecutive steps of this twin, and the forward pass as it is identified."""
    parameters, state, records = draw_parameters(SIZES, 0), State(), []
    for seed in range(updates):
        x, targets = draw_batch(6, SIZES[0], SIZES[-1], seed)
        before = store(parameters.copy(), "rows")
        twin.step(parameters, state, x, targets)
        records.append(Record(x, targets, before, store(parameters.copy(), "rows")))
    first = records[0]
    chains = find_chains([array.shape for array in first.before], SIZES[0], SIZES[-1])
    outputs = twin.predict(draw_parameters(SIZES, 0), first.x)
    return records, identify_forward(first.before, first.x, outputs, chains, 1e-9)


@pytest.mark.parametrize(
    ("law", "beta"),
    [
        (RateLaw("geometric", 0.8), 0.0),
        (RateLaw("geometric", 1.2), 0.0),
        (RateLaw("inverse", 0.3), 0.0),
        (RateLaw("inverse", 1.0, power=0.5), 0.0),
        (RateLaw("inverse", 2.0, power=3.0), 0.0),
        (RateLaw("geometric", 0.8), 0.5),
        (RateLaw("geometric", 0.8, keeps_steps=False), 0.5),
    ],
    ids=str,
)
def test_the_law_of_a_changing_rate_is_found(law, beta):
    response = ("momentum", beta) if beta else ("plain", 0.0)
    records, forward = run_of(draw_twin(update=UpdateRule(response=response, rate_law=law)))
    ratio = law.share(2)
    shares = beta / ratio**0.5 if law.keeps_steps else beta  # of the last gradient in a change, as they are measured
    constant = draw_twin(update=UpdateRule(response=(response[0], shares)))
    assert departure(constant, [records], forward) > 0.01
    found, apart = find_rate_law(constant, ratio, [records], forward)
    assert apart < 1e-9
    assert (found.update.rate_law.name, found.update.rate_law.value) == (law.name, pytest.approx(law.value))


def test_a_falling_rate_ends_at_its_share():
    setup = with_falling_rate(0.03)(digits_setup())
    assert setup.twin.update.rate_law != CONSTANT
    assert setup.twin.update.rate_law.share(setup.updates) == pytest.approx(0.03)


@pytest.mark.parametrize("power", [0, 1, 2])
def test_divisions_by_the_number_of_examples_are_counted(power):
    assert power_of({n: -0.1 / n**power for n in (1, 6, 12)}, None, 10) == power
    assert power_of({n: -0.1 / n**1.5 for n in (1, 6, 12)}, None, 10) is None


def test_a_rate_that_rises_in_equal_steps_follows_no_law_that_is_known():
    records, forward = run_of(draw_twin())
    equal_steps = [
        replace(record, after=[b + (1 + k) * c for b, c in zip(record.before, record.changes, strict=True)])
        for k, record in enumerate(records)
    ]
    _, apart = find_rate_law(draw_twin(), 3.0, [equal_steps], forward)
    assert apart > 0.01
