"""What is known of the user's network: the fields of a Case, and their plain reading as arrays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from unstuck.errors import CaseError

Array = np.ndarray


@dataclass(kw_only=True)
class Case:
    """A user's network and what may be asked of it. Everything but `predict`, `x` and `targets` may be missing.

    predict(x)              (n, n_features) -> (n, n_outputs): the user's own forward pass; probabilities, logits or
                            log-probabilities. Columns or images are made inside the callable.
    x, targets              training examples as rows, with the values that reach the network, and their targets as the
                            user's loop takes them: one-hot rows, one column, ±1, real values or integer labels.
    labels                  integer labels, where `targets` are something else.
    x_test, targets_test, labels_test     the same for the test set.
    parameters()            the live arrays, in any orientation and order, biases apart or folded in; read anew each
                            time.
    step(x, targets)        the user's own update on this batch: one update, or one per example; may act only on batches
                            of `batch_size`, may draw at random, may raise.
    gradients(x, targets)   gradients in the order of `parameters`; any sign or scale, with or without a weight decay
                            term.
    loss(x, targets)        the user's own loss.
    train(x, targets)       the user's whole training loop over these examples.
    accuracy(x, labels)     the user's own evaluation.
    build(seed)             a fresh Case of the same program.
    raw                     (images, labels), or four arrays with the test data, before the user's preparation, in any
                            order.
    learning_rate, batch_size, updates, l2        what the user believes; compared with what is observed.
    name                    for the report; decides nothing.
    """

    predict: Callable[[Any], Any]
    x: Any
    targets: Any
    labels: Any = None
    x_test: Any = None
    targets_test: Any = None
    labels_test: Any = None
    parameters: Callable[[], Any] | None = None
    step: Callable[[Any, Any], Any] | None = None
    gradients: Callable[[Any, Any], Any] | None = None
    loss: Callable[[Any, Any], Any] | None = None
    train: Callable[[Any, Any], Any] | None = None
    accuracy: Callable[[Any, Any], Any] | None = None
    build: Callable[[int], Case] | None = None
    raw: Sequence[Any] | None = None
    learning_rate: float | None = None
    batch_size: int | None = None
    updates: int | None = None
    l2: float | None = None
    name: str = ""

    def __post_init__(self) -> None:
        for field in ("predict", "parameters", "step", "gradients", "loss", "train", "accuracy", "build"):
            value = getattr(self, field)
            if value is None and field != "predict":
                continue
            if not callable(value):
                raise CaseError(f"Case({field}=…): expected a function, found {type(value).__name__}")


def with_plain_beliefs(case: Case) -> tuple[Case, list[str]]:
    """The case with beliefs that are no positive numbers left out, and a sentence about each of those."""
    dropped: dict[str, Any] = {}
    complaints: list[str] = []
    for field, kind in (("learning_rate", float), ("batch_size", int), ("updates", int), ("l2", float)):
        value = getattr(case, field)
        if value is None:
            continue
        try:
            number = kind(value)
            usable = np.isfinite(number) and (number > 0 or (field == "l2" and number == 0))
        except (TypeError, ValueError, OverflowError):
            usable = False
        if not usable:
            dropped[field] = None
            complaints.append(f"Case({field}={value!r}): expected a positive number")
        elif type(value) is not kind:
            dropped[field] = number
    return (replace(case, **dropped) if dropped else case), complaints
