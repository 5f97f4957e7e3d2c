"""Is a gradient the derivative of the loss? For networks of this package, and for any loss written in NumPy."""

from collections.abc import Callable, Sequence
from typing import Any, overload

import numpy as np
from numpy.typing import ArrayLike

from unstuck.autodiff.function_gradients import FunctionGradient, function_gradients
from unstuck.nn.gradient_check import GradientDifference
from unstuck.nn.gradient_check import check_gradients as check_network_gradients
from unstuck.nn.network import Network


@overload
def check_gradients(
    network: Network,
    x: ArrayLike,
    targets: ArrayLike,
    gradients: Sequence[ArrayLike] | None = None,
    entries: int | None = 200,
    seed: int = 0,
) -> list[GradientDifference]: ...


@overload
def check_gradients(
    function: Callable[..., Any],
    parameters: Sequence[ArrayLike],
    gradients: Sequence[ArrayLike] | Callable[..., Sequence[Any]],
) -> list[GradientDifference]: ...


def check_gradients(*arguments: Any, **named: Any) -> list[GradientDifference]:
    """Compare gradients with the derivative of the loss; say which array is wrong, how, and in which line.

    check_gradients(network, x, targets, gradients=None, entries=200, seed=0)
        For a Network: central differences of its loss, in float64. See `unstuck.nn.gradient_check.check_gradients`.

    check_gradients(function, parameters, gradients)
        For a loss written in NumPy: its exact derivative. `function(*parameters)` returns one number; it is run once
        and its operations are recorded. `parameters` are arrays of floats. `gradients` are arrays in their order and
        shapes, or a function of the same parameters that returns them: then its operations are recorded as well, and
        the line is named at which a wrong gradient departs.

    Returns one GradientDifference per array. Raises TrainingError if numbers or shapes do not agree, if the function
    returns no single number, if it leaves NumPy (`float(x)`), or if one of its operations has no derivative here.
    """
    subject = arguments[0] if arguments else named.get("network", named.get("function"))
    if isinstance(subject, Network):
        return check_network_gradients(*arguments, **named)
    return [_difference(i, found) for i, found in enumerate(function_gradients(*arguments, **named))]


def _difference(number: int, found: FunctionGradient) -> GradientDifference:
    away = np.abs(found.given - found.expected)
    index = np.unravel_index(int(away.argmax()), away.shape) if away.ndim else ()
    return GradientDifference(
        f"parameter {number}",
        found.error,
        tuple(int(i) for i in index),
        float(found.given[index]),
        float(found.expected[index]),
        found.ratio,
        found.kind,
        found.place,
    )
