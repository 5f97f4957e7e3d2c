"""`tensorflow.keras` served by Keras 3, where TensorFlow is not installed."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from unstuck.adapters.keras.tape import Data, GradientTape, function

NAME = "tensorflow"
SERVED = "TensorFlow is not installed: tensorflow.keras is served by Keras 3, on its PyTorch backend"
LEGACY = {  # Keras 3 keeps these under other names
    "keras.preprocessing.image": "keras.src.legacy.preprocessing.image",
    "keras.preprocessing.text": "keras.src.legacy.preprocessing.text",
    "keras.optimizers.legacy": "keras.optimizers",
}


def is_missing() -> bool:
    """Whether there is no TensorFlow to import."""
    try:
        return importlib.util.find_spec(NAME) is None
    except (ImportError, ValueError):
        return NAME not in sys.modules


def keep_from_keras() -> None:
    """Has Keras itself see that there is no TensorFlow, before there is one in name."""
    module = importlib.import_module("keras.src.utils.module_utils")
    for lazy in (module.tensorflow, module.gfile):
        lazy._available = False


class KerasFinder(MetaPathFinder, Loader):
    """Finds `tensorflow` and what stands below `tensorflow.keras` in Keras 3."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname == NAME or fullname == f"{NAME}.keras" or fullname.startswith(f"{NAME}.keras."):
            return importlib.util.spec_from_loader(fullname, self, is_package=True)
        return None

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        if spec.name == NAME:
            return None
        name = spec.name.removeprefix(f"{NAME}.")
        return importlib.import_module(LEGACY.get(name, name))

    def exec_module(self, module: ModuleType) -> None:
        if module.__name__ == NAME:
            vars(module).update(_top())


def _top() -> dict[str, Any]:
    """The little of TensorFlow itself that scripts about Keras use."""
    import keras

    ops = keras.ops
    functions = {name: getattr(ops, own) for name, own in FUNCTIONS.items()}
    kinds = ("float16", "float32", "float64", "int32", "int64", "uint8", "bool")
    return {
        **functions,
        **{kind: kind for kind in kinds},
        "keras": keras,
        "random": module_of("random", {"set_seed": set_seed, "normal": normal, "uniform": uniform}),
        "math": module_of("math", {**functions, "log": ops.log}),
        "nn": module_of("nn", {name: getattr(keras.activations, name) for name in ACTIVATIONS}),
        "data": module_of("data", {"Dataset": Data, "AUTOTUNE": -1}),
        "GradientTape": GradientTape,
        "Variable": keras.Variable,
        "function": function,
        "__version__": "2.16.0",
    }


FUNCTIONS = {  # TensorFlow's name -> that of the same function in keras.ops
    "constant": "convert_to_tensor",
    "convert_to_tensor": "convert_to_tensor",
    "cast": "cast",
    "one_hot": "one_hot",
    "reshape": "reshape",
    "reduce_mean": "mean",
    "reduce_sum": "sum",
    "reduce_max": "max",
    "reduce_min": "min",
    "argmax": "argmax",
    "square": "square",
    "sqrt": "sqrt",
    "abs": "abs",
    "exp": "exp",
    "pow": "power",
    "maximum": "maximum",
    "minimum": "minimum",
    "matmul": "matmul",
    "transpose": "transpose",
    "expand_dims": "expand_dims",
    "squeeze": "squeeze",
    "stack": "stack",
    "concat": "concatenate",
    "equal": "equal",
    "round": "round",
    "shape": "shape",
    "zeros": "zeros",
    "ones": "ones",
    "zeros_like": "zeros_like",
    "ones_like": "ones_like",
    "sigmoid": "sigmoid",
    "tanh": "tanh",
    "stop_gradient": "stop_gradient",
    "clip_by_value": "clip",
}
ACTIVATIONS = ("relu", "sigmoid", "softmax", "tanh", "elu", "gelu", "leaky_relu", "log_softmax", "softplus")


def module_of(name: str, contents: dict[str, Any]) -> ModuleType:
    """A module below `tensorflow` with these names in it."""
    module = ModuleType(f"{NAME}.{name}")
    vars(module).update(contents)
    return module


def normal(shape: Any, mean: float = 0.0, stddev: float = 1.0, **options: Any) -> Any:
    """`tf.random.normal`."""
    import keras

    return keras.random.normal(shape, mean, stddev, seed=options.get("seed"))


def uniform(shape: Any, minval: float = 0.0, maxval: float = 1.0, **options: Any) -> Any:
    """`tf.random.uniform`."""
    import keras

    return keras.random.uniform(shape, minval, maxval, seed=options.get("seed"))


@contextmanager
def served() -> Iterator[None]:
    """Where there is no TensorFlow, scripts that import it are given Keras; the next run imports it anew."""
    if not is_missing():
        yield
        return
    keep_from_keras()
    finder = KerasFinder()
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        forget()


def is_served() -> bool:
    """Whether a script has imported TensorFlow, which is Keras here."""
    return NAME in sys.modules


def set_seed(seed: int) -> None:
    """Seeds what Keras computes with."""
    import torch

    torch.manual_seed(seed)


def forget() -> None:
    """Has the next run import it anew."""
    for name in [name for name in sys.modules if name == NAME or name.startswith(f"{NAME}.")]:
        del sys.modules[name]
