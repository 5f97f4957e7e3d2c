"""The fault of every rule as a change of a network that learns.

The formulas are those of the tables by which faults are recognised; the rest are the choices and data of a Setup.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from unstuck.diagnosis.catalogue.examples import networks
from unstuck.diagnosis.catalogue.examples.changes import (
    CountingOneForAll,
    DroppingOut,
    Unshifted,
    as_a,
    both,
    delta,
    delta_of,
    in_all_links,
    in_link,
    in_twin,
    in_update,
    inputs,
    keep,
    output,
    parameters,
    shuffled,
    slot,
    summed,
    targets,
    uniform,
)
from unstuck.diagnosis.catalogue.examples.networks import Digits
from unstuck.diagnosis.formulas.formula import Formula
from unstuck.diagnosis.formulas.output_deltas import softmax_jacobian
from unstuck.diagnosis.formulas.updates import DEFAULT_ADAM, UNCORRECTED
from unstuck.diagnosis.twin.parameters import Parameters
from unstuck.diagnosis.twin.training import Change, Setup


@dataclass(frozen=True)
class Example:
    """A fault in a network: in which one, by what change, and in what words."""

    words: str
    plant: Change
    network: Callable[[Digits], Setup] = networks.sigmoid


LOG_OF_ZERO = Formula("targets over outputs", lambda z, a, t: softmax_jacobian(-t / a, a))
ONE_UNIT_ASIDE = Formula("one unit aside", lambda p, l, d: np.roll(p.activations[l].T @ d, 1, axis=1))
OF_THE_FIRST_EXAMPLE = Formula("the delta of the first example", lambda p, l, d: d[0])
SUM_ABOVE, OWN_OUTPUTS = "sum of the deltas above in every place", "its own outputs instead of its inputs"
UPDATED = "through weights already updated"

# -- the table ---------------------------------------------------------------------------------------------------------

DATA = {
    "D01": Example(
        "one input is divided by its spread, which is 0",
        inputs(lambda x: np.concatenate([x[:, :-1], (x[:, -1:] - x[:, -1:]) / 0.0], axis=1)),
    ),
    "D02": Example("inputs from 0 to 255", inputs(lambda x: 255 * x)),
    "D03": Example(
        "128 is subtracted from bytes, which wrap around",
        inputs(lambda x: ((255 * x).astype(np.uint8) - np.uint8(128)) / 128.0),
    ),
    "D04": Example("every example is the first one", inputs(lambda x: np.repeat(x[:1], len(x), axis=0))),
    "D05": Example("test inputs from 0 to 255, training inputs from 0 to 1", inputs(lambda x: x, lambda x: 255 * x)),
    "D06": Example(
        "the accuracy is read on 100 training examples, and these are all there are",
        both(keep(lambda labels: np.arange(100)), lambda s: replace(s, x_held=s.x, labels_held=s.labels)),
    ),
    "D07": Example("the target of every example is class 0", targets(lambda t: np.eye(10)[np.zeros(len(t), int)])),
    "D08": Example("targets of 255 where a probability of 1 is the most", targets(lambda t: 255 * t), networks.squared),
    "D09": Example("every target is 1", targets(np.ones_like)),
    "D10": Example("the targets were shuffled and the inputs were not", targets(shuffled)),
    "D11": Example("the test labels were shuffled", lambda s: replace(s, x_held=shuffled(s.x_held))),
    "D12": Example(
        "examples sorted by class, never shuffled",
        both(keep(lambda labels: np.argsort(labels, kind="stable")), lambda s: replace(s, shuffled=False)),
    ),
    "D13": Example(
        "of 600 examples 500 are zeros and ones",
        keep(lambda labels: np.r_[np.resize(np.flatnonzero(labels < 2), 500), np.flatnonzero(labels > 1)[:100]]),
    ),
    "D15": Example(
        "the targets of one example are NaN", targets(lambda t: np.vstack([np.full_like(t[:1], np.nan), t[1:]]))
    ),
    "D14": Example("the loop visits the first 20 examples only", keep(lambda labels: np.arange(20))),
}

INITIAL = {
    "A01": Example("all weights of a layer are equal", parameters(lambda w: np.full_like(w, 0.1))),
    "A02": Example("weights and biases of size 30", parameters(lambda w: 30 * w * np.sqrt(len(w)))),
    "A03": Example("biases of −30 in a layer of rectifiers", parameters(lambda w: w, lambda b: b - 30), networks.relu),
    "A04": Example(
        "weights of 10⁻⁴, and a tenth of the rate",
        both(parameters(lambda w: 1e-4 * w), in_update(learning_rate=0.05)),
    ),
    "A05": Example("weights drawn from 0 to 2", parameters(lambda w: 2 * uniform(w))),
    "A06": Example("weights a hundredth of what the depth needs", parameters(lambda w: 0.01 * w), networks.deep),
    "A07": Example("weights sixty times as large as the number of inputs allows", parameters(lambda w: 60 * w)),
    "A08": Example(
        "one hidden unit for ten classes",
        lambda s: replace(
            s,
            parameters=Parameters(
                [s.parameters.weights[0][:, :1], s.parameters.weights[1][:1]], [np.zeros(1), np.zeros(10)]
            ),
        ),
    ),
}

FORWARD = {
    "F01": Example("one sum over the ten examples of the batch", output("softmax over the whole batch")),
    "F02": Example("every class normalised over the examples", output("softmax over the examples")),
    "F03": Example("scores in the hundreds, in 32 bits", as_a(Unshifted), networks.large_scores),
    "F04": Example("1 / (1 + exp(z)) in the hidden layer", in_twin(hidden=("sigmoid without the minus",))),
    "F05": Example("no activation in the hidden layer", in_twin(hidden=("linear",)), networks.wide),
    "F06": Example("a sigmoid before the softmax", output("softmax of sigmoid")),
    "F07": Example("no biases", in_twin(bias_modes=("unused", "unused"))),
    "F08": Example("a softmax in the hidden layer", in_twin(hidden=("softmax",))),
    "F09": Example(
        "the sums are overwritten by the activations, of which the derivative is then taken",
        slot("derivative taken at the activation", 0),
        networks.quick_squared,
    ),
    "F10": Example(
        "one output for ten classes, rounded to the nearest",
        lambda s: replace(
            in_twin(output_delta=delta_of("sigmoid"), output="sigmoid", training_output="sigmoid")(s),
            parameters=Parameters(
                [s.parameters.weights[0], s.parameters.weights[1][:, :1]], [np.zeros(16), np.zeros(1)]
            ),
            targets=s.targets.argmax(axis=1)[:, None].astype(float),
        ),
    ),
    "F11": Example("a step for an activation: its derivative is 0", in_twin(hidden=("step",))),
    "F12": Example("biases added to the outputs of the sigmoids", in_twin(bias_modes=("outside", "outside"))),
}

LOSS = {
    "L01": Example("the loss applies a softmax to probabilities", delta("softmax applied again by the loss")),
    "L02": Example("the error of the sums behind a softmax", delta("error of the sums")),
    "L03": Example("outputs of exactly 0 in the logarithm", in_twin(output_delta=LOG_OF_ZERO), networks.large_scores),
    "L04": Example("the loss stands where its derivative belongs", delta("loss instead of its derivative")),
}

BACKWARD = {
    "B01": Example("the activation for its derivative", slot("activation instead of its derivative", 0)),
    "B02": Example("no derivative of the hidden layer", slot("no derivative", 0), networks.quick_squared),
    "B03": Example("z (1 − z) instead of a (1 − a)", slot("z (1 - z): the derivative's formula fed the sum", 0)),
    "B04": Example("the output's derivative squared", delta("derivative applied twice"), networks.squared),
    "B05": Example("the sum of the deltas above for every unit below", slot(SUM_ABOVE, 0, "back"), networks.deep),
    "B06": Example("each layer updated before the one below", slot(UPDATED, 0, "back"), networks.quick),
    "B07": Example(
        "two layers take their own outputs for their inputs",
        both(*(slot(OWN_OUTPUTS, l, "weights") for l in (1, 2))),
        networks.deep,
    ),
    "B08": Example(
        "the outputs, without the error", both(*(slot("the outputs", l, "bias") for l in (0, 1))), networks.squared
    ),
    "B09": Example("summed over batches of 100 at the rate for a mean", lambda s: replace(summed(s), batch_size=100)),
    "B10": Example("the output weights ascend", in_link(1, weight_scale=-1.0)),
    "B11": Example(
        "error times a (1 − a) behind a softmax", delta("error times the diagonal a (1 - a)"), networks.softmax_squared
    ),
    "B12": Example("the derivative in place of the error", delta("derivative without the error"), networks.squared),
    "B13": Example("the first layer gets no gradient", in_link(0, weight_scale=0.0, bias_scale=0.0)),
    "B14": Example("the output gradient one unit aside", in_link(1, weights=ONE_UNIT_ASIDE)),
    "B15": Example(
        "the gradients of two square layers transposed",
        both(*(slot("transposed", l, "weights") for l in (1, 2))),
        networks.deep,
    ),
    "B16": Example(
        "one number for the whole layer",
        slot("one number in every place: sum of the deltas", 0, "weights"),
    ),
    "B17": Example(
        "the first layer moves a thousand times too far", in_link(0, weight_scale=1000.0, bias_scale=1000.0)
    ),
    "B18": Example("the derivative of a tanh for a sigmoid", slot("derivative of another function: 1 - a²", 0)),
    "B19": Example("mean inputs times summed deltas", slot("mean inputs times summed deltas", 1, "weights")),
    "B20": Example("of every batch only the first example", slot("gradient of the first example only", 0, "weights")),
}

UPDATE = {
    "U01": Example("the gradient is added", in_all_links(weight_scale=-1.0, bias_scale=-1.0)),
    "U02": Example("gradients are never set back to zero", in_update(response=("momentum", 1.0))),
    "U03": Example("the previous gradient is added without the rate", in_update(response=("raw", 20.0))),
    "U04": Example("a momentum of −0.99", in_update(response=("momentum", -0.99))),
    "U05": Example("copies are updated", in_all_links(weight_scale=0.0, bias_scale=0.0)),
    "U06": Example(
        "integer weights: every update is cut to 0",
        both(parameters(lambda w: np.round(3 * w)), in_all_links(weight_scale=0.0, bias_scale=0.0)),
    ),
    "U07": Example("a rate of 50", in_update(learning_rate=50.0)),
    "U08": Example("a rate of 0.001", in_update(learning_rate=0.001)),
    "U09": Example("three updates, each on all examples", lambda s: replace(s, updates=3, batch_size=len(s.x))),
    "U10": Example("a tenth of the weights taken away by each update", in_update(decay=0.1)),
    "U12": Example(
        "Adam without its corrections, at a rate of 0.3",
        in_update(adaptive=UNCORRECTED, learning_rate=0.3),
    ),
    "U18": Example(
        "a row of biases for each example of the batch, of which the first is read",
        both(*(in_link(l, bias=OF_THE_FIRST_EXAMPLE) for l in (0, 1))),
    ),
    "U17": Example(
        "Adam without the root",
        in_update(adaptive=replace(DEFAULT_ADAM, rooted=False), learning_rate=0.01),
    ),
    "U13": Example("a rate of 1 for outputs without bounds", in_update(learning_rate=1.0), networks.unbounded),
    "U14": Example("accumulators times 0.99 instead of cleared", in_update(response=("momentum", 0.99))),
    "U15": Example("weight decay with the wrong sign", in_update(decay=-0.01)),
}

EVALUATION = {
    "E01": Example("the largest output of all, for every example", as_a(CountingOneForAll)),
    "E02": Example("test examples shuffled apart from their labels", lambda s: replace(s, x_held=shuffled(s.x_held))),
    "E03": Example("nine of ten inputs dropped, as in training", as_a(DroppingOut)),
}

EXAMPLES: dict[str, Example] = {**DATA, **INITIAL, **FORWARD, **LOSS, **BACKWARD, **UPDATE, **EVALUATION}
