"""A script under watch at PyTorch's public seams: what it did, as events, and nothing that it computes changed.

Functions of tensors are seen by a `TorchFunctionMode`, calls of modules, steps, and derivatives by wrapping the four
methods that all of them pass through; all is put back afterwards. The watch draws no random number and writes to no
tensor of the script, unless a repair is asked for.
"""

from __future__ import annotations

import random
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from functools import partial, wraps
from importlib.abc import MetaPathFinder
from operator import itruediv
from types import CodeType
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.optim import Optimizer
from torch.optim.optimizer import register_optimizer_step_post_hook, register_optimizer_step_pre_hook
from torch.utils.data import DataLoader

from unstuck.adapters.pytorch.answers import AnswersHeld
from unstuck.adapters.pytorch.constructors import Constructors
from unstuck.adapters.pytorch.ledger import Ledger
from unstuck.adapters.pytorch.mode import Mode
from unstuck.adapters.pytorch.models import Models
from unstuck.adapters.pytorch.origins import Origins
from unstuck.adapters.pytorch.own_functions import watched_functions
from unstuck.adapters.pytorch.parameters import Parameters, held_by
from unstuck.adapters.pytorch.recurrence import Recurrence
from unstuck.adapters.pytorch.reshapes import reshaped
from unstuck.adapters.pytorch.settings import SEEDS, Settings
from unstuck.adapters.pytorch.steps import Steps
from unstuck.adapters.watch import Stopped
from unstuck.adapters.watched.events import Discarded, Event, OptimizerMade, ShuffledApart
from unstuck.adapters.watched.examine import Framework
from unstuck.adapters.watched.rewriting import (
    DIVIDED,
    DIVIDED_IN_PLACE,
    EQUAL,
    GOES_ON,
    LARGEST,
    RESHAPED,
    SCORED,
    TURNS,
    Loops,
    compile_watched,
    discarded,
)
from unstuck.adapters.watched.shuffles import shuffled_apart
from unstuck.adapters.watched.values import Place

DETAILED = 4  # updates of which everything is kept
AGAIN = 4  # times that something new may be trained
LONGEST = 3.0  # times the updates that are enough: then the script is stopped wherever it is
WORK = 2e10  # multiplications of a forward pass, summed over the updates: after that it is enough
FEWEST = 24
PAIRS = 512  # examples by which it is told whether their labels belong to them
LIGHT = 300  # updates of an experiment from which on each is so light that threads only wait for each other


