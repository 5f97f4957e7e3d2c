"""Runs a script and records its operations on a tape, following every value by its identity.

Recorded is what descends from values that the program created or drew at random: loaded data are leaves where they
first meet such a value, so that loops over pixels cost little. The script's own objects flow, nothing is wrapped: its
results are those of the plain run, to the bit.
"""

import operator
import os
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from importlib.abc import MetaPathFinder
from types import BuiltinFunctionType, CodeType
from typing import Any

import numpy as np

from unstuck.adapters.scripts.recording import functions as kinds
from unstuck.adapters.scripts.recording.enough import Enough
from unstuck.adapters.scripts.recording.functions import kind_of, operation
from unstuck.adapters.scripts.recording.hooks import Place
from unstuck.adapters.scripts.recording.imports import BesideTheScript
from unstuck.adapters.scripts.recording.loops import Loops
from unstuck.adapters.scripts.recording.nodes import FOLLOWED, Nodes
from unstuck.adapters.scripts.recording.outside import Outside
from unstuck.adapters.scripts.recording.preparing import only_prepares
from unstuck.adapters.scripts.recording.provenance import CREATED, Provenance
from unstuck.adapters.scripts.recording.recording import Recording, Settings
from unstuck.adapters.scripts.recording.rewriting import rewritten
from unstuck.adapters.scripts.recording.shuffling import SMALL, Shuffle, arrays_beside, chosen, state_of
from unstuck.adapters.watch import Stopped
from unstuck.autodiff.tape import Tape

_CONTAINERS = frozenset({list, dict, set, str, tuple, bytes, deque})
WRAPPED = 1000  # numbers of an array that is looked at
SHUFFLES = 20  # calls that are kept
HOOKS = (
    *("binary", "unary", "call", "attribute", "get", "set", "put", "reshape", "augment", "each", "unpack", "literal"),
    "numbers",
)


class WholeNumber(int):
    """A whole number that the program writes out, as an object of its own: Python keeps one object for all zeros."""


