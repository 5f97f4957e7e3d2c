"""Networks on disk: a safetensors file whose metadata describes the network."""

import os
from typing import Any

import numpy as np

from unstuck.errors import ModelFileError, UnstuckError
from unstuck.nn.network import Network
from unstuck.nn.storage import read_arrays, write_arrays

FORMAT_VERSION = 1

SETTINGS: dict[str, Any] = {
    "sizes": list,
    "hidden": list,
    "output": str,
    "loss": str,
    "initializer": str,
    "bias_initializer": str,
    "seed": int,
    "dtype": str,
    "biases": bool,
    "input_range": list,
    "dropout": list,
    "l2": float,
    "max_norm": (float, int, type(None)),
}


def save(network: Network, path: str | os.PathLike[str]) -> None:
    """Write the network's description and parameters, named weights_1, biases_1, …; ModelFileError if impossible.

    The file is complete or not there at all: it is written beside its place and renamed.
    """
    write_arrays(
        path, "network", FORMAT_VERSION, network.description, dict(zip(network.parameter_names, network.parameters))
    )


def load(path: str | os.PathLike[str]) -> Network:
    """The network in a file written by `save`; ModelFileError if it is damaged, foreign or of another version."""
    description, arrays = read_arrays(path, "network", FORMAT_VERSION)
    network = _build(path, description)
    expected = dict(zip(network.parameter_names, network.parameters))
    if arrays.keys() != expected.keys():
        odd = sorted(arrays.keys() ^ expected.keys())
        raise ModelFileError(f"{path} does not hold the arrays of its own description: {', '.join(odd[:4])}")
    for name, parameter in expected.items():
        found = arrays[name]
        if found.shape != parameter.shape or found.dtype != parameter.dtype:
            raise ModelFileError(
                f"{path}: {name} is {found.dtype} {found.shape}, expected {parameter.dtype} {parameter.shape}"
            )
        if not np.isfinite(found).all():
            raise ModelFileError(f"{path}: {name} holds numbers that are not finite")
        parameter[...] = found
    return network


def _build(path: str | os.PathLike[str], description: Any) -> Network:
    """The described network with zeros for parameters."""
    if not isinstance(description, dict) or description.keys() != SETTINGS.keys():
        raise ModelFileError(f"{path} describes no network: expected the settings {', '.join(SETTINGS)}")
    for name, kinds in SETTINGS.items():
        if not isinstance(description[name], kinds):
            raise ModelFileError(f"{path}: the setting {name} is {description[name]!r}")
    try:
        settings = {**description, "initializer": "zeros", "bias_initializer": "zeros"}
        network = Network(**settings)
    except (UnstuckError, TypeError, ValueError, MemoryError) as error:
        raise ModelFileError(f"{path} describes an impossible network: {error}") from error
    network.initializer, network.bias_initializer = description["initializer"], description["bias_initializer"]
    return network
