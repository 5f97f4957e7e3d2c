"""The engine's network that an estimator means, and its first weights."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from unstuck.nn.activations import Activation
from unstuck.nn.layers import Dense
from unstuck.nn.network import CHUNK, Network
from unstuck.nn.settings import per_hidden_layer
from unstuck.sklearn.losses import EXP
from unstuck.sklearn.parameters import ACTIVATIONS
from unstuck.sklearn.sparse import SparseDense

Array = np.ndarray

OUTPUTS: dict[str, str | Activation] = {**ACTIVATIONS, "softmax": "softmax", "exp": EXP}


def layer_sizes(hidden_layer_sizes: Any) -> list[int]:
    """Units of each hidden layer, given as one number or several."""
    return [int(size) for size in np.atleast_1d(np.asarray(hidden_layer_sizes, dtype=np.int64))]


def hidden_activations(activation: str | Sequence[str], n_hidden: int) -> list[str]:
    """scikit-learn's name of the activation of each hidden layer; TrainingError for a list of another length."""
    names = activation if isinstance(activation, str) else list(activation)
    return list(per_hidden_layer("activation", names, n_hidden))


def dropout_rates(dropout: float | Sequence[float], n_hidden: int) -> list[float]:
    """The share of units left out in each hidden layer; TrainingError for a list of another length."""
    return list(per_hidden_layer("dropout", np.asarray(dropout).tolist(), n_hidden))


def draw_parameters(
    random_state: np.random.RandomState,
    sizes: Sequence[int],
    activation: str | Sequence[str],
    dtype: DTypeLike,
) -> tuple[list[Array], list[Array]]:
    """First weights (n_in, n_out) and biases (n_out,) of each layer, drawn as scikit-learn draws them.

    Uniform with limit sqrt(6 / (n_in + n_out)) (Glorot and Bengio 2010, eq. 16), sqrt(2 / (n_in + n_out)) for logistic
    units; the output layer takes the limit of the units below.
    """
    names = hidden_activations(activation, len(sizes) - 2)
    names.append(names[-1] if names else activation if isinstance(activation, str) else "relu")
    coefs, intercepts = [], []
    for n_in, n_out, name in zip(sizes, sizes[1:], names):
        limit = np.sqrt((2 if name == "logistic" else 6) / (n_in + n_out))
        coefs.append(random_state.uniform(-limit, limit, (n_in, n_out)).astype(dtype, copy=False))
        intercepts.append(random_state.uniform(-limit, limit, n_out).astype(dtype, copy=False))
    return coefs, intercepts


def holding(network: Network, coefs: Sequence[Array], intercepts: Sequence[Array], sparse: bool) -> Network:
    """The network with layers that hold these very arrays; with `sparse`, for inputs as rows of a sparse matrix."""
    for i, (layer, coef, intercept) in enumerate(zip(network.layers, coefs, intercepts)):
        kind = SparseDense if sparse and i == 0 else Dense
        network.layers[i] = kind(coef, intercept, layer.activation)
    return network


def logits_of(network: Network, x: Any) -> Array:
    """Pre-activations (n, n_outputs) of the output layer for rows x, an array or a sparse matrix."""
    parts = range(0, x.shape[0], CHUNK)
    return np.vstack([network.forward(network.prepare(x[start : start + CHUNK]))[-1].z for start in parts])
