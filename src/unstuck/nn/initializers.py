"""Initial weights: each function draws an (n_in, n_out) array of the given dtype from a numpy Generator.

The named distributions keep the size of the signal from layer to layer; `normal` and `uniform` do not look at it.
"""

from collections.abc import Callable

import numpy as np
from numpy.random import Generator
from numpy.typing import DTypeLike

from unstuck.errors import TrainingError

Array = np.ndarray
Initializer = Callable[[Generator, int, int, DTypeLike], Array]


def zeros(generator: Generator, n_in: int, n_out: int, dtype: DTypeLike = np.float32) -> Array:
    """All weights 0: hidden units stay copies of each other, so only fit for a network without hidden layers."""
    return np.zeros((n_in, n_out), dtype)


def normal(generator: Generator, n_in: int, n_out: int, dtype: DTypeLike = np.float32, std: float = 1.0) -> Array:
    """Gaussian of mean 0 and the given standard deviation, whatever the layer's size."""
    return (std * generator.standard_normal((n_in, n_out))).astype(dtype)


def uniform(generator: Generator, n_in: int, n_out: int, dtype: DTypeLike = np.float32, limit: float = 1.0) -> Array:
    """Uniform on [-limit, limit), whatever the layer's size."""
    return generator.uniform(-limit, limit, (n_in, n_out)).astype(dtype)


def glorot_normal(generator: Generator, n_in: int, n_out: int, dtype: DTypeLike = np.float32) -> Array:
    """Variance 2 / (n_in + n_out) (Glorot and Bengio 2010, eq. 12)."""
    return normal(generator, n_in, n_out, dtype, std=(2 / (n_in + n_out)) ** 0.5)


def glorot_uniform(generator: Generator, n_in: int, n_out: int, dtype: DTypeLike = np.float32) -> Array:
    """Uniform with limit sqrt(6 / (n_in + n_out)) (Glorot and Bengio 2010, eq. 16)."""
    return uniform(generator, n_in, n_out, dtype, limit=(6 / (n_in + n_out)) ** 0.5)


def he_normal(generator: Generator, n_in: int, n_out: int, dtype: DTypeLike = np.float32) -> Array:
    """Variance 2 / n_in, for ReLU layers (He et al. 2015, eq. 10)."""
    return normal(generator, n_in, n_out, dtype, std=(2 / n_in) ** 0.5)


def he_uniform(generator: Generator, n_in: int, n_out: int, dtype: DTypeLike = np.float32) -> Array:
    """Uniform of variance 2 / n_in (He et al. 2015, eq. 10)."""
    return uniform(generator, n_in, n_out, dtype, limit=(6 / n_in) ** 0.5)


def lecun_normal(generator: Generator, n_in: int, n_out: int, dtype: DTypeLike = np.float32) -> Array:
    """Variance 1 / n_in (LeCun, Bottou, Orr, Müller 1998, Efficient BackProp, eq. 16)."""
    return normal(generator, n_in, n_out, dtype, std=(1 / n_in) ** 0.5)


def lecun_uniform(generator: Generator, n_in: int, n_out: int, dtype: DTypeLike = np.float32) -> Array:
    """Uniform of variance 1 / n_in (LeCun, Bottou, Orr, Müller 1998, Efficient BackProp, eq. 16)."""
    return uniform(generator, n_in, n_out, dtype, limit=(3 / n_in) ** 0.5)


INITIALIZERS: dict[str, Initializer] = {
    function.__name__: function
    for function in (
        zeros,
        normal,
        uniform,
        glorot_uniform,
        glorot_normal,
        he_uniform,
        he_normal,
        lecun_uniform,
        lecun_normal,
    )
}


def find_initializer(name: str) -> Initializer:
    """The initializer of that name; TrainingError if there is none."""
    if name not in INITIALIZERS:
        raise TrainingError(f"unknown initializer {name!r}: expected one of {', '.join(INITIALIZERS)}")
    return INITIALIZERS[name]
