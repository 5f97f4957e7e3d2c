"""Update faults: from gradients to changes of the parameters."""

from __future__ import annotations

import numpy as np

from unstuck.diagnosis.examination import Examination
from unstuck.diagnosis.first_updates import first_updates
from unstuck.diagnosis.identification.update import Key, Response
from unstuck.diagnosis.rule import MEASURED, PROVED, SUSPECTED, Evidence, rule


def _responses(e: Examination, *kinds: str) -> dict[Key, Response]:
    if e.update is None:
        return {}
    return {key: response for key, response in e.update.responses.items() if response.kind in kinds}


def _arrays(keys) -> str:
    return ", ".join(f"{'weights' if kind == 'w' else 'biases'} of layer {layer + 1}" for kind, layer in sorted(keys))


@rule("U01", look_alikes=("B10",))
def update_ascends(e: Examination) -> Evidence | None:
    """The update adds the gradient: the loss is climbed, not descended."""
    if e.twin is None or e.source != "step":
        return None
    signs = [s for link in e.twin.links for s in (link.weight_scale, link.bias_scale) if s]
    if not signs or any(s > 0 for s in signs):
        return None
    rate = e.twin.update.learning_rate
    return Evidence(PROVED, f"all parameters move along the gradient, at rate {rate:.4g}", {"learning_rate": -rate})


@rule("U02", look_alikes=("U14",))
def gradients_accumulate(e: Examination) -> Evidence | None:
    """The gradients of earlier updates are never set back to zero."""
    found = _responses(e, "accumulate")
    if found:
        return Evidence(
            PROVED, f"{_arrays(found)}: every update repeats all earlier gradients in full", {"share_kept": 1.0}
        )
    kept = {key: r for key, r in _kept_shares(e).items() if r.beta < 1}
    if kept:
        beta = next(iter(kept.values())).beta
        return Evidence(
            SUSPECTED,
            f"{beta:.4g} of the last update comes back, the same number as the rate: accumulators scaled by the rate and never "
            "cleared, or a momentum of that size; printing the accumulators before a batch would tell",
            {"share_kept": beta},
            asleep=True,
            look_alikes=("U14",),
        )
    return None


def _kept_shares(e: Examination) -> dict[Key, Response]:
    """Momenta equal to the learning rate (or the rate over the batch), or above 1: accumulators that are scaled and never
    cleared give the same numbers."""
    rate, size = e.case.learning_rate or 0.0, e.update.batch_size if e.update is not None else 1
    found = _responses(e, "momentum")
    return {k: r for k, r in found.items() if r.beta > 1 or any(rate and abs(r.beta / s - 1) < 1e-4 for s in (rate, rate / size))}


@rule("U03")
def momentum_unscaled(e: Examination) -> Evidence | None:
    """The momentum term adds the previous raw gradient without the learning rate."""
    found = {key: r for key, r in _responses(e, "raw").items() if r.beta > 0}
    if not found:
        return None
    beta = max(r.beta for r in found.values())
    return Evidence(
        PROVED,
        f"{_arrays(found)}: the previous gradient weighs {beta:.4g} times as much as the present one",
        {"weight_of_previous_gradient": beta},
    )


@rule("U04")
def momentum_sign_wrong(e: Examination) -> Evidence | None:
    """The momentum term works against the last update instead of with it."""
    found = {key: r for key, r in _responses(e, "momentum", "raw").items() if r.beta < 0}
    if not found:
        return None
    beta = min(r.beta for r in found.values())
    return Evidence(PROVED, f"{_arrays(found)}: {beta:.4g} of the last update is added", {"momentum": beta})


@rule("U05", look_alikes=("B13", "U06"))
def parameters_never_change(e: Examination) -> Evidence | None:
    """A step leaves every parameter as it was."""
    if e.stepping is None or e.stepping.acts or e.stepping.failed or e.program.integer_parameters:
        return None
    return Evidence(PROVED, "no parameter changed, whatever the batch", {})


