"""Settings of a network: which are possible, and in which forms they may be given."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from unstuck.errors import TrainingError
from unstuck.nn.activations import Activation, find_activation


def checked_sizes(sizes: Sequence[int]) -> tuple[int, ...]:
    if len(sizes) < 2 or not all(_is_count(size) for size in sizes):
        raise TrainingError(
            f"sizes are {list(sizes)!r}: expected whole numbers above 0 for inputs, hidden units, outputs"
        )
    return tuple(int(size) for size in sizes)


def _is_count(size: Any) -> bool:
    return isinstance(size, (int, np.integer)) and not isinstance(size, bool) and bool(size > 0)


def checked_dtype(dtype: DTypeLike) -> np.dtype:
    if dtype not in ("float32", "float64", np.float32, np.float64):
        raise TrainingError(f"dtype is {dtype!r}: expected float32 or float64")
    return np.dtype(dtype)


def checked_range(input_range: tuple[float, float]) -> tuple[float, float]:
    low, high = (float(end) for end in input_range)
    if not -np.inf < low < high < np.inf:
        raise TrainingError(f"input_range is {input_range!r}: expected two finite numbers, the smaller first")
    return low, high


def checked_dropout(dropout: float | Sequence[float], n_hidden: int) -> tuple[float, ...]:
    rates = per_hidden_layer("dropout", dropout, n_hidden)
    if not all(0 <= rate < 1 for rate in rates):
        raise TrainingError(f"dropout is {dropout!r}: expected shares from 0 up to but not including 1")
    return tuple(float(rate) for rate in rates)


def as_activation(activation: str | Activation) -> Activation:
    return find_activation(activation) if isinstance(activation, str) else activation


def per_hidden_layer(name: str, setting: Any, n_hidden: int) -> tuple[Any, ...]:
    """The setting of each hidden layer, given one for all or one for each."""
    if isinstance(setting, (str, Activation)) or not isinstance(setting, Sequence):
        return (setting,) * n_hidden
    if len(setting) != n_hidden:
        raise TrainingError(
            f"{name} has {len(setting)} entries: expected one, or one for each of {n_hidden} hidden layers"
        )
    return tuple(setting)


def name_of(initializer: str | Callable[..., Any]) -> str:
    return initializer if isinstance(initializer, str) else getattr(initializer, "__name__", "custom")
