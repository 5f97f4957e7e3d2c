"""Dense layers that PyTorch has trained: a `state_dict` in a safetensors file.

`torch.nn.Linear` computes x W^T + b: its `weight` is (n_out, n_in), its `bias` (n_out,). Nothing is unpickled and
PyTorch is not needed.
"""

import os
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from unstuck.errors import ModelFileError
from unstuck.nn.activations import Activation
from unstuck.nn.network import Network

Array = np.ndarray
Layer = tuple[Array, Array | None]  # weight (n_out, n_in), bias (n_out,)

LOSSES = {"softmax": "cross_entropy", "sigmoid": "binary_cross_entropy"}  # squared_error for all others


def load_state_dict(
    path: str | os.PathLike[str],
    hidden: str | Activation | Sequence[str | Activation] = "relu",
    output: str | Activation = "softmax",
    loss: str | None = None,
    input_range: tuple[float, float] = (0.0, 1.0),
    layers: Sequence[str] | None = None,
) -> Network:
    """The network in a safetensors file that holds the `state_dict` of dense PyTorch layers.

    Parameters
    ----------
    path : a file as `safetensors.torch.save_file(module.state_dict(), path)` writes it
    hidden, output, loss, input_range : what the arrays do not tell, as for `Network`. Logits that PyTorch hands to
        its cross-entropy are softmax outputs here. The loss follows from the output if it is not given. Inputs that
        were normalised as (x - mean) / std lie in the range (-mean / std, (1 - mean) / std)
    layers : the names of the layers from input to output, "0" for the arrays "0.weight" and "0.bias". Needed only
        where neither numbers in the names nor the shapes tell the order

    Parameters are float64 if all arrays are, else float32. If some layers have biases, the others get zeros.

    Raises ModelFileError if the file is damaged, or if its arrays are no chain of dense layers.
    """
    found = _dense_layers(path, _read(path))
    if layers is not None and sorted(layers) != sorted(found):
        raise ModelFileError(f"{path} holds the layers {', '.join(found)}, not {', '.join(layers)}")
    order = list(layers) if layers is not None else _in_order(path, found)
    chain = [found[name] for name in order]
    for name, (above, _), (below, _) in zip(order[1:], chain[1:], chain):
        if above.shape[1] != below.shape[0]:
            raise ModelFileError(
                f"{path}: {name}.weight is {above.shape}, but the layer before it has {below.shape[0]} units"
            )
    arrays = [array for layer in chain for array in layer if array is not None]
    name_of_output = output if isinstance(output, str) else output.name
    network = Network(
        [chain[0][0].shape[1], *(weight.shape[0] for weight, _ in chain)],
        hidden=hidden,
        output=output,
        loss=loss or LOSSES.get(name_of_output, "squared_error"),
        initializer="zeros",
        dtype="float64" if all(array.dtype == np.float64 for array in arrays) else "float32",
        biases=any(bias is not None for _, bias in chain),
        input_range=input_range,
    )
    for layer, (weight, bias) in zip(network.layers, chain):
        layer.weights[...] = weight.T
        if layer.biases is not None and bias is not None:
            layer.biases[...] = bias
    return network


def _read(path: str | os.PathLike[str]) -> dict[str, Array]:
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        return load(Path(path).read_bytes())
    except OSError as error:
        raise ModelFileError(f"cannot read {path}: {error.strerror}") from error
    except (SafetensorError, KeyError, ValueError, TypeError, AttributeError) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ModelFileError(f"{path} is no safetensors file of numbers that NumPy has: {reason}") from error


def _dense_layers(path: str | os.PathLike[str], arrays: dict[str, Array]) -> dict[str, Layer]:
    """Weight and bias by the name of their layer; ModelFileError for anything that is neither."""
    layers: dict[str, Layer] = {}
    for name, array in arrays.items():
        kind = name.rpartition(".")[2]
        prefix = name.removesuffix(kind)  # "0." of "0.weight"; nothing for a bare Linear
        weight = arrays.get(f"{prefix}weight", array)
        if kind not in ("weight", "bias") or weight.ndim != 2 or not weight.size or array.dtype.kind != "f":
            raise ModelFileError(
                f"{path}: {name} is {array.dtype} {array.shape}, expected dense layers only, NAME.weight (n_out, n_in) "
                "and NAME.bias (n_out,)"
            )
        if kind == "bias" and array.shape != weight.shape[:1]:
            raise ModelFileError(f"{path}: {name} is {array.shape}, expected {weight.shape[:1]}")
        if not np.isfinite(array).all():
            raise ModelFileError(f"{path}: {name} holds numbers that are not finite")
        layers[prefix.rstrip(".")] = weight, arrays.get(f"{prefix}bias")
    if not layers:
        raise ModelFileError(f"{path} holds no arrays, expected those of dense layers")
    return layers


def _in_order(path: str | os.PathLike[str], layers: dict[str, Layer]) -> list[str]:
    """Names from input to output: by their numbers where they differ in nothing else, else by shapes if only one fits.

    The file does not tell: safetensors sorts arrays by name.
    """
    names = sorted(layers, key=_numbers)
    if len({re.sub(r"\d+", "#", name) for name in names}) == 1:
        return names
    chains = _chains(layers, limit=2)
    if len(chains) != 1:
        raise ModelFileError(
            f"{path}: the order of the layers {', '.join(names)} cannot be told from names and shapes; "
            "give it as layers=[…]"
        )
    return chains[0]


def _numbers(name: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", name)]


def _chains(layers: dict[str, Layer], limit: int, begun: tuple[str, ...] = ()) -> list[list[str]]:
    """Orders of the layers in which each takes as many inputs as the one before has units; at most `limit` of them."""
    if len(begun) == len(layers):
        return [list(begun)]
    found: list[list[str]] = []
    for name, (weight, _) in layers.items():
        fits = not begun or layers[begun[-1]][0].shape[0] == weight.shape[1]
        if fits and name not in begun and len(found) < limit:
            found += _chains(layers, limit - len(found), (*begun, name))
    return found
