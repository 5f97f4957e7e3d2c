"""Logs of a training run that TensorBoard reads: losses and accuracies by epoch."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from unstuck.errors import UnstuckError

if TYPE_CHECKING:
    from unstuck.nn.history import History, Progress
    from unstuck.nn.training import Callback


@contextmanager
def tensorboard_log(folder: str | os.PathLike[str], description: str = "") -> Iterator[Callback]:
    """A callback for `train` that logs each epoch into the folder, which is made if need be.

    Scalars `loss/train`, `accuracy/train`, `loss/validation` and `accuracy/validation`, as far as they were measured,
    against the epoch; seconds of training; the description as a text. Raises UnstuckError without tensorboardX, and
    if nothing can be written there.

        with unstuck.tensorboard_log("runs/first") as log:
            unstuck.train(network, data, callbacks=[log])
    """
    try:
        from tensorboardX import SummaryWriter
    except ImportError:
        raise UnstuckError('logs need the package tensorboardX: pip install "unstuck[tensorboard]"') from None
    path = Path(folder)
    try:
        path.mkdir(parents=True, exist_ok=True)
        writer = SummaryWriter(str(path), flush_secs=1)  # so that the run can be watched
    except OSError as error:
        raise UnstuckError(f"cannot write logs into {path}: {error.strerror}") from error
    try:
        if description:
            writer.add_text("description", description)

        def log(progress: Progress) -> None:
            if progress.epoch_done:
                for name, value in last_epoch(progress.history).items():
                    writer.add_scalar(name, value, progress.epoch)

        yield log
    finally:
        writer.close()


def last_epoch(history: History) -> dict[str, float]:
    """The numbers of the last epoch by the names they have in TensorBoard."""
    curves: dict[str, Sequence[float | None]] = {
        "loss/train": history.train_loss,
        "accuracy/train": history.train_accuracy,
        "loss/validation": history.validation_loss,
        "accuracy/validation": history.validation_accuracy,
    }
    measured = {name: values[-1] for name, values in curves.items() if values}
    return {name: value for name, value in measured.items() if value is not None} | {"seconds": history.seconds}
