"""A callback for Keras: `model.fit(…, callbacks=[ExamineFirstUpdates()])`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras

from unstuck.adapters.keras.watch import KerasWatch
from unstuck.adapters.watched.check import Seen
from unstuck.adapters.watched.living import UPDATES, Examination


class ExamineFirstUpdates(keras.callbacks.Callback):
    """Watches the first updates of `fit`, says what is wrong with them, and then gets out of the way.

    updates  how many are watched
    listen   called with a line of text for each thing that was seen

    `seen` holds what was seen. No number of the training is changed, and no random state.
    """

    def __init__(self, updates: int = UPDATES, listen: Callable[[str], Any] = print) -> None:
        super().__init__()
        self._examination = Examination(KerasWatch(updates, seed=None), updates, listen)

    @property
    def seen(self) -> list[Seen]:
        """What was seen; nothing before the watched updates were made."""
        return self._examination.seen

    def on_train_begin(self, logs: Any = None) -> None:
        self._examination.start()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self._examination.updated()

    def on_train_end(self, logs: Any = None) -> None:
        self._examination.finish()
