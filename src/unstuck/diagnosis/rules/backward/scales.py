"""Faults of sign and size: right gradients that are summed, turned round or multiplied."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import numpy as np

from unstuck.diagnosis.examination.evidence import MEASURED, PROVED, Evidence
from unstuck.diagnosis.examination.examination import Examination
from unstuck.diagnosis.formulas.gradients import INCOMPARABLE
from unstuck.diagnosis.measurements.proof import formula_faults
from unstuck.diagnosis.rules.rule import rule
from unstuck.diagnosis.twin.twin import Twin

NEARLY = 1e-3
ANOTHER = 5.0  # times the rate stated, or less than one in so many: a rate that its author does not know of


@rule("B09", setting=True, look_alikes=("U07",))
def gradient_summed_not_averaged(e: Examination) -> Evidence | None:
    """The gradient is the sum over the batch: the step grows with the batch size.

    What it detects: A step that is the sum of the batch's gradients: the same examples twice give twice the
    step. Seen at two batch sizes, or from the rate stated.

    Why it hurts: The rate that works depends on the batch size; a rate meant for the mean is as many times
    too high as there are examples in a batch.

    Cure: Divide by the number of examples, `a_below.T @ delta / len(x)`, or lower the rate by that factor.

    Evidence: Measured: the batch size, and the change for each example. A sum with a rate to match is right,
    so it is a finding only if the network stays stuck and a lower rate is among what it needs.

    Look-alikes: U07: a sum with rate r and a mean with rate r times the batch size are the same numbers.
    """
    update = e.update
    if (
        update is None
        or e.source != "step"
        or update.reduction != "sum"
        or not e.case.batch_size
        or e.case.batch_size < 2
    ):
        return None
    return Evidence(
        MEASURED,
        f"a batch of {e.case.batch_size} moves the parameters by the sum of its gradients, "
        f"{e.case.batch_size} times their mean",
        {
            "batch_size": e.case.batch_size,
            "change_per_example": abs(_reference(e)),
            "observed_at": sorted(update.scales_by_size),
        },
    )


def _reference(e: Examination) -> float:
    assert e.update is not None
    assert e.backward is not None
    return e.update.scales.get(("w", len(e.backward.layers) - 1), 0.0)


@rule("B10", look_alikes=("U01",))
def gradient_sign_wrong(e: Examination) -> Evidence | None:
    """The gradient of some arrays has the wrong sign: they climb while the others descend.

    What it detects: Arrays that climb the loss in the same step in which others descend.

    Why it hurts: These arrays undo what the others gain; with one layer climbing, the deltas below are made
    from weights that get worse.

    Cure: Give every array the same sign: with `delta = a - t` all of them are changed by `-=`; with `t - a`,
    all by `+=`.

    Evidence: Proved: the formulas of all arrays fit to rounding, and the fitted factors have both signs; the
    arrays are listed.

    Look-alikes: U01 where all arrays climb.
    """
    signs = _signs(e)
    wrong = [key for key, sign in signs.items() if sign < 0]
    if not wrong or len(wrong) == len(signs):
        return None
    names = ", ".join(_name(key) for key in sorted(wrong))
    return Evidence(
        PROVED,
        f"{names} move up the loss, along their gradient, not against it",
        {"arrays": names},
        sorted(wrong)[0][1] + 1,
    )


def _signs(e: Examination) -> dict[tuple[str, int], float]:
    """+1 where an array descends, -1 where it climbs."""
    if e.twin is None:
        return {}
    found: dict[tuple[str, int], float] = {}
    for l, link in enumerate(e.twin.links):
        for kind, scale in (("w", link.weight_scale), ("b", link.bias_scale)):
            if scale:
                found[kind, l] = np.sign(scale)
    return found


@rule("B17", look_alikes=("B08", "B09"))
def gradient_scaled(e: Examination) -> Evidence | None:
    """The gradients are right but for factors that do not belong there.

    What it detects: Arrays whose gradients are right up to a constant that differs from that of the output
    weights, and gradients that are divided by the number of examples twice. Noted only: steps of another size
    than the stated rate makes, where no usual constant of a loss explains it.

    Why it hurts: Layers learn at different rates that nobody chose; divided by the batch size twice, a layer
    hardly moves.

    Cure: Use one factor for all arrays: divide every gradient by `len(x)` exactly once and use the same rate.

    Evidence: The formulas fit to rounding, and the factor of each array relative to the output weights is listed;
    how often it is divided by the number of examples is seen at two batch sizes. Proved where that is twice; measured
    otherwise, as a factor may be a rate of its own that was meant.

    Look-alikes: B08 for biases alone, B09 where all arrays share the factor. Rates chosen for each layer on
    purpose are the same numbers. Where errors were discarded (B12), their factor went with them, and the
    layers below cannot be compared; nor can gradients that another formula makes of the examples (B08, B16, B19,
    B20), by a sum or by a mean.
    """
    if e.twin is None or e.twin.update.adaptive:
        return None
    n = (e.case.batch_size or e.update.batch_size) if e.update is not None and e.twin.update.reduction != "each" else 1
    scales = {key: scale for key, scale in _scales(e, n).items() if scale}
    if not scales:
        return None
    reference, top = max(scales), ("w", len(e.twin.links) - 1)  # the output weights if they can be compared
    unit = _scales(e, 1)[reference]
    discarded = [fault.layer for fault in formula_faults(e) if fault.code == "B12"]
    incomparable = max((layer for layer in discarded if layer < len(e.twin.links)), default=0)
    odd = {
        key: scale / unit
        for key, scale in scales.items()
        if abs(scale / unit - 1) > NEARLY and key[1] >= incomparable and not _own_factors(e, key[1])
    }
    if not odd:
        return _unlike_stated(e) if reference == top and not e.twin.output_delta.fault else None
    names = ", ".join(f"{_name(key)} × {scale:.4g}" for key, scale in sorted(odd.items()))
    divided = [link.weight_divisions for link in e.twin.links if link.weight_scale]
    twice = bool(divided) and all(divided) and n > 1
    if twice:
        where = f"every gradient is divided by the {n} examples of the batch twice"
    else:
        where = f"relative to the {'output weights' if reference == top else _name(reference)}: {names}"
    return Evidence(PROVED if twice else MEASURED, where, {"factors": names, "batch_size": n}, sorted(odd)[0][1] + 1)


def _scales(e: Examination, n: int) -> dict[tuple[str, int], float]:
    """The size of the factor on each array's gradient of n examples, as far as its formula allows to compare them."""
    assert e.twin is not None
    return {
        (kind, l): abs(scale)
        for l, link in enumerate(e.twin.links)
        for kind, formula, scale in zip(("w", "b"), (link.weights, link.bias), link.scales(n), strict=True)
        if formula.fault not in INCOMPARABLE
    }


