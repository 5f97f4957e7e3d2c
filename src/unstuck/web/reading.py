"""From a drawing to an answer: the image as the network gets it, its scores, and what its first layer sees."""

from __future__ import annotations

import base64
import io
from typing import Any

import numpy as np

from unstuck.data.images import SIDE, centre, decode_grey, ink_on_paper
from unstuck.errors import ModelFileError
from unstuck.nn.network import Network
from unstuck.web.limits import DRAWING_PIXELS

Array = np.ndarray

UNITS_SHOWN = 12
RANGES = {"softmax": (0.0, 1.0), "sigmoid": (0.0, 1.0), "tanh": (-1.0, 1.0)}  # of outputs


def expect_reader(network: Network, name: str) -> None:
    """Raises ModelFileError for a network that cannot tell classes of 28 x 28 pixels apart."""
    if network.sizes[0] != SIDE * SIDE:
        raise ModelFileError(
            f"{name}: takes {network.sizes[0]} inputs, expected {SIDE * SIDE}, the pixels of a drawing"
        )
    if not network.is_classifier or network.sizes[-1] < 2:
        raise ModelFileError(f"{name}: is no classifier with an output for each class, expected one")


def read_drawing(png: bytes) -> Array:
    """A PNG or JPEG as (784,) float32 in [0, 1], centred and scaled as MNIST was; DataError if it is none or empty."""
    grey = decode_grey(io.BytesIO(png), len(png), "the drawing", DRAWING_PIXELS)
    return centre(ink_on_paper(grey, "the drawing")).ravel()


def answer(network: Network, x: Array) -> dict[str, Any]:
    """What the network says of one image x (784,), as JSON values; images are in base64, row by row, a byte a pixel."""
    rows = network.prepare(x[None])  # (1, 784)
    passes = network.forward(rows)
    scores = passes[-1].a  # (1, n_classes)
    low, high = RANGES.get(network.output.name, (float(scores.min()), float(scores.max())))
    return {
        "label": int(network.labels(scores)[0]),
        "scores": [round(float(score), 4) for score in scores[0]],
        "range": [low, high],
        "image": as_base64(np.round(255 * x).astype(np.uint8)),
        "first_layer": first_layer(network, passes[0].a[0]),
    }


def first_layer(network: Network, activations: Array) -> dict[str, Any]:
    """All activations (n,) of the first layer, and the weights of the units that are most active."""
    most = np.argsort(-np.abs(activations), kind="stable")[:UNITS_SHOWN]
    units = [
        {"unit": int(unit), "activation": round(float(activations[unit]), 3), "weights": weight_image(network, unit)}
        for unit in most
    ]
    return {"activations": [round(float(a), 3) for a in activations], "units": units}


def weight_image(network: Network, unit: int) -> str:
    """The weights of a unit of the first layer as 784 signed bytes, the largest as ±127, in base64."""
    weights = network.layers[0].weights[:, unit]
    largest = float(np.abs(weights).max()) or 1.0
    return as_base64(np.round(127 * (weights / largest)).astype(np.int8))


def as_base64(values: Array) -> str:
    return base64.b64encode(values.tobytes()).decode("ascii")
