"""A callback for Lightning: `Trainer(callbacks=[ExamineFirstUpdates()])`."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

from unstuck.adapters.pytorch.watch import Watch
from unstuck.adapters.watched.check import Seen
from unstuck.adapters.watched.living import UPDATES, Examination


def _callback() -> type:
    """Lightning's own base class; `object` where it is not installed, for loops that call the same hooks."""
    for name in ("lightning.pytorch", "pytorch_lightning"):
        try:
            found: type = importlib.import_module(name).Callback
        except ImportError:
            continue
        return found
    return object


class ExamineFirstUpdates(_callback()):  # type: ignore[misc] - which of the two packages is there is known at run time
    """Watches the first updates of `fit`, says what is wrong with them, and then gets out of the way.

    updates  how many are watched
    listen   called with a line of text for each thing that was seen

    `seen` holds what was seen. No number of the training is changed, and no random state.
    """

    def __init__(self, updates: int = UPDATES, listen: Callable[[str], Any] = print) -> None:
        super().__init__()
        self._examination = Examination(Watch(updates, seed=None), updates, listen)

    @property
    def seen(self) -> list[Seen]:
        """What was seen; nothing before the watched updates were made."""
        return self._examination.seen

    def on_train_start(self, trainer: Any, pl_module: Any) -> None:
        """Training begins."""
        self._examination.start()

    def on_train_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
        """A batch was learnt from."""
        self._examination.updated()

    def on_train_end(self, trainer: Any, pl_module: Any) -> None:
        """Training ends."""
        self._examination.finish()
