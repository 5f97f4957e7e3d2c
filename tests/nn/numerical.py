"""Central differences, and small problems to take them on."""

from collections.abc import Callable

import numpy as np

from unstuck.nn.network import Network

Array = np.ndarray


def slope(f: Callable[[], float], parameter: Array, step: float = 1e-3) -> Array:
    """df/dparameter by central differences of orders 2 and 4 combined: wrong by about step^4."""
    derivative = np.empty_like(parameter)
    for index in np.ndindex(parameter.shape):
        value = parameter[index]
        differences = []
        for h in (step, 2 * step):
            parameter[index] = value + h
            above = f()
            parameter[index] = value - h
            differences.append((above - f()) / (2 * h))
        parameter[index] = value
        derivative[index] = (4 * differences[0] - differences[1]) / 3
    return derivative


def relative_error(found: Array, expected: Array) -> float:
    return float(np.linalg.norm(found - expected) / max(np.linalg.norm(expected), 1e-12))


def problem(network: Network, n: int, seed: int = 0) -> tuple[Array, Array]:
    """Random inputs, and targets that the network's outputs can reach: labels, or reals for linear outputs."""
    generator = np.random.default_rng(seed)
    x = generator.normal(size=(n, network.sizes[0]))
    if network.output.name in ("linear", "relu", "leaky_relu"):
        return x, generator.normal(size=(n, network.sizes[-1]))
    return x, generator.integers(0, max(2, network.sizes[-1]), n)


def shake(network: Network, seed: int = 1) -> Network:
    """Give the biases values other than 0, so that a wrong one shows."""
    generator = np.random.default_rng(seed)
    for parameter in network.parameters:
        if parameter.ndim == 1:
            parameter[...] = generator.normal(scale=0.5, size=parameter.shape)
    return network
