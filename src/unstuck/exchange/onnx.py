"""ONNX: the network as a graph of standard operators, for any runtime that computes such graphs.

Operators and their meaning: the ONNX operator schemas, operator set 17.
"""

from __future__ import annotations

import json
import math
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from unstuck import __version__
from unstuck.errors import UnstuckError
from unstuck.nn.activations import ACTIVATIONS, LEAK, Activation
from unstuck.nn.files.storage import write_model_file
from unstuck.nn.network import Network

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto, TensorProto

OPERATOR_SET, FORMAT = 17, 8  # both of 2022: old enough for the runtimes in use

OPERATORS = {"linear": "Identity", "sigmoid": "Sigmoid", "tanh": "Tanh", "relu": "Relu", "softmax": "Softmax"}


def write_onnx(network: Network, path: str | os.PathLike[str]) -> None:
    """Write `onnx_model(network)`, whole or not at all."""
    write_model_file(path, onnx_model(network).SerializeToString(deterministic=True))


def onnx_model(network: Network) -> ModelProto:
    """The graph from `x` (n, n_inputs), in [0, 1] and of the network's dtype, to `scores` and `labels`.

    scores (n, n_outputs) are what `network.scores` gives; labels (n,) int64, of a classifier only, what
    `network.predict` gives. Mapping the inputs onto the network's input range is part of the graph. The metadata
    tell the classes, the preprocessing and the network's description, each as JSON.

    Raises UnstuckError without the package onnx, and for an activation that is none of unstuck's own.
    """
    try:
        from onnx import TensorProto, helper
    except ImportError:
        raise UnstuckError('export to ONNX needs the package onnx: pip install "unstuck[onnx]"') from None

    graph = Graph(network.dtype)
    a = prepare(graph, "x", network.input_range)
    for i, layer in enumerate(network.layers, start=1):
        operands = [graph.constant(f"weights_{i}", layer.weights)]
        if layer.biases is not None:
            operands.append(graph.constant(f"biases_{i}", layer.biases))
        z = graph.apply("Gemm", [a, *operands], f"z_{i}")  # (n, n_out)
        a = activate(graph, layer.activation, z, "scores" if i == len(network.layers) else f"a_{i}")

    real = helper.np_dtype_to_tensor_dtype(network.dtype)
    x = helper.make_tensor_value_info("x", real, ["n", network.sizes[0]])
    answers = [helper.make_tensor_value_info("scores", real, ["n", network.sizes[-1]])]
    if network.is_classifier:
        answers.append(helper.make_tensor_value_info(label(graph, network), TensorProto.INT64, ["n"]))
    model = helper.make_model(
        helper.make_graph(graph.nodes, "unstuck", [x], answers, graph.constants),
        opset_imports=[helper.make_opsetid("", OPERATOR_SET)],
        ir_version=FORMAT,
        producer_name="unstuck",
        producer_version=__version__,
    )
    helper.set_model_props(model, {name: json.dumps(value) for name, value in metadata(network).items()})
    return model


def metadata(network: Network) -> dict[str, Any]:
    """What a user of the graph has to know, as JSON values; no classes for a regression."""
    side = math.isqrt(network.sizes[0])
    preprocessing: dict[str, Any] = {
        "input": f"x, {network.dtype.name}, one example a row of {network.sizes[0]} numbers",
        "range": [0.0, 1.0],
        "bytes": "divide by 255",
        "inside": f"the graph maps [0, 1] onto {list(network.input_range)} itself",
    }
    if side * side == network.sizes[0]:
        preprocessing["images"] = f"if any: {side} x {side} pixels, row by row from the upper left; ink 1, paper 0"
    facts = {"preprocessing": preprocessing, "description": network.description}
    classes = list(range(network.n_classes)) if network.class_names is None else list(network.class_names)
    return facts | ({"classes": classes} if network.is_classifier else {})


@dataclass
class Graph:
    """Operators in the order in which they are applied, and the constants they are applied to."""

    dtype: np.dtype
    nodes: list[NodeProto] = field(default_factory=list)
    constants: list[TensorProto] = field(default_factory=list)

    def constant(self, name: str, value: Any, dtype: Any = None) -> str:
        """The name of a new constant, of the graph's dtype if no other is given."""
        from onnx import numpy_helper

        self.constants.append(numpy_helper.from_array(np.asarray(value, dtype or self.dtype), name))
        return name

    def apply(self, operator: str, operands: list[str], result: str, **attributes: Any) -> str:
        """The name of the result of an operator."""
        from onnx import helper

        self.nodes.append(helper.make_node(operator, operands, [result], **attributes))
        return result


def prepare(graph: Graph, x: str, input_range: tuple[float, float]) -> str:
    """x in [0, 1] mapped linearly onto the range; `Network.prepare` is the definition."""
    low, high = input_range
    if (low, high) == (0, 1):
        return x
    scaled = graph.apply("Mul", [x, graph.constant("input_scale", high - low)], "x_scaled")
    return graph.apply("Add", [scaled, graph.constant("input_low", low)], "x_prepared")


def activate(graph: Graph, activation: Activation, z: str, a: str) -> str:
    """The activation's value at z, named a."""
    if activation is ACTIVATIONS["leaky_relu"]:  # from parts: runtimes lack the operator for float64
        return graph.apply("Max", [z, graph.apply("Mul", [z, graph.constant(f"leak_{z}", LEAK)], f"leak_of_{z}")], a)
    if ACTIVATIONS.get(activation.name) is not activation:
        known = ", ".join(ACTIVATIONS)
        raise UnstuckError(f"activation {activation.name!r} has no form in ONNX: expected one of {known}")
    return graph.apply(OPERATORS[activation.name], [z], a, **({"axis": 1} if activation.name == "softmax" else {}))


def label(graph: Graph, network: Network) -> str:
    """`labels` (n,) from `scores`; `Network.labels` is the definition."""
    if network.sizes[-1] > 1:
        return graph.apply("ArgMax", ["scores"], "labels", axis=1, keepdims=0)
    middle = graph.constant("middle", 0.0 if network.output.name == "tanh" else 0.5)
    above = graph.apply("Greater", ["scores", middle], "above_middle")  # (n, 1)
    column = graph.apply("Cast", [above], "labels_column", to=7)  # INT64
    return graph.apply("Squeeze", [column, graph.constant("column", [1], np.int64)], "labels")
