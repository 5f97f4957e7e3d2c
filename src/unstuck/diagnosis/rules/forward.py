"""Forward faults: what a layer makes of its sums, and the network of its scores."""

from __future__ import annotations

import numpy as np

from unstuck.diagnosis.baseline import labels_of
from unstuck.diagnosis.examination import Examination
from unstuck.diagnosis.first_updates import first_updates
from unstuck.diagnosis.identification.stepping import batch
from unstuck.diagnosis.proof import proved
from unstuck.diagnosis.rule import MEASURED, PROVED, Evidence, rule


@rule("F01")
def softmax_over_batch(e: Examination) -> Evidence | None:
    """The softmax divides by one sum over the whole batch."""
    return proved(e, "F01")


@rule("F02")
def softmax_over_examples(e: Examination) -> Evidence | None:
    """The softmax is normalised along the examples instead of along the classes."""
    return proved(e, "F02")


@rule("F03")
def softmax_overflow(e: Examination) -> Evidence | None:
    """The softmax takes exponentials without subtracting the maximum first, and overflows when scores grow."""
    if not e.forward_proved or e.forward is None or not e.forward.output.startswith("softmax") or not e.program.writable:
        return None
    program = e.program
    x, _ = batch(program, 4)
    try:
        program.set_parameters([1000 * array for array in program.draw_parameters(1)])
        outputs = program.predict(x, restore=False)
    finally:
        program.restore()
    if outputs is None or np.isfinite(outputs).all():
        return None
    happens = [moment.updates for moment in first_updates(e) if not moment.finite]
    when = f", and does so after {happens[0]} updates of this training" if happens else ""
    return Evidence(
        PROVED,
        f"with scores in the thousands the softmax gives NaN where one shifted by the maximum gives probabilities{when}",
        {"not_finite_share": float(np.mean(~np.isfinite(outputs)))},
        layer=len(e.forward.hidden) + 1,
        asleep=not happens,
        falsifies=bool(happens),
    )


@rule("F04")
def sigmoid_without_minus(e: Examination) -> Evidence | None:
    """The sigmoid lacks its minus: 1 / (1 + exp(z)) falls where it should rise."""
    return proved(e, "F04")


@rule("F05")
def activation_missing(e: Examination) -> Evidence | None:
    """A hidden layer is linear: it adds nothing to the layers around it."""
    return proved(e, "F05")


@rule("F06")
def activation_on_logits(e: Examination) -> Evidence | None:
    """Another activation is applied to the scores before the output function."""
    return proved(e, "F06")


@rule("F07")
def bias_missing(e: Examination) -> Evidence | None:
    """The layers have no bias, or one that the forward pass does not add."""
    found = proved(e, "F07")
    if found or not e.forward_proved or e.forward is None:
        return found
    if all(mode == "none" for mode in e.forward.bias_modes):
        return Evidence(MEASURED, "no layer has a bias", {"layers": len(e.forward.bias_modes)}, asleep=True)
    return None


@rule("F08")
def softmax_in_hidden_layer(e: Examination) -> Evidence | None:
    """A hidden layer ends in a softmax: its units share one unit of signal among them."""
    return proved(e, "F08")


@rule("F09")
def activation_in_place(e: Examination) -> Evidence | None:
    """The sums are overwritten by the activation and used later as if they were still sums."""
    return proved(e, "F09")


@rule("F10")
def output_too_narrow(e: Examination) -> Evidence | None:
    """One output unit stands for more than two classes."""
    labels = labels_of(e) if e.outputs is not None and e.n_outputs == 1 else None
    if labels is None:
        targets = np.unique(np.asarray(e.program.targets, float)) if e.n_outputs == 1 else np.array([])
        whole = targets.size and np.array_equal(targets, np.round(targets))
        if not whole or not 3 <= targets.size <= 100 or e.case.labels is None and np.asarray(e.program.targets).dtype.kind == "f":
            return None
        labels = np.asarray(e.program.targets).reshape(-1).astype(int)
    n_classes = len(np.unique(labels))
    if n_classes <= 2:
        return None
    return Evidence(PROVED, f"one output for {n_classes} classes", {"outputs": 1, "classes": n_classes})


@rule("F11")
def activation_malformed(e: Examination) -> Evidence | None:
    """The function applied is none that a network can learn with: a step, an absolute value, a derivative in its place."""
    return proved(e, "F11")


@rule("F12")
def bias_outside_activation(e: Examination) -> Evidence | None:
    """The bias is added after the activation instead of before it."""
    return proved(e, "F12")