@rule("U06")
def parameters_integer(e: Examination) -> Evidence | None:
    """The parameters are integers: updates are cut to whole numbers."""
    kinds = [dtype for dtype in e.program.dtypes if dtype.kind in "iu"]
    if not kinds or not e.program.as_found:
        return None
    large = [a for a, d in zip(e.program.as_found, e.program.dtypes, strict=True) if d.kind in "iu" and a.size > 1]
    if not large:
        return None
    return Evidence(PROVED, f"{len(large)} of {len(e.program.as_found)} arrays have type {kinds[0]}", {"dtype": str(kinds[0])})


@rule("U07", setting=True, look_alikes=("B09",))
def learning_rate_too_high(e: Examination) -> Evidence | None:
    """The learning rate is too high for this network to settle."""
    return _rate(e)


@rule("U08", setting=True, look_alikes=("U09",))
def learning_rate_too_low(e: Examination) -> Evidence | None:
    """The learning rate is too low to get anywhere in the updates made."""
    return _rate(e)


def _rate(e: Examination) -> Evidence | None:
    if e.twin is None or e.source != "step":
        return None
    rate = e.twin.update.learning_rate
    return Evidence(MEASURED, f"effective learning rate {rate:.4g}", {"learning_rate": rate})


@rule("U09", setting=True, look_alikes=("U08",))
def too_few_updates(e: Examination) -> Evidence | None:
    """The training stops after too few updates."""
    if not e.case.updates:
        return None
    return Evidence(MEASURED, f"{e.case.updates} updates in all", {"updates": e.case.updates, "batch_size": e.case.batch_size})


@rule("U10", setting=True)
def weight_decay_too_strong(e: Examination) -> Evidence | None:
    """The weight decay pulls the weights to zero faster than the data can hold them."""
    if e.twin is None or e.twin.update.decay <= 0:
        return None
    share = e.twin.update.decay
    return Evidence(MEASURED, f"every update takes away {share:.2g} of the weights", {"share_per_update": share})


@rule("U12")
def adam_bias_correction_wrong(e: Examination) -> Evidence | None:
    """The bias correction of Adam is missing or wrong."""
    if e.update is None or e.update.adaptive is None or e.update.adaptive.fault != "U12":
        return None
    return Evidence(PROVED, e.update.adaptive.name, {"rule": e.update.adaptive.name})


@rule("U13")
def training_diverged(e: Examination) -> Evidence | None:
    """The parameters stop being finite numbers."""
    if any(not np.isfinite(array).all() for array in e.program.as_found):
        return Evidence(PROVED, "the parameters as found hold NaN or infinity", {"updates": 0}, falsifies=True)
    broken = [moment.updates for moment in first_updates(e) if not moment.finite]
    if not broken or broken[0] == 0:
        return None
    return Evidence(
        PROVED, f"NaN or infinity after {broken[0]} updates of the program's own training", {"updates": broken[0]}, falsifies=True
    )


@rule("U14", look_alikes=("U02",))
def gradients_partly_kept(e: Examination) -> Evidence | None:
    """The gradient accumulators are scaled by the rate and never cleared: they act as a momentum."""
    kept = _kept_shares(e)
    if not kept:
        return None
    beta = max(r.beta for r in kept.values())
    if beta > 1:
        what = f"{_arrays(kept)}: every update brings back {beta:.4g} times the one before"
        return Evidence(PROVED, what, {"share_kept": beta})
    what = f"{_arrays(kept)}: {beta:.4g} of the last update comes back, the same number as the learning rate"
    return Evidence(SUSPECTED, what, {"share_kept": beta}, look_alikes=("U02",))


@rule("U15")
def weight_decay_adds(e: Examination) -> Evidence | None:
    """The weight decay has the wrong sign: weights grow by a share of themselves."""
    if e.twin is None or e.twin.update.decay >= -1e-12 or e.twin.update.adaptive:
        return None
    return Evidence(PROVED, f"every update adds {-e.twin.update.decay:.2g} of the weights", {"share_per_update": -e.twin.update.decay})
