"""What an estimator records: losses as scikit-learn averages them, and how validation examples fare."""

from typing import Any

import numpy as np

from unstuck.nn.engine.examples import Examples
from unstuck.nn.network import Network
from unstuck.sklearn.architecture import logits_of

Array = np.ndarray


def mean_loss(network: Network, logits: Array, t: Array, weight: Array | None) -> float:
    """The weighted mean of the loss, summed over outputs, of examples with these logits (n, n_outputs); no L2 term."""
    losses = network.loss.per_example(network.output, logits, network.output.value(logits), t)
    if weight is not None:
        losses = losses * (weight / weight.mean(dtype=np.float64))
    return float(losses.mean(dtype=np.float64))


def record_validation(estimator: Any, network: Network, validation: Examples) -> None:
    """Append loss, score and accuracy of the validation examples to the estimator's curves."""
    logits = logits_of(network, validation.x)
    outputs, (t, weight) = network.output.value(logits), validation.answers()
    scale = estimator._loss_scale(network.sizes[-1])
    estimator.validation_loss_curve_.append(scale * mean_loss(network, logits, t, weight))
    estimator.validation_scores_.append(estimator._score_outputs(outputs, t, weight))
    estimator.history_.validation_accuracy.append(estimator._accuracy(outputs, t, weight))