class Recorder:
    """A watch that records. `updates(recording)` is asked now and then how many updates of all parameters were seen;
    from `settings.updates` on the run is ended."""

    def __init__(self, updates: Callable[[Recording], int], settings: Settings | None = None) -> None:
        tape = Tape()
        self.places: list[Place] = []
        self.loops = Loops(tape, self.places, lambda: self.updates_seen > 0)
        self.recording = Recording(tape, self.places, self.loops.turns, [], self.loops)
        self.recording.cut = self.loops.cut
        self.enough = Enough(self.recording, updates, settings or Settings())
        self.nodes = Nodes(tape, self.places, self.enough)
        self.outside = Outside(self.places)
        self.known.origin = self.outside.origin
        self.namespace: dict[str, Any] = {f"__unstuck_{name}__": getattr(self, name) for name in HOOKS}
        self.namespace["__unstuck_slice__"] = slice
        self.namespace["__unstuck_off__"] = False
        self.namespace["__unstuck_for__"] = self.for_
        self.namespace["__unstuck_while__"] = self.while_
        self.files: set[str] = set()

    # -- the watch -------------------------------------------------------------------------------------------------

    def compile(self, text: str, filename: str) -> CodeType:
        """The script's code with hooks. Raises SyntaxError as `compile` does."""
        self.files.add(filename)
        return compile(rewritten(text, filename, self.places), filename, "exec", dont_inherit=True)

    def finder(self, folder: str) -> MetaPathFinder:
        """An import hook for the modules of this folder."""
        return BesideTheScript(os.path.abspath(folder), self)

    def let_go(self) -> None:
        """Let go of the objects of a run that has ended; the tape keeps what its nodes need."""
        self.outside.forget()
        self.nodes.let_go()
        self.enough.over, self.enough.stopped = True, False

    @property
    def known(self) -> Provenance:
        """Which object is which node."""
        return self.nodes.known

    @property
    def updates_seen(self) -> int:
        """Updates of all parameters that were seen so far."""
        return self.enough.updates_seen

    # -- hooks -----------------------------------------------------------------------------------------------------

    def binary(self, place: int, a: Any, b: Any) -> Any:
        known = self.known
        followed = known.knows(a) or known.knows(b)
        value = self.places[place].op(_plain(a), _plain(b))
        if type(value) is np.ndarray and value.dtype.kind == "u" and value.size >= WRAPPED:
            self.recording.saw_wrapped(self.places[place], a, b, value.shape)
        return (
            self.nodes.record(place, self.places[place].op, (a, b), value)
            if followed
            else self.outside.made(place, value)
        )

    def unary(self, place: int, a: Any) -> Any:
        value = self.places[place].op(a)
        return self.nodes.record(place, self.places[place].op, (a,), value) if self.known.knows(a) else value

    def attribute(self, place: int, holder: Any) -> Any:
        name = self.places[place].op
        value = getattr(holder, name)
        if name == "T" and isinstance(holder, np.ndarray) and self.known.knows(holder):
            return self.nodes.record(place, np.transpose, (holder,), value)
        return value

    def get(self, place: int, holder: Any, key: Any) -> Any:
        value = holder[key]
        if isinstance(holder, np.ndarray) and holder.dtype != object:
            if type(key) in (np.ndarray, list, tuple) and type(value) is np.ndarray:
                self._chosen(place, holder, key, value)
            if (self.known.knows(holder) and not self.known.being_filled(holder)) or self.known.holds(key):
                return self.nodes.record(place, operator.getitem, (holder, key), value)
            return self.outside.made(place, value)
        return self.outside.made(place, value) if type(value) in (list, tuple) else value

    def put(self, place: int, holder: Any, key: Any, value: Any) -> None:
        self.set(place, value, holder, key)

    def set(self, place: int, value: Any, holder: Any, key: Any) -> None:
        if not isinstance(holder, np.ndarray) or holder.dtype == object:
            holder[key] = value
            return
        where, known = self.nodes.where(place), self.known
        followed = known.holds(value) or (isinstance(key, np.ndarray) and known.holds(key) and known.knows(holder))
        old = known.before_write(holder, where, followed)
        if old is None:
            holder[key] = value
            known.data_written(holder)
            return
        kept_key, kept = known.argument(key, where), known.argument(value, where)
        holder[key] = value
        known.element_written(holder, old, kept_key, kept, where)
        self.nodes.grown()

    def reshape(self, place: int, value: Any, holder: Any) -> None:
        if isinstance(holder, np.ndarray):
            self.known.reshape(holder, value, self.nodes.where(place))
        else:
            holder.shape = value

    def augment(self, place: int, a: Any, b: Any) -> Any:
        op, known = self.places[place].op, self.known
        followed = known.holds(b)
        if not isinstance(a, np.ndarray):
            value = op(_plain(a), _plain(b))
            return self.nodes.record(place, op, (a, b), value) if followed or known.knows(a) else value
        where = self.nodes.where(place)
        old = known.before_write(a, where, followed)
        kept = known.argument(b, where) if old is not None else None
        value = op(a, b)
        if old is None:
            known.data_written(a)
        elif value is a:
            known.written(a, op, (old, kept), where)
            self.nodes.grown()
        return value

    def literal(self, place: int, value: float) -> float:
        fresh = value * 1.0 if type(value) is float else WholeNumber(value)  # an object of its own
        leaf = self.known.leaf(fresh, self.nodes.where(place))
        leaf.kwargs["made"], leaf.value = CREATED, float(value)
        return fresh

    def numbers(self, place: int, value: Any) -> Any:
        """A list or dict that was just made, each of whose numbers becomes an object of its own."""
        if type(value) in (list, dict):
            for key, part in list(enumerate(value) if type(value) is list else value.items()):
                if type(part) in (list, dict):
                    self.numbers(place, part)
                elif type(part) in (float, int) and not self.known.knows(part):
                    value[key] = self.literal(place, part)
        return value

    def unpack(self, place: int, value: Any) -> Any:
        if isinstance(value, np.ndarray) and value.ndim > 0 and self.known.knows(value):
            return list(self.nodes.items(place, value))
        return value

    def each(self, place: int, iterable: Any) -> Any:
        if isinstance(iterable, np.ndarray) and iterable.ndim > 0 and self.known.knows(iterable):
            return self.nodes.items(place, iterable)
        return iterable

    def for_(self, place: int, iterable: Iterable[Any]) -> Iterator[Any]:
        namespace = sys._getframe(1).f_globals
        local = sys._getframe(1).f_locals
        if self.enough.over:
            return iter(iterable)

        def plainly(loop: int) -> bool:
            off = loop >= 0 and only_prepares(self.places[loop].names, (local, namespace), self.known)
            namespace["__unstuck_off__"] = off
            return off

        return self.loops.turns_of(place, self.each(place, iterable), self.nodes.check, plainly)

    def while_(self, place: int, test: Any) -> Any:
        return test if self.enough.over else self.loops.while_turn(place, test, sys._getframe(1), self.nodes.check)

    def call(self, place: int, function: Any, /, *arguments: Any, **keywords: Any) -> Any:
        if type(function) is BuiltinFunctionType and type(function.__self__) in _CONTAINERS:
            return function(*arguments, **keywords)
        kind = kind_of(function)
        if kind == kinds.OWN and kinds.copies(function) and arguments and isinstance(arguments[0], FOLLOWED):
            kind = kinds.COMPUTES
        if kind == kinds.OWN:
            return self._own(place, function, arguments, keywords)
        if kind == kinds.IGNORED:
            if function is print:
                self.recording.saw_printed(self.places[place], arguments)
            value = function(*arguments, **keywords)
            return self.outside.made(place, value) if type(value) is np.ndarray else value
        if kind == kinds.SPREADS:
            return function(*[self.unpack(place, argument) for argument in arguments], **keywords)
        if getattr(function, "__name__", "") == "shuffle":
            return self._shuffle(place, function, arguments, keywords)
        if kind == kinds.WRITES or keywords.get("out") is not None:
            return self.nodes.writing(place, function, arguments, keywords)
        if kinds.takes_all_of(function) and arguments and isinstance(arguments[0], Iterator):
            arguments = (kinds.at_hand(arguments[0]), *arguments[1:])
        value = function(*map(_plain, arguments), **keywords)
        if kind == kinds.COMPUTES:
            op, everything = operation(function, arguments)
            if any(self.known.holds(argument) for argument in (*everything, *keywords.values())):
                return self.nodes.record(place, op, everything, value, keywords)
            if not (self._typed_in(place, value) or kinds.is_typed_number(function, value)):
                return self.outside.made(place, value)
        return self.nodes.born(place, value, kind)

    def _shuffle(self, place: int, function: Any, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
        state = state_of(getattr(function, "__self__", None))
        if state is None or not arguments or len(self.recording.shuffles) >= SHUFFLES:
            return self.nodes.writing(place, function, arguments, keywords)
        what = arguments[0]
        small = isinstance(what, np.ndarray) and what.nbytes <= SMALL
        beside = arrays_beside(sys._getframe(2), what) if small else ()
        before = what.copy() if beside else None
        value = self.nodes.writing(place, function, arguments, keywords)
        after = what.copy() if small else what
        self.recording.shuffles.append(Shuffle(self.places[place], after, state, before, beside))
        return value

    def _chosen(self, place: int, holder: np.ndarray, key: Any, value: np.ndarray) -> None:
        """Remember an order in which examples were chosen."""
        if value.ndim and len(self.recording.shuffles) < SHUFFLES:
            shuffle = chosen(self.places[place], holder, key, value, sys._getframe(2))
            if shuffle is not None:
                self.recording.shuffles.append(shuffle)

    def _typed_argument(self, place: int, position: int, value: Any) -> Any:
        """A number that is written out where one of the script's own objects is made may become a parameter."""
        written = position < len(self.places[place].literal) and self.places[place].literal[position]
        return self.literal(place, value) if written and type(value) is float else value

    # -- what they do ----------------------------------------------------------------------------------------------

    def _own(self, place: int, function: Any, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
        if self.enough.stopped:
            raise Stopped
        outer = self.nodes.stack
        self.nodes.stack = (*outer, self.places[place].site)
        if isinstance(function, type):
            arguments = tuple(self._typed_argument(place, position, each) for position, each in enumerate(arguments))
        try:
            value = function(*arguments, **keywords)
        finally:
            self.nodes.stack = outer
        if isinstance(value, FOLLOWED) and not self.known.knows(value) and not kinds.is_watched(function, self.files):
            everything = (*arguments, *keywords.values())
            if any(self.known.holds(argument) for argument in everything):
                return self.nodes.record(place, function, arguments, value, keywords)
            return self.outside.made(place, value)
        return value

    def _typed_in(self, place: int, value: Any) -> bool:
        """Whether an array was made of numbers that stand in the source."""
        node = self.places[place].node
        display = node.args[0] if getattr(node, "args", None) else None  # type: ignore[union-attr]
        return isinstance(value, np.ndarray) and type(display).__name__ in ("List", "Tuple") and value.size <= 10_000


def _plain(value: Any) -> Any:
    """A whole number as NumPy must be given it: of a class of its own it would count as an array."""
    return int(value) if type(value) is WholeNumber else value
