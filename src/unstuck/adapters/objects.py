"""`unstuck.examine`: a model, its loss and its optimiser examined as objects, in a notebook or a test."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from unstuck.errors import CaseError

if TYPE_CHECKING:
    from unstuck.diagnosis.report.report import Report


def examine(
    model: Any, *, loss: Any = None, optimizer: Any = None, x: Any, y: Any, batch_size: int = 32, cures: bool = True
) -> Report:
    """Train copies of a model for a counted number of updates, and say what keeps it from learning.

    model       a `torch.nn.Module`, or a `keras.Model`; it is left exactly as it is, as are the others
    loss        called as `loss(model(x), y)`; for Keras a loss or its name, or None where the model is compiled
    optimizer   one that was made for this model; for Keras an optimiser or its name, or None where it is compiled
    x, y        training examples and their targets, as tensors or arrays with the examples along the first axis

    Returns a Report. Raises CaseError for another kind of model, and for x and y of different lengths.
    """
    if len(x) != len(y) or not len(x):
        raise CaseError(f"examine: expected as many inputs as targets and at least one, found {len(x)} and {len(y)}")
    if batch_size < 1:
        raise CaseError(f"examine(batch_size={batch_size}): expected a positive number")
    modules = {cls.__module__.partition(".")[0] for cls in type(model).__mro__}
    if "keras" in modules:
        from unstuck.adapters.keras.objects import examine_model as examine_keras

        return examine_keras(model, loss, optimizer, (x, y), batch_size, cures)
    if "torch" in modules:
        from unstuck.adapters.pytorch.objects import examine_model as examine_torch

        if loss is None or optimizer is None:
            raise CaseError("examine: a PyTorch model needs its loss and its optimiser: examine(model, loss=…, …)")
        return examine_torch(model, loss, optimizer, (x, y), batch_size, cures)
    raise CaseError(f"examine: expected a torch.nn.Module or a keras.Model, found {type(model).__name__}")
