"""Faults of activations: missing, of the wrong sign or shape, where none belongs, written over their sums."""

from __future__ import annotations

import numpy as np

from unstuck.diagnosis.examination.evidence import Evidence
from unstuck.diagnosis.examination.examination import Examination
from unstuck.diagnosis.measurements.proof import proved
from unstuck.diagnosis.rules.rule import rule

Array = np.ndarray


@rule("F04")
def sigmoid_without_minus(e: Examination) -> Evidence | None:
    """The sigmoid lacks its minus: 1 / (1 + exp(z)) falls where it should rise.

    What it detects: A sigmoid without its minus, `1 / (1 + np.exp(z))`, or a softmax of `-z`; also `1 +
    np.exp(-z)`, the sigmoid without its brackets.

    Why it hurts: The function falls where its derivative `a * (1 - a)` says that it rises: gradients point
    the wrong way through this layer.

    Cure: Write `1 / (1 + np.exp(-z))`, with the brackets and the minus.

    Evidence: Proved: the formula, its residual against your numbers, and the residual of the nearest other
    formula.

    Look-alikes: None in the outputs. In the updates alone it looks like B10; it is named here because
    `predict` shows it first.
    """
    return proved(e, "F04")


@rule("F05")
def activation_missing(e: Examination) -> Evidence | None:
    """A hidden layer is linear: it adds nothing to the layers around it.

    What it detects: A hidden layer whose outputs equal its sums.

    Why it hurts: Linear layers in a row are one linear layer: depth and width add nothing that a single layer
    could not do.

    Cure: Apply the activation to the sums, `a = np.maximum(x @ W + b, 0)`, and use its derivative on the way
    back.

    Evidence: Proved: the formula, its residual against your numbers, and the residual of the nearest other
    formula. A derivative that belongs to the missing activation is not reported a second time. A note where
    the experiment shows that a linear network does as well.

    Look-alikes: B18 where the layer is meant to be linear and the derivative is too much.
    """
    return proved(e, "F05")


@rule("F06")
def activation_on_logits(e: Examination) -> Evidence | None:
    """Another activation is applied to the scores before the output function.

    What it detects: Outputs that equal the output function applied to activated sums, such as
    `softmax(relu(z))`; or such a pair in training, between the outputs and the loss.

    Why it hurts: The inner function cuts off what the outer one needs: after a ReLU no score is below 0,
    after a sigmoid the ten scores differ by at most 1, so that no class can get a probability near 1.

    Cure: Give the plain sums of the last layer to the output function: `softmax(a @ W + b)`.

    Evidence: Proved: the formula, its residual against your numbers, and the residual of the nearest other
    formula.

    Look-alikes: L01 is the same slip with a softmax inside.
    """
    return proved(e, "F06")


@rule("F09")
def activation_in_place(e: Examination) -> Evidence | None:
    """The sums are overwritten by the activation and used later as if they were still sums.

    What it detects: Sums that the activation has overwritten (`z[...] = f(z)`, `out=z`) and that a derivative
    written for sums reads afterwards.

    Why it hurts: The derivative is taken at the activation, not at the sum: for a sigmoid it never falls
    below 0.19, saturated units included.

    Cure: Let the activation return a new array, `a = f(z)`, and keep `z`; or write the derivative in terms of
    `a`.

    Evidence: Proved where it is named: the formula, its residual against your numbers, and the residual of
    the nearest other formula. The numbers of one step are those of B03; only the source tells that an array
    was overwritten.

    Look-alikes: B03, whose numbers are the same.
    """
    return proved(e, "F09")


@rule("F11")
def activation_malformed(e: Examination) -> Evidence | None:
    """The function applied is none that a network can learn with: a step, an absolute value, a derivative in its place.

    What it detects: Activations that no network learns well with: a step, an absolute value, a minimum, a
    plain exponential, a derivative in the activation's place, a softmax that is not divided by the sum of its
    own exponentials.

    Why it hurts: The function has no useful slope, or not the one that the way back assumes, or it grows or
    changes sign where a probability was meant.

    Cure: Apply the function that the derivative belongs to, such as `np.maximum(z, 0)` or `1 / (1 +
    np.exp(-z))`.

    Evidence: Proved: the formula, its residual against your numbers, and the residual of the nearest other
    formula.

    Look-alikes: None known: each of these functions gives other outputs.
    """
    return proved(e, "F11")
