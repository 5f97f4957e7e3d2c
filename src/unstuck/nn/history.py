"""What training reports: while it runs, and when it is done."""

from dataclasses import asdict, dataclass, field
from typing import Any

from unstuck.nn.display import history_html


@dataclass(repr=False)
class History:
    """One entry per epoch, and totals. Notebooks show it as learning curves.

    Training loss and accuracy are measured on the examples as they were trained on, before each update; losses are
    means per example without the L2 term. Accuracies are shares in 0..1, None for a regression.
    """

    train_loss: list[float] = field(default_factory=list)
    train_accuracy: list[float | None] = field(default_factory=list)
    validation_loss: list[float] = field(default_factory=list)  # empty without validation
    validation_accuracy: list[float | None] = field(default_factory=list)
    updates: int = 0
    examples_seen: int = 0
    seconds: float = 0.0  # of training, validation included
    best_epoch: int | None = None  # counted from 1; the one whose weights were restored by early stopping
    stopped_early: bool = False

    @property
    def epochs(self) -> int:
        """Completed epochs."""
        return len(self.train_loss)

    @property
    def images_per_second(self) -> float:
        """Training examples processed per second, an example counting once per epoch."""
        return self.examples_seen / self.seconds if self.seconds else 0.0

    def last_epoch(self) -> list[str]:
        """Losses and accuracies of the last epoch in words; none before the first is done."""
        parts = []
        for name, losses, accuracies in (
            ("", self.train_loss, self.train_accuracy),
            ("validation ", self.validation_loss, self.validation_accuracy),
        ):
            parts += [f"{name}loss {loss:.4f}" for loss in losses[-1:]]
            parts += [f"{name or 'training '}accuracy {share:.2%}" for share in accuracies[-1:] if share is not None]
        return parts

    def __repr__(self) -> str:
        epochs = "1 epoch" if self.epochs == 1 else f"{self.epochs} epochs"
        return ", ".join([f"History of {epochs} in {self.seconds:.1f} s", *self.last_epoch()])

    def _repr_html_(self) -> str:
        return history_html(
            repr(self),
            {"train": self.train_loss, "validation": self.validation_loss},
            {"train": self.train_accuracy, "validation": self.validation_accuracy},
        )

    def to_dict(self) -> dict[str, Any]:
        """The fields as JSON values."""
        return asdict(self)


@dataclass(frozen=True)
class Progress:
    """Where training stands; what callbacks receive."""

    epoch: int  # the running one, counted from 1
    epochs: int
    update: int  # updates made in all
    updates: int  # to be made, if training is not stopped
    epoch_done: bool
    history: History
