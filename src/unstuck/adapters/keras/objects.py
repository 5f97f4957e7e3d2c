"""A Keras model as a program that can be run again and again."""

from __future__ import annotations

from typing import Any

import keras

from unstuck.adapters.keras.watch import KERAS
from unstuck.adapters.pytorch.copies import put_back
from unstuck.adapters.watch import Outcome, Watch, outcome_of
from unstuck.adapters.watched.examine import examine
from unstuck.diagnosis.report.report import Report
from unstuck.errors import CaseError


def examine_model(model: Any, loss: Any, optimizer: Any, data: tuple[Any, Any], batch_size: int, cures: bool) -> Report:
    """Diagnose a model by fitting copies of it. Raises CaseError if it is given no loss and is not compiled."""
    loss = loss if loss is not None else getattr(model, "loss", None)
    optimizer = optimizer if optimizer is not None else getattr(model, "optimizer", None)
    if loss is None or optimizer is None:
        raise CaseError("examine: a Keras model needs a loss and an optimiser, or to be compiled")
    if not model.built:
        raise CaseError("examine: the Keras model has no weights yet: give it an Input or call it once")
    weights = [weight.copy() for weight in model.get_weights()]
    metrics = ["accuracy"] if "crossentropy" in str(getattr(loss, "name", loss)) else None

    def run(watch: Watch) -> Outcome:
        return outcome_of(train)

    def train() -> None:
        copied = keras.models.clone_model(model)
        copied.set_weights(weights)
        copied.compile(optimizer=fresh(optimizer), loss=loss, metrics=metrics)
        copied.fit(*data, batch_size=batch_size, epochs=10_000, verbose=0)

    with put_back():
        return examine(KERAS, run, model.name, cures)


def fresh(optimizer: Any) -> Any:
    """An optimiser of the same settings that has seen nothing."""
    return optimizer if isinstance(optimizer, str) else type(optimizer).from_config(optimizer.get_config())
