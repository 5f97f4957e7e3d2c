"""Rates that change from one update to the next: which law a program's own updates follow."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from unstuck.diagnosis.identification.following import departure
from unstuck.diagnosis.identification.forward import Forward
from unstuck.diagnosis.program.observations import Record
from unstuck.diagnosis.twin.twin import Twin
from unstuck.diagnosis.twin.update_rule import RateLaw

POWERS = (1.0, 0.5, 2.0, 3.0)  # of the updates made, by which rates fall


def find_rate_law(twin: Twin, ratio: float, runs: list[list[Record]], forward: Forward) -> tuple[Twin, float]:
    """The twin with the law of the rate with which it follows these runs best, and how far it departs then.

    ratio: the rate of the third update over that of the first.
    """
    tried = [(departure(changed, runs, forward), changed) for changed in _candidates(twin, ratio)]
    apart, best = min(tried, key=lambda entry: entry[0], default=(np.inf, twin))
    return best, apart


def _candidates(twin: Twin, ratio: float) -> Iterator[Twin]:
    """Momentum may keep steps, rate included, or gradients: the rate's change is part of what is kept, or it is not."""
    if not (np.isfinite(ratio) and ratio > 0):
        return
    rule, factor = twin.update, float(np.sqrt(ratio))
    laws = [RateLaw("geometric", factor)]
    if ratio < 1:  # a rate that rises this way would be infinite some day
        laws += [RateLaw("inverse", (ratio ** (-1 / power) - 1) / 2, power=power) for power in POWERS]
    for law in laws:
        for beta_factor, keeps_steps in ((factor, True), (1.0, False)):
            responses = [
                response if response is None or response[0] == "plain" else (response[0], response[1] * beta_factor)
                for response in (rule.response, rule.bias_response)
            ]
            assert responses[0] is not None
            yield twin.plant(
                update=replace(
                    rule,
                    rate_law=replace(law, keeps_steps=keeps_steps),
                    response=responses[0],
                    bias_response=responses[1],
                )
            )
