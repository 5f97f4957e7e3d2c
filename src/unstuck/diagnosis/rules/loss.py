"""Loss faults: what is compared with what, and the derivative that starts the way back."""

from __future__ import annotations

import numpy as np

from unstuck.diagnosis.examination import Examination
from unstuck.diagnosis.proof import proved
from unstuck.diagnosis.rule import PROVED, Evidence, rule


@rule("L01")
def softmax_twice(e: Examination) -> Evidence | None:
    """The loss applies a softmax to outputs that have been through one already."""
    return proved(e, "L01")


@rule("L02", look_alikes=("L04",))
def loss_output_mismatch(e: Examination) -> Evidence | None:
    """The loss does not belong to the output function that the network uses."""
    return proved(e, "L02")


@rule("L03")
def log_of_zero(e: Examination) -> Evidence | None:
    """The loss takes the logarithm of zero and turns NaN or infinite."""
    values = losses_along(e)
    bad = [k for k, value in values if not np.isfinite(value)]
    if not bad or e.case.loss is None:
        return None
    return Evidence(
        PROVED,
        f"the loss is not finite after {bad[0]} updates, with parameters and outputs finite",
        {"updates": bad[0], "share_of_losses": len(bad) / len(values)},
        falsifies=True,
    )


def losses_along(e: Examination, n_updates: int = 20) -> list[tuple[int, float]]:
    """The user's own loss along the first updates of the user's own training, while outputs stay finite."""
    measured = e.__dict__.setdefault("measured", {})
    if "losses" not in measured:
        measured["losses"] = _losses(e, n_updates) if e.case.loss is not None else []
    return measured["losses"]


def _losses(e: Examination, n_updates: int) -> list[tuple[int, float]]:
    program, found = e.program, []
    size = int(min(e.case.batch_size or 32, 100, len(program.x)))
    probe = slice(0, min(200, len(program.x)))
    started = program.now()
    try:
        for k in range(n_updates + 1):
            call = program.call("loss", program._typed(program.x[probe]), program.targets[probe])
            if call.failed:
                if "domain" in (call.error or "") or "divide" in (call.error or ""):
                    found.append((k, float("nan")))
                break
            try:
                value = float(np.sum(np.asarray(call.value, dtype=float)))
            except (TypeError, ValueError):
                break
            outputs = program.predict(program.x[:5], restore=False)
            if outputs is None or not np.isfinite(outputs).all():
                break
            found.append((k, value))
            if not np.isfinite(value) or e.case.step is None or program.now() - started > 1.5:
                break
            begin = (k * size) % max(1, len(program.x) - size + 1)
            rows = slice(begin, begin + size)
            if program.call("step", program._typed(program.x[rows]), program.targets[rows]).failed:
                break
    finally:
        program.restore()
    return found


@rule("L04", look_alikes=("B11", "L02"))
def loss_derivative_wrong(e: Examination) -> Evidence | None:
    """The output delta is the derivative of no loss of these outputs."""
    return proved(e, "L04")
