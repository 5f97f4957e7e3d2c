"""Which framework a script is written with, and its examination."""

from __future__ import annotations

import ast
import importlib.util
import os
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from unstuck.errors import CaseError

if TYPE_CHECKING:
    from unstuck.adapters.watch import Run
    from unstuck.diagnosis.report.report import Report

SIGNS = {"keras": ("keras", "tensorflow.keras", "tf_keras"), "pytorch": ("torch", "pytorch_lightning", "lightning")}
ATTRIBUTE_OF_KERAS = re.compile(r"\bkeras\.(\w+)")
PACKAGES = {"keras": "keras", "pytorch": "torch"}


def framework_of(text: str) -> str | None:
    """The framework that a script trains with, told from its imports: "keras", "pytorch", or None for neither.

    Importing Keras only for a data set or for `to_categorical` does not count.
    """
    modules = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            modules |= {f"{node.module}.{alias.name}" for alias in node.names}
    used = {name for name in modules if not any(part in name for part in (".datasets", ".utils", "examples"))}
    attributes = set(ATTRIBUTE_OF_KERAS.findall(text))
    if attributes and attributes <= {"datasets", "utils"}:
        used -= {"keras", "tensorflow", "tensorflow.keras", "tf_keras"}
    for framework, names in SIGNS.items():
        if any(module == name or module.startswith(f"{name}.") for module in used for name in names):
            return framework
    if "tensorflow" in used and attributes:
        return "keras"
    return None


def choose_backend() -> None:
    """Lets a script have Keras for its data sets alone where its usual backend, TensorFlow, is not installed."""
    if importlib.util.find_spec("tensorflow") is None:
        os.environ.setdefault("KERAS_BACKEND", "numpy")


def seed_torch(seed: int) -> None:
    """Has the random numbers of PyTorch, and of Keras, which computes with it here, start from a seed."""
    os.environ.setdefault("KERAS_BACKEND", "torch")
    if importlib.util.find_spec("torch") is not None:
        import torch

        torch.manual_seed(seed)


def examine_framework(
    framework: str,
    run: Run,
    name: str,
    cures: bool,
    listen: Callable[[str], None],
    show: Callable[[dict[str, Any]], None],
) -> Report:
    """Diagnose a script of this framework. Raises CaseError, naming the extra, if the framework is not installed."""
    package = PACKAGES[framework]
    if importlib.util.find_spec(package) is None or importlib.util.find_spec("torch") is None:
        raise CaseError(f"{name}: is a {framework} script, and {package} is not installed: install unstuck[{package}]")
    from unstuck.adapters.watched.examine import examine

    if framework == "keras":
        os.environ.setdefault("KERAS_BACKEND", "torch")
        from unstuck.adapters.keras.watch import KERAS as found
    else:
        from unstuck.adapters.pytorch.watch import PYTORCH as found
    return examine(found, run, name, cures, listen, show)
