"""The networks in which the examples plant their faults. All of them learn."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np

from unstuck.diagnosis.formulas.forward import output_form
from unstuck.diagnosis.formulas.output_deltas import right_deltas
from unstuck.diagnosis.formulas.targets import codings, one_hot
from unstuck.diagnosis.twin.parameters import Parameters
from unstuck.diagnosis.twin.training import Setup
from unstuck.diagnosis.twin.twin import Link, Twin
from unstuck.diagnosis.twin.update_rule import UpdateRule

Array = np.ndarray
Digits = tuple[Array, Array, Array, Array]  # images (n, 784) in [0, 1] and labels (n,) for training, then held out

N_TRAIN, N_HELD = 1500, 500
UPDATES, BATCH_SIZE = 1500, 10


def network(
    digits: Digits,
    hidden: str = "sigmoid",
    output: str = "softmax",
    loss: str = "cross_entropy",
    widths: tuple[int, ...] = (16,),
    rate: float = 0.5,
) -> Setup:
    """A dense network for 7 by 7 digits, initialised and scaled by the book, trained for ten passes, ten by ten."""
    images, labels, images_held, labels_held = digits
    x, x_held = shrunk(images[:N_TRAIN]), shrunk(images_held[:N_HELD])
    labels, labels_held = labels[:N_TRAIN].astype(int), labels_held[:N_HELD].astype(int)
    sizes = (x.shape[1], *widths, 10)
    generator = np.random.default_rng(0)
    gain = 2.0 if hidden == "relu" else 1.0  # He et al. 2015; LeCun et al. 1998
    weights = [generator.standard_normal((a, b)) * np.sqrt(gain / a) for a, b in itertools.pairwise(sizes)]
    targets = one_hot(labels, 10)
    twin = Twin(
        sizes=sizes,
        hidden=(hidden,) * len(widths),
        output=output,
        training_output=output,
        output_delta=next(delta for delta in right_deltas(output_form(output)) if delta.name == loss),
        coding=codings(targets, 10)[0],
        links=(Link(),) * (len(sizes) - 1),
        update=UpdateRule(learning_rate=rate),
        bias_modes=("inside",) * (len(sizes) - 1),
    )
    return Setup(
        twin,
        Parameters(weights, [np.zeros(n) for n in sizes[1:]]),
        x,
        targets,
        labels,
        x_held,
        one_hot(labels_held, 10),
        labels_held,
        BATCH_SIZE,
        UPDATES,
    )


def shrunk(images: Array) -> Array:
    """(n, 784) -> (n, 49): means over squares of 4 by 4 pixels."""
    return images.astype(float).reshape(-1, 7, 4, 7, 4).mean(axis=(2, 4)).reshape(-1, 49)


def sigmoid(digits: Digits) -> Setup:
    """49-16-10, sigmoid, softmax, cross-entropy."""
    return network(digits)


def relu(digits: Digits) -> Setup:
    """49-16-10, ReLU, softmax, cross-entropy."""
    return network(digits, hidden="relu", rate=0.2)


def squared(digits: Digits) -> Setup:
    """49-16-10, sigmoid, sigmoid, squared error."""
    return network(digits, output="sigmoid", loss="squared_error", rate=3.0)


def quick_squared(digits: Digits) -> Setup:
    """49-16-10, sigmoid, sigmoid, squared error, at three times the rate."""
    return network(digits, output="sigmoid", loss="squared_error", rate=9.0)


def quick(digits: Digits) -> Setup:
    """49-16-10, sigmoid, softmax, cross-entropy, at six times the rate."""
    return network(digits, rate=3.0)


def wide(digits: Digits) -> Setup:
    """49-64-10, ReLU, softmax, cross-entropy."""
    return network(digits, hidden="relu", widths=(64,), rate=0.3)


def unbounded(digits: Digits) -> Setup:
    """49-10, linear, squared error."""
    return network(digits, "relu", "linear", "squared_error", widths=(), rate=0.05)


def large_scores(digits: Digits) -> Setup:
    """49-10, softmax, cross-entropy, in 32 bits, with inputs up to 255."""
    s = network(digits, widths=(), rate=0.01)
    x, x_held = ((255 * rows).astype(np.float32) for rows in (s.x, s.x_held))
    return replace(s, x=x, x_held=x_held, parameters=s.parameters.copy(np.float32))


def softmax_squared(digits: Digits) -> Setup:
    """49-16-10, sigmoid, softmax, squared error."""
    return network(digits, loss="squared_error", rate=2.0)


def deep(digits: Digits) -> Setup:
    """49-16-16-16-10, tanh, softmax, cross-entropy."""
    return network(digits, hidden="tanh", widths=(16, 16, 16), rate=0.1)
