"""What the layers hold before the first update: activations, gradients, and how far one update moves the weights."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from unstuck.diagnosis.twin.training import Setup, batches
from unstuck.diagnosis.twin.update_rule import State

Array = np.ndarray
MOST_EXAMPLES = 200
MOST_VALUES = 20_000
N_BINS = 32


@dataclass(frozen=True)
class Layer:
    """One layer at the start of training, as samples of its numbers, each (n,).

    weights      the first weights
    activations  its outputs on training examples
    gradients    powers of ten of the entries of the weight gradient, averaged over the first batch; zeros left out
    updates      powers of ten of the first update's entries, as shares of the root mean square weight; zeros left out
    untouched    share of the weights that the first update leaves as they are
    """

    name: str
    weights: Array
    activations: Array
    gradients: Array
    updates: Array
    untouched: float


def layers_at_start(setup: Setup) -> list[Layer]:
    """Every layer of a Setup, first layer first."""
    twin, parameters = setup.twin, setup.parameters.copy(float)
    x, targets = next(batches(setup))
    with np.errstate(all="ignore"):
        rows = slice(0, min(MOST_EXAMPLES, len(setup.x)))
        wide = twin.forward_pass(parameters, setup.x[rows].astype(float), setup.targets[rows])
        p = twin.forward_pass(parameters, x.astype(float), targets)
        p.weights_after, p.biases_after = p.weights, p.biases
        gradients = [weights for weights, _ in twin.gradients(p)]
        after = parameters.copy()
        twin.step(after, State(), x.astype(float), targets)
        found = []
        for l, (before, gradient) in enumerate(zip(parameters.weights, gradients, strict=True)):
            assert gradient is not None
            change = after.weights[l] - before
            size = float(np.sqrt(np.mean(before**2))) or 1.0
            form = twin.forms(twin.training_output)[l].name
            name = f"layer {l + 1}, {form}" if l < len(twin.hidden) else f"output, {form}"
            found.append(
                Layer(
                    name,
                    sample(before),
                    sample(wide.activations[l + 1]),
                    powers_of_ten(np.broadcast_to(gradient, before.shape) / len(x)),
                    powers_of_ten(change / size),
                    float(np.mean(change == 0)),
                )
            )
    return found


def sample(values: Array) -> Array:
    """At most MOST_VALUES of the finite values, evenly spaced, flat."""
    flat = np.ravel(values)
    flat = flat[:: max(1, len(flat) // MOST_VALUES)]
    return flat[np.isfinite(flat)]


def powers_of_ten(values: Array) -> Array:
    """log10 of the sizes of the values that are not zero."""
    sizes = np.abs(sample(values))
    return np.log10(sizes[sizes > 1e-30])


@dataclass(frozen=True)
class Histogram:
    """Shares of the values in equal bins from low to high; every series adds up to 1 (or to 0 if it is empty)."""

    low: float
    high: float
    shares: tuple[Array, ...]


def histogram(*series: Array, n_bins: int = N_BINS, tail: float = 0.0, whole: bool = False) -> Histogram | None:
    """Several samples in the same bins; None where there is nothing to count.

    tail   share of the smallest values that are counted in the first bin, wherever they are
    whole  whether the bins shall begin and end at whole numbers
    """
    filled = [values for values in series if len(values)]
    if not filled:
        return None
    together = np.concatenate(filled)
    low, high = float(np.quantile(together, tail)), float(together.max())
    if whole:
        low, high = float(np.floor(low)), float(np.ceil(high))
    if high - low < 1e-9 * max(abs(low), abs(high), 1e-9):
        low, high = low - 0.5, high + 0.5
    counts = [np.histogram(np.maximum(values, low), n_bins, (low, high))[0] for values in series]
    return Histogram(low, high, tuple(count / max(count.sum(), 1) for count in counts))
