"""Is a gradient the derivative of the loss? Answers with the array, the entry and the kind of disagreement."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from unstuck.errors import TrainingError
from unstuck.nn.network import Network

Array = np.ndarray

STEP = 1e-6  # relative size of the steps: near the cube root of float64's rounding, where central differences are best
EXACT = 1e-6  # relative difference up to which two gradients are called equal
ROUNDING = 1e-6  # norm below which a gradient is not told apart from 0: the loss is rounded, the steps are small


@dataclass(frozen=True)
class GradientDifference:
    """How the gradient of one array compares with central differences."""

    array: str  # "weights_1", "biases_1", …
    error: float  # norm of the difference over the larger norm
    index: tuple[int, ...]  # where the two differ most
    given: float  # the gradient there
    expected: float  # the central difference there
    ratio: float  # given over expected, best fit over the whole array
    kind: str  # "equal", "zero", "sign", "transpose", "factor", "missing term" (of the L2 term's form) or "different"
    place: str = ""  # where a gradient function departs: line and expression; empty where that is not known

    @property
    def is_equal(self) -> bool:
        """Whether the two agree to the error that central differences have."""
        return self.kind == "equal"

    def __str__(self) -> str:
        if self.is_equal:
            return f"{self.array}: equal to {self.error:.1e}"
        place = ", ".join(str(i) for i in self.index)
        where = f"; {self.place}" if self.place else ""
        return (
            f"{self.array}: {self.kind}; relative difference {self.error:.1e}, ratio {self.ratio:.4g}; "
            f"at [{place}] {self.given:.6g} instead of {self.expected:.6g}{where}"
        )


def check_gradients(
    network: Network,
    x: ArrayLike,
    targets: ArrayLike,
    gradients: Sequence[ArrayLike] | None = None,
    entries: int | None = 200,
    seed: int = 0,
) -> list[GradientDifference]:
    """Compare gradients with central differences of the mean loss plus L2 term, in float64.

    Parameters
    ----------
    network : left as it is; a float64 copy is differentiated
    x, targets : a few examples, (n, n_inputs) and as `train` takes them
    gradients : in the order of `network.parameters`; without them those of the definition, `Network.gradients`
    entries : how many entries of each array to look at, drawn at random; None for all

    Returns one GradientDifference per array, in the order of `network.parameters`. Raises TrainingError if the number
    or the shapes of the gradients are not those of the parameters. At a kink (ReLU at 0) the two may rightly differ.
    """
    exact = network.astype("float64")
    given = exact.gradients(x, targets) if gradients is None else [np.asarray(g, np.float64) for g in gradients]
    shapes, expected_shapes = [g.shape for g in given], [p.shape for p in exact.parameters]
    if len(shapes) != len(expected_shapes):
        raise TrainingError(f"{len(shapes)} gradients for {len(expected_shapes)} parameter arrays")

    def loss() -> float:
        return float(exact.loss_values(x, targets).mean()) + exact.penalty()

    generator = np.random.default_rng(seed)
    differences = []
    for i, (name, parameter, gradient) in enumerate(zip(network.parameter_names, exact.parameters, given)):
        if gradient.shape not in (parameter.shape, parameter.shape[::-1]):
            raise TrainingError(f"gradient {i} has shape {gradient.shape}: expected {parameter.shape}, {name}")
        chosen = np.arange(parameter.size)
        if entries is not None and entries < parameter.size:
            chosen = np.sort(generator.choice(parameter.size, entries, replace=False))
        expected = central_differences(loss, parameter, chosen)
        differences.append(_compare(name, parameter, chosen, gradient, expected))
    return differences


def central_differences(loss: Callable[[], float], parameter: Array, entries: Array) -> Array:
    """(f(p + h) - f(p - h)) / 2h at these flat entries of a live array, which is left as it was."""
    flat = parameter.reshape(-1)
    slopes = np.empty(len(entries))
    for k, entry in enumerate(entries):
        value = flat[entry]
        h = STEP * max(1.0, abs(value))
        flat[entry] = value + h
        above, at_above = loss(), flat[entry]
        flat[entry] = value - h
        below, at_below = loss(), flat[entry]
        flat[entry] = value
        slopes[k] = (above - below) / (at_above - at_below)
    return slopes


def _compare(name: str, parameter: Array, chosen: Array, gradient: Array, expected: Array) -> GradientDifference:
    fits = gradient.shape == parameter.shape
    values = (gradient if fits else gradient.T).reshape(-1)[chosen]
    turned = gradient.T.reshape(-1)[chosen] if gradient.T.shape == parameter.shape else values
    kind = _kind(values, turned, expected, parameter.reshape(-1)[chosen])
    worst = int(np.abs(values - expected).argmax())
    return GradientDifference(
        name,
        _relative_difference(values, expected),
        tuple(int(i) for i in np.unravel_index(chosen[worst], parameter.shape)),
        float(values[worst]),
        float(expected[worst]),
        _fit(values, expected),
        "transpose" if kind == "equal" and not fits else kind,
    )


def _kind(values: Array, turned: Array, expected: Array, parameter: Array) -> str:
    """The simplest change of the expected gradient that gives the values."""
    missing = expected - values
    explanations = {
        "equal": values - expected,
        "zero": values,
        "sign": values + expected,
        "transpose": turned - expected,
        "factor": values - _fit(values, expected) * expected,
        "missing term": missing - _fit(missing, parameter) * parameter,
    }
    scale = max(float(np.linalg.norm(expected)), float(np.linalg.norm(values)), ROUNDING)
    for kind, rest in explanations.items():
        if np.linalg.norm(rest) <= EXACT * scale:
            return kind
    return "different"


def _fit(values: Array, basis: Array) -> float:
    """The factor that takes the basis closest to the values; 0 if there is no basis."""
    return float(values @ basis / (basis @ basis)) if basis.any() else 0.0


def _relative_difference(a: Array, b: Array) -> float:
    """Norm of a - b over the larger of the two norms."""
    return float(np.linalg.norm(a - b)) / max(float(np.linalg.norm(a)), float(np.linalg.norm(b)), ROUNDING)
