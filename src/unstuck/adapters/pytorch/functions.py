"""Which of PyTorch's functions are watched, and what for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch.nn import init

from unstuck.adapters.watched.losses import FLAT

Function = Callable[..., Any]


def _methods(*names: str) -> list[Function]:
    """A function of these names on tensors and on the module, where there is one."""
    owners = (torch.Tensor, torch)
    return [getattr(owner, name) for name in names for owner in owners if hasattr(owner, name)]


LOSSES: dict[Function, str] = {
    F.cross_entropy: "cross_entropy",
    F.nll_loss: "nll_loss",
    F.binary_cross_entropy: "binary_cross_entropy",
    F.binary_cross_entropy_with_logits: "binary_cross_entropy_with_logits",
    F.mse_loss: "mse_loss",
    F.l1_loss: "l1_loss",
    F.smooth_l1_loss: "smooth_l1_loss",
    F.huber_loss: "huber_loss",
    F.kl_div: "kl_div",
    F.multi_margin_loss: "multi_margin_loss",
}

SOFTMAXES: dict[Function, str] = dict.fromkeys([F.softmax, *_methods("softmax")], "softmax") | dict.fromkeys(
    [F.log_softmax, *_methods("log_softmax")], "log_softmax"
)
LARGEST: frozenset[Function] = frozenset(_methods("argmax", "max", "topk"))
THRESHOLDS: frozenset[Function] = frozenset(
    _methods("gt", "ge", "__gt__", "__ge__", "lt", "le", "__lt__", "__le__", "round", "greater", "greater_equal")
)
EQUALS: frozenset[Function] = frozenset(_methods("eq", "__eq__", "ne", "__ne__"))

# Of the first argument with every number in its place, or moved about together with the others.
CARRIES: frozenset[Function] = frozenset(
    [
        *_methods("squeeze", "unsqueeze", "view", "reshape", "flatten", "detach", "clone", "contiguous", "ravel"),
        *_methods("t", "transpose", "permute", "expand_as", "view_as", "reshape_as", "expand"),
        *_methods("cpu", "cuda", "to", "type", "float", "double", "long", "int", "bool", "half", "byte", "type_as"),
        torch.Tensor.data.__get__,
        torch.Tensor.T.__get__,
    ]
)
KEEPS_ORDER: frozenset[Function] = frozenset(  # of the scores in a row
    [*SOFTMAXES, *_methods("sigmoid", "exp", "tanh"), F.sigmoid, F.tanh]
)
RECTIFIERS: frozenset[Function] = frozenset([*_methods("relu"), F.relu])  # 0 and flat below 0
ACTIVATIONS: frozenset[Function] = KEEPS_ORDER.difference(SOFTMAXES) | frozenset(
    [*_methods("relu"), F.relu, F.leaky_relu, F.elu, F.gelu, F.silu, F.softplus, F.hardtanh, F.relu6]
)
COMBINES: dict[Function, str] = dict.fromkeys(
    _methods("sub", "__sub__", "rsub", "__rsub__", "subtract"), "difference"
) | dict.fromkeys(_methods("mul", "__mul__", "multiply"), "product")

CUTS: dict[Function, str] = {
    torch.Tensor.detach: "detach()",
    torch.Tensor.data.__get__: ".data",
    torch.Tensor.numpy: "numpy()",
    torch.Tensor.item: "item()",
    torch.Tensor.tolist: "tolist()",
    torch.tensor: "torch.tensor(…)",
    torch.as_tensor: "torch.as_tensor(…)",
    torch.Tensor.argmax: "argmax",
    torch.argmax: "argmax",
    **{function: name for name in FLAT for function in _methods(name)},
}
FREEZES: frozenset[Function] = frozenset([torch.Tensor.requires_grad_, torch.Tensor.requires_grad.__set__])
GRADIENTS: frozenset[Function] = frozenset([torch.Tensor.grad.__get__])
CHOICES: frozenset[Function] = frozenset([torch.Tensor.__getitem__])
WRITES: frozenset[Function] = frozenset(
    [
        *_methods(
            "sub_", "add_", "copy_", "addcdiv_", "addcmul_", "subtract_", "__isub__", "__iadd__", "set_", "lerp_"
        ),
        torch.Tensor.data.__set__,
    ]
)
DRAWS: frozenset[Function] = frozenset(  # new numbers in the place of a tensor's own
    [*_methods("uniform_", "normal_"), init.uniform_, init.normal_, init.kaiming_uniform_]
)
FILLS: frozenset[Function] = frozenset(  # one number in the place of all, or a tensor made of one number
    [
        *_methods("fill_", "zero_"),
        init.constant_,
        torch.zeros,
        torch.ones,
        torch.full,
        torch.zeros_like,
        torch.ones_like,
    ]
)
RESHAPES: frozenset[Function] = frozenset(_methods("view", "reshape"))
MULTIPLIES: frozenset[Function] = frozenset(
    [F.linear, F.conv1d, F.conv2d, F.conv3d, *_methods("matmul", "__matmul__", "mm", "bmm"), F.bilinear]
)

DROPOUTS: frozenset[Function] = frozenset(
    [F.dropout, F.dropout1d, F.dropout2d, F.dropout3d, F.alpha_dropout, F.feature_alpha_dropout, torch.dropout]
)

# The node of a graph -> what to call the function; None: moves numbers about only.
NODES: dict[str, str | None] = {
    "Softmax": "softmax",
    "LogSoftmax": "log_softmax",
    "Sigmoid": "sigmoid",
    "LogSigmoid": "log_sigmoid",
    "Tanh": "tanh",
    "Relu": "relu",
    "LeakyRelu": "leaky_relu",
    "Elu": "elu",
    "Gelu": "gelu",
    "Threshold": "relu",
    "Hardtanh": "hardtanh",
    "Clamp": "clamp",
    "Log": "log",
    "Exp": "exp",
    "Addmm": "linear",
    "Mm": "linear",
    "Convolution": "convolution",
    **dict.fromkeys(
        [
            "View",
            "UnsafeView",
            "Squeeze",
            "Unsqueeze",
            "Reshape",
            "ReshapeAlias",
            "T",
            "Transpose",
            "Permute",
            "Alias",
            "ToCopy",
            "Clone",
            "Slice",
            "Select",
        ]
    ),
}