def _unlike_stated(e: Examination) -> Evidence | None:
    """The rate observed beside the one stated, where it is another by more than any usual constant."""
    stated, update = e.case.learning_rate, e.update
    if not stated or e.twin is None or update is None or e.source != "step" or len(update.scales_by_size) < 2:
        return None
    if update.reduction not in ("mean", "sum", "each") or not e.faithful:
        return None
    observed = e.twin.update.learning_rate
    share = observed / stated
    if 1 / ANOTHER <= share <= ANOTHER or any(abs(share / usual - 1) < NEARLY for usual in _usual_shares(e, e.twin)):
        return None
    return Evidence(
        MEASURED,
        f"the first update is {share:.4g} times what the stated rate of {stated:.4g} makes of the gradient: the rate "
        f"observed is {observed:.4g}",
        {"stated": stated, "observed": observed},
        asleep=True,
    )


def _usual_shares(e: Examination, twin: Twin) -> Iterator[float]:
    """Constants that a right loss or optimiser may put before the rate."""
    squared = "cross_entropy" not in twin.output_delta.name
    sizes = (1, e.case.batch_size or 1, len(e.program.x)) if twin.update.reduction == "sum" else (1,)
    kind, beta = twin.update.response
    dampings = (1, 1 - beta) if kind in ("momentum", "nesterov", "nesterov gradient") else (1,)
    for constants in product((1, 2, 0.5) if squared else (1,), (1, e.n_outputs), sizes, dampings):
        factor, outputs, examples, damping = constants
        yield factor * damping / (outputs * examples)


def _name(key: tuple[str, int]) -> str:
    return f"{'weights' if key[0] == 'w' else 'biases'} of layer {key[1] + 1}"


def _own_factors(e: Examination, layer: int) -> bool:
    return e.backward is not None and e.backward.layers[layer].own_factors
