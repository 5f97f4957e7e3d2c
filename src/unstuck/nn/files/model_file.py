"""Networks on disk: a safetensors file whose metadata describes the network."""

import os
from itertools import pairwise
from typing import Any

import numpy as np

from unstuck.errors import ModelFileError, UnstuckError
from unstuck.nn.files.storage import read_arrays, write_arrays
from unstuck.nn.network import Network

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
    _check_settings(path, description)
    _check_arrays(path, description, arrays)
    network = _build(path, description)
    for name, parameter in zip(network.parameter_names, network.parameters):
        parameter[...] = arrays[name]
    return network


def _check_class_names(path: str | os.PathLike[str], names: Any, n_outputs: int) -> None:
    """Files of networks whose classes have no names hold none, and neither do older files."""
    expected = max(2, n_outputs)
    texts = isinstance(names, list) and all(isinstance(name, str) for name in names)
    if not texts or len(names) != expected:
        raise ModelFileError(f"{path}: the setting class_names is {names!r}, expected {expected} texts")


def _check_settings(path: str | os.PathLike[str], description: Any) -> None:
    if not isinstance(description, dict) or description.keys() - {"class_names"} != SETTINGS.keys():
        raise ModelFileError(f"{path} describes no network: expected the settings {', '.join(SETTINGS)}")
    for name, kinds in SETTINGS.items():
        if not isinstance(description[name], kinds):
            raise ModelFileError(f"{path}: the setting {name} is {description[name]!r}")
    sizes = description["sizes"]
    if not all(type(size) is int and size > 0 for size in sizes):
        raise ModelFileError(f"{path}: the setting sizes is {sizes!r}, expected whole numbers above 0")
    if "class_names" in description:
        _check_class_names(path, description["class_names"], sizes[-1])


def _check_arrays(path: str | os.PathLike[str], description: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
    """Refuse arrays that are not those of the description, before anything of the described size is made."""
    expected: dict[str, tuple[int, ...]] = {}
    for i, (n_in, n_out) in enumerate(pairwise(description["sizes"]), start=1):
        expected[f"weights_{i}"] = (n_in, n_out)
        if description["biases"]:
            expected[f"biases_{i}"] = (n_out,)
    if arrays.keys() != expected.keys():
        odd = sorted(arrays.keys() ^ expected.keys())
        raise ModelFileError(f"{path} does not hold the arrays of its own description: {', '.join(odd[:4])}")
    for name, shape in expected.items():
        found = arrays[name]
        if found.shape != shape or found.dtype.name != description["dtype"]:
            raise ModelFileError(
                f"{path}: {name} is {found.dtype} {found.shape}, expected {description['dtype']} {shape}"
            )
        if not np.isfinite(found).all():
            raise ModelFileError(f"{path}: {name} holds numbers that are not finite")


def _build(path: str | os.PathLike[str], description: dict[str, Any]) -> Network:
    """The described network with zeros for parameters."""
    try:
        settings = {name: description[name] for name in SETTINGS}
        network = Network(**{**settings, "initializer": "zeros", "bias_initializer": "zeros"})
    except (UnstuckError, TypeError, ValueError) as error:
        raise ModelFileError(f"{path} describes an impossible network: {error}") from error
    network.initializer, network.bias_initializer = description["initializer"], description["bias_initializer"]
    if "class_names" in description:
        network.class_names = tuple(description["class_names"])
    return network
