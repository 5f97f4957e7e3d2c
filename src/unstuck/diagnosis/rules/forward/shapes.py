"""Faults of what surrounds the activations: biases, and the number of outputs."""

from __future__ import annotations

import numpy as np

from unstuck.diagnosis.examination.evidence import MEASURED, PROVED, Evidence
from unstuck.diagnosis.examination.examination import Examination
from unstuck.diagnosis.measurements.proof import proved
from unstuck.diagnosis.measurements.target_coding import labels_of
from unstuck.diagnosis.rules.rule import rule

Array = np.ndarray


@rule("F07")
def bias_missing(e: Examination) -> Evidence | None:
    """The layers have no bias, or one that the forward pass does not add.

    What it detects: Bias arrays that the forward pass does not add (whatever their values); or layers that
    have none.

    Why it hurts: Without a bias each unit's boundary passes through the origin of its inputs. An array that
    is stored but not added is also not what its author believes to be training.

    Cure: Add it to the sums before the activation: `z = x @ W + b`.

    Evidence: Proved where the array exists and is not added: the formula, its residual against your numbers,
    and the residual of the nearest other formula, with biases of size 0.5. Measured where there is
    no bias at all: a note, unless the network stays stuck until its layers are given one.

    Look-alikes: A bias that is added and never changes is B08; one added after the activation is F12.
    """
    found = proved(e, "F07")
    if found or not e.forward_proved or e.forward is None:
        return found
    if all(mode == "none" for mode in e.forward.bias_modes):
        return Evidence(MEASURED, "no layer has a bias", {"layers": len(e.forward.bias_modes)}, asleep=True)
    return None


@rule("F10")
def output_too_narrow(e: Examination) -> Evidence | None:
    """One output unit stands for more than two classes.

    What it detects: A network with one output whose labels, or whole-number targets, have more than two
    values.

    Why it hurts: One number cannot hold the scores of several classes. Read as a class number, it says that
    class 1 lies between 0 and 2.

    Cure: Give the last layer one output for each class and use one-hot targets: `np.eye(n_classes)[labels]`
    with a softmax.

    Evidence: Proved by counting: outputs and classes.

    Look-alikes: A regression with a few whole-number values looks the same; real-valued (float) targets
    without `labels` are taken for one.
    """
    labels = labels_of(e) if e.outputs is not None and e.n_outputs == 1 else None
    if labels is None:
        return None
    n_classes = len(np.unique(labels))
    if n_classes <= 2:
        return None
    return Evidence(PROVED, f"one output for {n_classes} classes", {"outputs": 1, "classes": n_classes})


@rule("F12")
def bias_outside_activation(e: Examination) -> Evidence | None:
    """The bias is added after the activation instead of before it.

    What it detects: Outputs that equal `f(x @ W) + b` in one or all layers, instead of `f(x @ W + b)`.

    Why it hurts: The bias cannot move the point where a unit switches on; it only shifts the unit's output,
    and outputs may leave the range of their function.

    Cure: Write `a = f(x @ W + b)`: the bias goes inside the brackets.

    Evidence: Proved: the formula, its residual against your numbers, and the residual of the nearest other
    formula, with biases of size 0.5.

    Look-alikes: None where the activation is not linear; in a linear layer both are the same and neither is a
    fault.
    """
    return proved(e, "F12")
