"""Derivatives and updates: which gradients a step uses, and where they come from."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from itertools import count
from typing import Any

import torch
from torch.optim import Optimizer

from unstuck.adapters.pytorch.graph import is_minus_a_loss, keeps_a_state, leaves_and_losses
from unstuck.adapters.pytorch.losses import note_own_loss
from unstuck.adapters.pytorch.numbers import single
from unstuck.adapters.pytorch.parameters import Known, held_by, sample
from unstuck.adapters.pytorch.rebinding import Rebinding
from unstuck.adapters.pytorch.watching import Watching
from unstuck.adapters.watched.events import StateKept, Stepped, WentBackward
from unstuck.adapters.watched.places import innermost
from unstuck.adapters.watched.values import Place
from unstuck.sandbox.origin import is_user_class

IDLE = 300  # ways back without any update, after which none is waited for
FIRST = 3  # ways back on which parameters are looked for that no optimiser holds


class Steps:
    """What is seen of the way back and of the updates of one run."""

    def __init__(self, watch: Watching) -> None:
        self._watch = watch
        self.in_step = False
        self._gradients: list[Any] = []
        self._written: dict[int, tuple[Known, Any]] = {}
        self._went_back = False
        self.backward_place: Place | None = None
        self.zero_place: Place | None = None
        self._write_place: Place | None = None
        self._used_up: list[torch.Tensor] = []
        self._walked = 0
        self._last_node = 0  # of the graph, as derivatives were last taken
        self._idle = 0
        self.rebinding = Rebinding(watch.parameters)
        self.read_place: Place | None = None

    # -- derivatives -------------------------------------------------------------------------------------------------

    def wrap_backward(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """`torch.autograd.backward`, watched."""

        def backward(tensors: Any, *args: Any, **kwargs: Any) -> Any:
            watch = self._watch
            if watch.quiet:
                return original(tensors, *args, **kwargs)
            root = tensors if isinstance(tensors, torch.Tensor) else next(iter(tensors), None)
            place = innermost(sys._getframe(1))
            self._goes_back(place)
            if self._clears and not self.in_step:
                self._clear_used()
            with watch.aside():
                if isinstance(root, torch.Tensor):
                    note_own_loss(watch, root)
                detailed = watch.detailed and isinstance(root, torch.Tensor)
                holds = "hold" in watch.repairs or "thaw" in watch.repairs
                leaves: list[torch.Tensor] = []
                losses: list[int] = []
                by_hand = not watch.optimizers and (self._walked < FIRST or self.rebinding.seen)
                if detailed or by_hand or holds:
                    self._walked += 1
                    leaves, losses = leaves_and_losses(root) if isinstance(root, torch.Tensor) else ([], [])
                rebound = self.rebinding.step(leaves) if by_hand else ()
                still = self.rebinding.still(leaves) if detailed and not watch.updates else 0
                if holds:
                    self._hold(leaves)
                reached = tuple(watch.parameters.enter(leaf).described() for leaf in leaves)
                if watch.detailed:
                    watch.ledger.before_backward()
                climbs = detailed and is_minus_a_loss(root)
            if rebound:
                watch.note(Stepped(watch.updates, self.read_place or place, None, rebound, place, self.zero_place))
                watch.updated()
            if "descend" in watch.repairs and isinstance(root, torch.Tensor):
                tensors = -root
            refused = ""
            try:
                return original(tensors, *args, **kwargs)
            except RuntimeError as error:
                refused = str(error).splitlines()[0]
                if isinstance(root, torch.Tensor) and keeps_a_state(root, self._last_node):
                    watch.note(StateKept(watch.updates, place, None))
                raise
            finally:
                self._last_node = torch.autograd._get_sequence_nr()
                with watch.aside():
                    if watch.detailed and not refused:
                        watch.ledger.after_backward()
                    if by_hand and not refused:
                        self.rebinding.keep(leaves)
                    if "weights" in watch.repairs and not watch.updates:
                        watch.parameters.draw_copies_apart()
                facts = (tuple(losses), reached, climbs, refused, still, self.read_place)
                watch.note(WentBackward(watch.updates, place, single(root), *facts))
                self.read_place = None
                self._idles()

        return backward

    def wrap_grad(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """`torch.autograd.grad`, watched where derivatives are taken by what can be learnt, to update it by hand."""

        def grad(outputs: Any, inputs: Any, *args: Any, **kwargs: Any) -> Any:
            watch = self._watch
            result = original(outputs, inputs, *args, **kwargs)
            listed = [inputs] if isinstance(inputs, torch.Tensor) else list(inputs)
            learnt = [one for one in listed if isinstance(one, torch.Tensor) and one.is_leaf and one.requires_grad]
            root = outputs if isinstance(outputs, torch.Tensor) else next(iter(outputs), None)
            if watch.quiet or not learnt or kwargs.get("create_graph") or not isinstance(root, torch.Tensor):
                return result
            place = innermost(sys._getframe(1))
            self._goes_back(place)
            with watch.aside():
                note_own_loss(watch, root)
                reached = tuple(watch.parameters.enter(leaf).described() for leaf in learnt)
                losses = leaves_and_losses(root)[1] if watch.detailed else []
            watch.note(WentBackward(watch.updates, place, single(root), tuple(losses), reached, is_minus_a_loss(root)))
            return result

        return grad

    def _goes_back(self, place: Place | None) -> None:
        """Derivatives are taken: what was written before them was an update, and the last call is learnt from."""
        if not self.in_step:
            self._watch.mode.come_back()  # the last step may have raised
            self._close_writes()
        self.backward_place, self._went_back = place, True
        self._watch.models.learnt()

    def _idles(self) -> None:
        """One more way back without an update. Raises Stopped where there is never one."""
        self._idle += 1
        if not self._watch.updates and self._idle >= IDLE:
            self._watch.stop()

    def _clear_used(self) -> None:
        """Repair: gradients that a step has used are gone before new ones are added."""
        for tensor in self._used_up:
            tensor.grad = None
        self._used_up.clear()

    def _hold(self, leaves: list[torch.Tensor]) -> None:
        """Repair: parameters that no optimiser holds are given to the last one."""
        optimizers = [o for o in (reference() for reference in self._watch.optimizers) if o is not None]
        held = {id(tensor) for optimizer in optimizers for tensor in held_by(optimizer)}
        missing = [leaf for leaf in leaves if id(leaf) not in held and leaf.is_leaf and leaf.requires_grad]
        parameters = self._watch.parameters
        known = [leaf for leaf in missing if (entry := parameters.of(leaf)) is not None and entry.in_layer]
        if optimizers and known:
            optimizers[-1].add_param_group({"params": known})

    # -- zeroing -----------------------------------------------------------------------------------------------------

    def wrap_zero(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """`zero_grad` of optimisers and modules, watched."""

        def zero_grad(owner: Any, *args: Any, **kwargs: Any) -> Any:
            watch = self._watch
            if not watch.quiet and not self.in_step:
                tensors = held_by(owner) if isinstance(owner, Optimizer) else list(owner.parameters())
                if "keep" in watch.repairs and self._went_back:
                    return None
                if watch.detailed:
                    with watch.aside():
                        watch.ledger.zeroed(tensors)
                    self.zero_place = innermost(sys._getframe(1))
            watch.mode.go_away()
            try:
                return original(owner, *args, **kwargs)
            finally:
                watch.mode.come_back()

        return zero_grad

    # -- steps of optimisers -----------------------------------------------------------------------------------------

    def before(self, optimizer: Optimizer, args: Any, kwargs: Any) -> Any:
        """Hook before any optimiser's step; the function that it evaluates is watched."""
        watch = self._watch
        if watch.quiet:
            return None
        watch.mode.come_back()
        if "backward" in watch.repairs and not self._went_back and watch.losses:
            watch.losses[-1][1].backward()
        self.in_step = True
        if watch.detailed:
            with watch.aside():
                tensors = held_by(optimizer)
                self._gradients = [sample(tensor.grad) for tensor in tensors]
                watch.ledger.before_step(tensors)
        if len(args) > 1 and callable(args[1]):
            return (args[0], self._evaluated(args[1], optimizer), *args[2:]), kwargs
        if callable(kwargs.get("closure")):
            return args, {**kwargs, "closure": self._evaluated(kwargs["closure"], optimizer)}
        if not is_user_class(type(optimizer)):
            watch.mode.go_away()
        return None

    def _evaluated(self, closure: Callable[[], Any], optimizer: Optimizer) -> Callable[[], Any]:
        """The function that a step evaluates, watched."""
        evaluations = count()

        def evaluate() -> Any:
            if next(evaluations) and self._watch.detailed:
                self._watch.ledger.used_up(held_by(optimizer))
            if self._clears:
                for tensor in held_by(optimizer):
                    tensor.grad = None
            return closure()

        return evaluate

    def after(self, optimizer: Optimizer, args: Any, kwargs: Any) -> None:
        """Hook after any optimiser's step."""
        watch = self._watch
        if watch.quiet:
            return
        watch.mode.come_back()
        self.in_step = False
        if watch.detailed:
            tensors = held_by(optimizer)
            with watch.aside():
                evaluated = any(callable(one) for one in (*args[1:2], kwargs.get("closure")))
                if evaluated:
                    self._gradients = [sample(tensor.grad) for tensor in tensors]  # of its last evaluation
                steps = watch.ledger.step(tensors, self._gradients)
                if evaluated:  # a step of several evaluations goes along none of their gradients
                    steps = tuple(replace(one, along=None) for one in steps)
            number = next((i for i, known in enumerate(watch.optimizers) if known() is optimizer), None)
            place = innermost(sys._getframe(1))
            watch.note(Stepped(watch.updates, place, number, steps, self.backward_place, self.zero_place))
        self.stepped(held_by(optimizer))
        watch.updated()

    def stepped(self, tensors: list[torch.Tensor]) -> None:
        """A step has used the gradients of these."""
        self._went_back = False
        self._used_up = tensors if self._clears else []

    @property
    def _clears(self) -> bool:
        """Repair: gradients that were used are cleared, also where they are kept from being cleared too soon."""
        return "clear" in self._watch.repairs or "keep" in self._watch.repairs

    # -- updates by hand ---------------------------------------------------------------------------------------------

    def before_write(self, known: Known) -> None:
        """A parameter is about to be written to in place, outside of any step."""
        if not self._went_back:
            return
        if id(known) not in self._written:
            tensor = known.tensor
            assert tensor is not None
            with self._watch.aside():
                gradient = sample(tensor.grad)
                self._watch.ledger.before_step([tensor])
            self._written[id(known)] = (known, gradient)
            self._write_place = self._write_place or innermost(sys._getframe(2))

    def _close_writes(self) -> None:
        """What was written since the last derivatives was one update."""
        if not self._written:
            return
        watch, written = self._watch, list(self._written.values())
        place, self._write_place = self._write_place, None
        self._written = {}
        tensors = [tensor for known, _ in written if (tensor := known.tensor) is not None]
        if watch.detailed and len(tensors) == len(written):
            with watch.aside():
                steps = watch.ledger.step(tensors, [gradient for _, gradient in written])
            watch.note(Stepped(watch.updates, place, None, steps, self.backward_place, self.zero_place))
        self.stepped(tensors)
        watch.updated()

    def finish(self) -> None:
        """The script has ended."""
        self._close_writes()
