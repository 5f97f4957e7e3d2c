"""Drawn scripts are read completely, their planted faults are named, and healthy ones stay silent."""

import os

import numpy as np
import pytest

from tests.adapters.scripts.drawn import STYLES, draw
from tests.adapters.scripts.watched import runner
from unstuck.adapters.scripts.reading.examples import input_rows, target_rows
from unstuck.adapters.scripts.reading.update import read_update
from unstuck.adapters.scripts.study import study
from unstuck.diagnosis.diagnose import diagnose

COUNT = int(os.environ.get("UNSTUCK_DRAWN_SCRIPTS", "25"))


@pytest.mark.parametrize("number", range(COUNT))
def test_a_drawn_script_is_read_and_examined(number):
    script = draw(number)
    studied = study(runner(script.text))
    reading = studied.reading
    assert reading.complete, reading.unread
    assert not reading.unread
    shapes = sorted(sorted(value.shape) for value in reading.parameters)
    assert [2, script.hidden] in shapes
    assert [3, script.hidden] in shapes
    assert len(shapes) == 4
    assert studied.built.faithful
    assert studied.built.next_too, "with the examples of the next update the replay must give its parameters"
    report = diagnose(studied.case, budget=60.0, cures=False)
    named = {finding.rule.code for finding in [*report.findings, *report.notes]}
    if script.codes:
        assert named & set(script.codes)
    else:
        assert report.verdict == "healthy"
        assert not report.findings


@pytest.mark.parametrize("style", STYLES)
def test_the_reading_names_what_the_script_learns_from_what(style):
    script = draw(STYLES.index(style) + 1000, "healthy")
    reading = study(runner(script.text)).reading
    lines = script.text.splitlines()
    assert {reading.inputs.name, reading.targets.name} <= {"X", "Y"}
    assert reading.targets.coding == "one-hot"
    assert reading.inputs.shape[1] == 2
    assert reading.update.updates_planned is not None
    for parameter in reading.parameters:
        assert any(word in lines[parameter.line - 1] for word in ("randn", "zeros"))
        assert "rate" in lines[parameter.updated_at - 1] or "eta" in lines[parameter.updated_at - 1]


@pytest.mark.parametrize("style", STYLES)
def test_a_recorded_script_makes_the_updates_of_the_plain_one(style):
    """The first three updates under watch are those of the plain run, to the bit."""
    script = draw(STYLES.index(style) + 2000, "healthy")
    studied = study(runner(script.text))
    replay, read = studied.built.replay, studied.read
    for number in (1, 2, 3):
        update = read_update(read.recording, read.chains, number)
        x = input_rows(update.inputs.values, update.inputs)
        replay.step(x, target_rows(update.targets.values, len(x), replay.columns))  # plain code, without hooks
        watched = [chain.versions[number].value for chain in read.chains]
        assert all(np.array_equal(a, b) for a, b in zip(replay.parameters(), watched, strict=True))
