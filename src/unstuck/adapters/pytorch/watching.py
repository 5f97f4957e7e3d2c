"""A watch as its parts see it: what each of them asks of it, whichever watch it is."""

from __future__ import annotations

import weakref
from contextlib import AbstractContextManager
from typing import Any, Protocol

import torch
from torch import nn
from torch.optim import Optimizer

from unstuck.adapters.pytorch.ledger import Ledger
from unstuck.adapters.pytorch.origins import Origins
from unstuck.adapters.pytorch.parameters import Known, Parameters
from unstuck.adapters.watched.events import Compared, Event
from unstuck.adapters.watched.rewriting import Loops
from unstuck.adapters.watched.values import Place


class ModelsSeen(Protocol):
    """What is seen of modules, as other parts ask for it."""

    stack: list[nn.Module]
    reached: float | None  # root of the mean square of what the first product of the outermost call was given
    dropped: Place | None  # where numbers were dropped at random in the outermost call at work, in evaluation mode

    def layer_place(self) -> Place | None: ...

    def learnt(self) -> None: ...

    def compared(self, event: Compared) -> None: ...


class AnswersSeen(Protocol):
    """What is seen of answers and labels, as other parts ask for it."""

    def of_call(self, inputs: torch.Tensor, outputs: torch.Tensor, learning: bool) -> dict[str, Any]: ...


class StepsSeen(Protocol):
    """What is seen of updates, as other parts ask for it."""

    in_step: bool
    read_place: Place | None  # where a gradient was read by hand

    def before_write(self, known: Known) -> None: ...


class StatesSeen(Protocol):
    """What is seen of states that go from call to call, as other parts ask for it."""

    def passed(self, args: tuple[Any, ...], result: Any, place: Place | None) -> None: ...


class ModeSeen(Protocol):
    """What leads functions of tensors through the watch, as other parts ask for it."""

    def go_away(self) -> None: ...

    def come_back(self) -> None: ...


class Watching(Protocol):
    """The watch of one run; see `Watch` for what its attributes hold."""

    events: list[Event]
    updates: int
    exact: bool
    seed: int | None
    quiet: int
    wanted: int
    work: float
    repairs: dict[str, Any]
    parameters: Parameters
    ledger: Ledger
    origins: Origins
    made: dict[int, Place | None]
    optimizers: list[weakref.ref[Optimizer]]
    loss_kind: str
    losses: list[tuple[int, torch.Tensor]]
    loops: Loops

    @property
    def mode(self) -> ModeSeen: ...

    @property
    def models(self) -> ModelsSeen: ...

    @property
    def answers(self) -> AnswersSeen: ...

    @property
    def steps(self) -> StepsSeen: ...

    @property
    def recurrence(self) -> StatesSeen: ...

    @property
    def detailed(self) -> bool: ...

    @property
    def notes_loaders(self) -> bool: ...

    def aside(self) -> AbstractContextManager[None]: ...

    def note(self, event: Event) -> None: ...

    def number(self) -> int: ...

    def stop(self) -> None: ...

    def updated(self) -> None: ...

    def look_again(self) -> None: ...

    def optimizer_made(self, optimizer: Optimizer, place: Place | None) -> None: ...
