"""Factors and decay of every array, from changes whose formulas are known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from unstuck.diagnosis.examination.assembly import build_twin
from unstuck.diagnosis.examination.examination import Examination
from unstuck.diagnosis.identification.fit import fit, stack
from unstuck.diagnosis.identification.forward import Forward
from unstuck.diagnosis.identification.results import Backward
from unstuck.diagnosis.identification.stepping import observe
from unstuck.diagnosis.identification.update import Key, Update, gradients_along, power_of
from unstuck.diagnosis.program.observations import Record
from unstuck.diagnosis.twin.twin import Twin


def weighed(e: Examination, backward: Backward, update: Update, records: Sequence[Record]) -> Examination:
    """With these formulas, and with the factors and the decay of every array, at this batch size and at others."""
    size = len(records[0].x)
    update = replace(update, scales=scales_of(backward), decays=decays_of(backward))
    e = replace(e, backward=backward, update=update)
    by_size, over_batch = {size: update.scales}, False
    for other, scales, decays in _at_other_sizes(e, size):
        by_size[other] = scales
        over_batch |= _falls_with_size(update.decays, size, decays, other)
    update = replace(update, scales_by_size=by_size, decay_over_batch=over_batch)
    if e.stepping is not None and e.stepping.one_by_one:
        return replace(e, update=replace(update, reduction="each"))
    rate = 1.0 if e.source == "gradients" else e.case.learning_rate
    powers = {
        key: power_of({n: scales.get(key, 0.0) for n, scales in by_size.items()}, rate, e.n_outputs)
        for key in sorted(update.scales, reverse=True)  # output weights first
    }
    known = [power for power in powers.values() if power is not None]
    reduction = "unknown" if not known else "mean" if known[0] else "sum"
    powers_known = {key: known[0] if power is None else power for key, power in powers.items() if known}
    return replace(e, update=replace(update, reduction=reduction, powers=powers_known))


def _at_other_sizes(e: Examination, size: int) -> Iterator[tuple[int, dict[Key, float], dict[Key, float]]]:
    """Other batch sizes, with the factors and decays of a step of that many examples."""
    stepping, twin = e.stepping, build_twin(e)
    if e.source != "step" or e.forward is None or stepping is None or stepping.one_by_one or twin is None:
        return
    for other in (1, 2 * size if size > 1 else 6):
        if other == 1 and 1 not in stepping.acts_on:
            continue
        more = observe(e.program, other, 2)
        if more:
            yield other, *_scales_with(twin, more, e.forward)


def decays_of(backward: Backward) -> dict[Key, float]:
    weights = {("w", layer.layer): layer.weight_fit.decay for layer in backward.layers}
    return weights | {("b", layer.layer): layer.bias_fit.decay for layer in backward.layers}


def scales_of(backward: Backward) -> dict[Key, float]:
    found: dict[Key, float] = {}
    for layer in backward.layers:
        if layer.weights is not None:
            found["w", layer.layer] = layer.weight_fit.scale
        if layer.bias is not None:
            found["b", layer.layer] = layer.bias_fit.scale
    return found


def _falls_with_size(decays: dict[Key, float], size: int, others: dict[Key, float], other: int) -> bool:
    """Whether the decay is in inverse proportion to the batch size."""
    key = max(decays, key=lambda k: abs(decays[k]))
    return bool(decays[key]) and abs(others.get(key, 0.0) * other / (decays[key] * size) - 1) < 1e-3


def _scales_with(twin: Twin, records: list[Record], forward: Forward) -> tuple[dict[Key, float], dict[Key, float]]:
    """Factors and decays at another batch size, with the formulas known; 0 where they do not explain the change."""
    steps = gradients_along(records, forward, twin)
    found: dict[Key, float] = {}
    decays: dict[Key, float] = {}
    for key in steps[0][0]:
        changes = stack([step[1][key] for step in steps])
        values = stack([step[2][key] for step in steps])
        made = fit(changes, stack([step[0][key] for step in steps]), values)
        found[key], decays[key] = (made.scale, made.decay) if made.residual < 1e-3 else (0.0, 0.0)
    return found, decays
