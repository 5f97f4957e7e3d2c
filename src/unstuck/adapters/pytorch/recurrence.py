"""Recurrent layers and the state that they start from: whether it is that of the sequences learnt from before."""

from __future__ import annotations

import sys
import weakref
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from unstuck.adapters.pytorch.numbers import tensors_in
from unstuck.adapters.pytorch.watching import Watching
from unstuck.adapters.watched.events import StateKept
from unstuck.adapters.watched.places import innermost
from unstuck.adapters.watched.values import Place

REPAIR = "fresh state"


class Recurrence:
    """What is seen of the states of recurrent layers."""

    def __init__(self, watch: Watching) -> None:
        self._watch = watch
        self._left: dict[int, tuple[weakref.ref[torch.Tensor], int]] = {}  # storage -> state, and its update

    def wrap_forward(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """`forward` of a recurrent layer, watched."""

        def forward(layer: nn.RNNBase, inputs: Any, hx: Any = None) -> Any:
            watch = self._watch
            if watch.quiet:
                return original(layer, inputs, hx)
            if self._is_kept(hx):
                if REPAIR in watch.repairs:
                    hx = None
                elif not watch.exact:
                    place = innermost(sys._getframe(1))
                    watch.note(StateKept(watch.updates, place, watch.made.get(id(layer))))
            outputs, state = original(layer, inputs, hx)
            if layer.training and torch.is_grad_enabled():
                self._leaves(tensors_in(state))
            return outputs, state

        return forward

    def passed(self, args: tuple[Any, ...], result: Any, place: Place | None) -> None:
        """A model was called that may be given a state and hand it on, beside its answer."""
        watch, states = self._watch, tensors_in(result)[1:]
        if self._is_kept(args) and not watch.exact:
            watch.note(StateKept(watch.updates, place, None, stepwise=True))
        if states and torch.is_grad_enabled():
            self._leaves(states)

    def _leaves(self, states: list[torch.Tensor]) -> None:
        self._left = {
            state.untyped_storage().data_ptr(): (weakref.ref(state.untyped_storage()), self._watch.updates)
            for state in states
        }

    def _is_kept(self, hx: Any) -> bool:
        """Whether a state is the one that a layer ended with before the last update."""
        for tensor in tensors_in(hx):
            storage = tensor.untyped_storage()
            known = self._left.get(storage.data_ptr())
            if known is not None and known[0]() is not None and known[1] < self._watch.updates:
                return True
        return False