class Watch:
    """What is seen of one run. repairs: what to put right at the seams, by name; seed: added to every seed that is
    set, None to leave all random states alone.

    enough   updates after which loops are ended; fewer where one update takes much work
    exact    go on for exactly so many updates, then stop at once: for experiments
    """

    def __init__(
        self, enough: int = 200, repairs: Mapping[str, Any] | None = None, seed: int | None = 0, exact: bool = False
    ) -> None:
        self.events: list[Event] = []
        self.updates = 0
        self.enough, self.exact, self.seed = enough, exact, seed
        self.repairs: dict[str, Any] = dict(repairs or {})
        self.parameters = Parameters()
        self.ledger = Ledger(self.parameters)
        self.origins = Origins()
        self.answers = AnswersHeld(self)
        self.recurrence = Recurrence(self)
        self.mode = Mode(self)
        self.models = self.make_models()
        self.steps = Steps(self)
        self.settings = Settings(self)
        self.constructors = Constructors(self)
        self.made: dict[int, Place | None] = {}  # modules and optimisers: the line that constructed them
        self.optimizers: list[weakref.ref[Optimizer]] = []
        self.loss_kind = "other"  # of the last loss that is learnt from
        self.losses: list[tuple[int, torch.Tensor]] = []  # since the last update: number and value
        self._detailed_until, self._looked_again = DETAILED, 0
        self.work = 0.0
        self.quiet = 0
        self.wanted = 0  # examples learnt from whose inputs are still to be kept, beside those of the first updates
        self.stops = True  # ends the script once enough was seen
        self.loops = Loops(lambda: self.updates, self.is_enough)
        self.counted = 0
        self.keep: list[Any] = []  # objects known by identity, which must not be another's meanwhile

    def make_models(self) -> Models:
        """What watches the calls of models."""
        return Models(self)

    # -- what is asked of it by those who run scripts ----------------------------------------------------------------

    @property
    def namespace(self) -> dict[str, Any]:
        """The names that compiled scripts call."""
        loops: dict[str, Any] = {TURNS: self.loops.turns, GOES_ON: self.loops.goes_on}
        loops[RESHAPED] = lambda *args, **kwargs: reshaped(self, *args, **kwargs)
        answers = {EQUAL: self.answers.equal, SCORED: self.answers.scored, LARGEST: self.answers.largest}
        divisions = {DIVIDED: self.models.divided, DIVIDED_IN_PLACE: partial(self.models.divided, divide=itruediv)}
        return loops | answers | divisions

    def compile(self, text: str, filename: str) -> CodeType:
        """The script with calls of this watch in it. Raises SyntaxError as `compile` does."""
        for by, line, column in discarded(text, filename):
            self.note(Discarded(0, Place(filename, line, column), by))
        for line, column in shuffled_apart(text, filename):
            self.wanted = PAIRS
            self.note(ShuffledApart(0, Place(filename, line, column)))
        return compile_watched(text, filename)

    def finder(self, folder: str) -> MetaPathFinder:
        """An import hook that watches the Python modules of this folder like the script."""
        from unstuck.adapters.watched.finder import WatchedFinder

        return WatchedFinder(folder, self.compile, self.namespace)

    @property
    def notes_loaders(self) -> bool:
        """Whether a DataLoader is the user's, and not made on the way by a library."""
        return True

    @property
    def remarks(self) -> tuple[str, ...]:
        """What else was done so that the script could run, in sentences."""
        return ()

    def optimizer_made(self, optimizer: Optimizer, place: Place | None) -> None:
        """An optimiser was constructed; it is given another rate or decay where that is asked for."""
        self.made[id(optimizer)] = place
        self.look_again()
        for group in optimizer.param_groups:
            if "rate" in self.repairs:
                group["lr"] = group["lr"] * self.repairs["rate"]
            if "decay" in self.repairs:
                group["weight_decay"] = self.repairs["decay"]
        first = optimizer.param_groups[0]
        holds = tuple(self.parameters.enter(tensor).key for tensor in held_by(optimizer))
        rate, decay = float(first.get("lr", 0.0)), float(first.get("weight_decay", 0.0))
        number, kind = len(self.optimizers), type(optimizer).__name__
        self.optimizers.append(weakref.ref(optimizer))
        self.note(OptimizerMade(self.updates, place, number, kind, rate, decay, holds))

    # -- what its parts ask ------------------------------------------------------------------------------------------

    @property
    def detailed(self) -> bool:
        """Whether arrays are still kept."""
        return self.updates < self._detailed_until and not self.exact

    def look_again(self) -> None:
        """Something new is trained: everything is kept for some updates more, a few times in a run."""
        if self.updates and self._looked_again < AGAIN:
            self._looked_again += 1
            self._detailed_until = self.updates + DETAILED

    def note(self, event: Event) -> None:
        self.events.append(event)

    def number(self) -> int:
        """A number that no other event has."""
        self.counted += 1
        return self.counted

    @contextmanager
    def aside(self) -> Iterator[None]:
        """What is computed inside is the watch's own: not seen, not differentiated."""
        self.quiet += 1
        try:
            with torch.no_grad():
                yield
        finally:
            self.quiet -= 1

    def is_enough(self, inside: int) -> bool:
        """Whether a loop may end that made so many updates: half of what is enough, so that two passes are seen."""
        if self.exact:
            return False
        if self.updates >= self.enough or inside >= self.enough // 2:
            return True
        return self.updates >= FEWEST and self.work * (2 if inside == self.updates else 1) > WORK

    def updated(self) -> None:
        """One more update was made. Raises Stopped if that is more than enough."""
        self.updates += 1
        self.losses.clear()
        if self.exact and self.updates >= self.enough:
            raise Stopped
        if self.updates >= LONGEST * self.enough or (self.updates >= FEWEST and self.work > LONGEST * WORK):
            self.stop()

    def stop(self) -> None:
        """Enough was seen. Raises Stopped, unless what is watched is to go on anyway."""
        if self.stops:
            raise Stopped

    # -- switching on and off ----------------------------------------------------------------------------------------

    @contextmanager
    def at_work(self) -> Iterator[Watch]:
        """Everything inside is watched."""
        with ExitStack() as stack:
            for owner, name, make in self._wrapped():
                original = getattr(owner, name)
                setattr(owner, name, wraps(original)(make(original)))
                stack.callback(setattr, owner, name, original)
            for handle in (
                register_optimizer_step_pre_hook(self.steps.before),
                register_optimizer_step_post_hook(self.steps.after),
            ):
                stack.callback(handle.remove)
            stack.enter_context(self.mode)
            stack.enter_context(watched_functions(self))
            if self.seed is not None:
                self._seed_all(self.seed)
            if self.exact and self.enough >= LIGHT:
                stack.callback(torch.set_num_threads, torch.get_num_threads())
                torch.set_num_threads(1)
            stack.enter_context(self.further())
            yield self
        with suppress(Stopped):
            self.steps.finish()
        self.models.finish()
        self.answers.finish()

    @contextmanager
    def further(self) -> Iterator[None]:
        """What else is switched on while it is at work."""
        yield

    def _wrapped(self) -> list[tuple[Any, str, Callable[[Callable[..., Any]], Callable[..., Any]]]]:
        wrapped: list[tuple[Any, str, Callable[..., Any]]] = [
            (nn.Module, "__init__", self.constructors.wrap_module),
            (nn.Module, "__call__", self.models.wrap_call),
            (torch.autograd, "backward", self.steps.wrap_backward),
            (torch.autograd, "grad", self.steps.wrap_grad),
            (Optimizer, "__init__", self.constructors.wrap_optimizer),
            (Optimizer, "zero_grad", self.steps.wrap_zero),
            (nn.Module, "zero_grad", self.steps.wrap_zero),
            (nn.Module, "train", self.settings.wrap_train),
            *((layer, "forward", self.recurrence.wrap_forward) for layer in (nn.RNN, nn.LSTM, nn.GRU)),
            (DataLoader, "__init__", self.constructors.wrap_loader),
            (DataLoader, "__iter__", self.answers.wrap_iteration),
            (torch.optim.lr_scheduler.LRScheduler, "step", self.settings.wrap_schedule),
            (torch.optim.lr_scheduler.ReduceLROnPlateau, "step", self.settings.wrap_schedule),
            (torch, "compile", lambda original: lambda model=None, **_: (lambda m: m) if model is None else model),
        ]
        if self.seed:
            wrapped += [(owner, name, self.settings.wrap_seed) for owner, name in SEEDS]
        return wrapped

    def _seed_all(self, seed: int) -> None:
        """The same start for every run with the same seed, where the script itself sets none."""
        torch.manual_seed(seed)
        np.random.seed(seed)  # noqa: NPY002 - what scripts use
        random.seed(seed)


def _watch(enough: int, repairs: Mapping[str, Any], seed: int, exact: bool) -> Watch:
    return Watch(enough, repairs, seed, exact)


PYTORCH = Framework("pytorch", _watch)
