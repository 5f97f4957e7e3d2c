"""`tensorflow.keras` served by Keras 3, where TensorFlow is not installed."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

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

    randomness = ModuleType("tensorflow.random")
    vars(randomness)["set_seed"] = set_seed
    return {
        "keras": keras,
        "random": randomness,
        "__version__": "2.16.0",
        "constant": keras.ops.convert_to_tensor,
        "convert_to_tensor": keras.ops.convert_to_tensor,
        "cast": keras.ops.cast,
        "one_hot": keras.ops.one_hot,
        "reshape": keras.ops.reshape,
        "reduce_mean": keras.ops.mean,
        "square": keras.ops.square,
        "float32": "float32",
        "float64": "float64",
        "int32": "int32",
        "int64": "int64",
    }


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
