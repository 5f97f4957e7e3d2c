"""Networks that learn, and proofs of why yours does not."""

from importlib import import_module
from typing import Any

# Public name -> the module that defines it. Read on first use, so that `import unstuck` costs next to nothing.
_HOMES = {
    "Dataset": "unstuck.data",
    "load_mnist": "unstuck.data",
    "read_data": "unstuck.data",
    "read_image": "unstuck.data",
    "Network": "unstuck.nn.network",
    "train": "unstuck.nn.training",
    "save": "unstuck.nn.files.model_file",
    "load": "unstuck.nn.files.model_file",
    "export": "unstuck.exchange",
    "load_state_dict": "unstuck.exchange.torch_state",
    "live_progress": "unstuck.callbacks.progress",
    "tensorboard_log": "unstuck.callbacks.tensorboard",
    "check_gradients": "unstuck.gradient_check",
    "SGD": "unstuck.nn.optimizers",
    "RMSProp": "unstuck.nn.optimizers",
    "AdaGrad": "unstuck.nn.optimizers",
    "Adam": "unstuck.nn.optimizers",
    "AdamW": "unstuck.nn.optimizers",
    "BatchNormalization": "unstuck.nn.engine.normalization",
    "Case": "unstuck.diagnosis.case",
    "diagnose": "unstuck.diagnosis.diagnose",
    "examine": "unstuck.adapters.objects",
    "UnstuckError": "unstuck.errors",
    "DataError": "unstuck.errors",
    "ModelFileError": "unstuck.errors",
    "TrainingError": "unstuck.errors",
    "CaseError": "unstuck.errors",
}

__version__ = "0.1.0"
__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'unstuck' has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def load_ipython_extension(shell: Any) -> None:
    """What `%load_ext unstuck` calls: gives the notebook the magic %%unstuck."""
    import_module("unstuck.notebooks.magic").load(shell)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
