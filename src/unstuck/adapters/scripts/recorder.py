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
from itertools import chain, islice
from types import BuiltinFunctionType, CodeType
from typing import Any

import numpy as np

from unstuck.adapters.scripts import functions as kinds
from unstuck.adapters.scripts.functions import kind_of, operation
from unstuck.adapters.scripts.imports import BesideTheScript
from unstuck.adapters.scripts.loops import Loops
from unstuck.adapters.scripts.outside import Outside
from unstuck.adapters.scripts.preparing import only_prepares
from unstuck.adapters.scripts.provenance import CREATED, Provenance, Where
from unstuck.adapters.scripts.recording import Recording, Settings
from unstuck.adapters.scripts.rewriting import Place, rewritten
from unstuck.adapters.scripts.shuffling import SMALL, Shuffle, arrays_beside, chosen, state_of
from unstuck.adapters.watch import Stopped
from unstuck.autodiff.tape import Site, Tape
from unstuck.autodiff.writes import overwritten
from unstuck.sandbox import clock

FOLLOWED = (np.ndarray, np.floating, np.integer, np.complexfloating, float, complex)
_CONTAINERS = frozenset({list, dict, set, str, tuple, bytes, deque})
FIRST_LOOK = 400  # nodes; then whenever their number has grown by a third
FIRST_WORK = 10_000_000  # numbers computed, after which is looked too: one update on all examples may take a second
GROWTH = 1.33
WRAPPED = 1000  # numbers of an array that is looked at
SHUFFLES = 20  # calls that are kept
HOOKS = (
    *("binary", "unary", "call", "attribute", "get", "set", "put", "reshape", "augment", "each", "unpack", "literal"),
    "numbers",
)
AT_HAND = 100_000  # values that a function takes one after another, up to which they are listed


class WholeNumber(int):
    """A whole number that the program writes out, as an object of its own: Python keeps one object for all zeros."""


class Recorder:
    """A watch that records. `updates(recording)` is asked now and then how many updates of all parameters were seen;
    from `settings.updates` on the run is ended."""

    def __init__(self, updates: Callable[[Recording], int], settings: Settings | None = None) -> None:
        self.settings = settings or Settings()
        self.tape = Tape()
        self.known = Provenance(self.tape)
        self.places: list[Place] = []
        self.loops = Loops(self.tape, self.places, lambda: self.updates_seen > 0)
        self.recording = Recording(self.tape, self.places, self.loops.turns, [], self.loops)
        self.recording.cut = self.loops.cut
        self.updates, self.updates_seen = updates, 0
        self.stack: tuple[Site, ...] = ()
        self.stopped = self.over = False
        self.work, self.next_work = 0, FIRST_WORK
        self.next_look = FIRST_LOOK
        self.countdown = clock.Countdown(self.settings.seconds)
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
        self.tape = Tape()  # of functions that are called again, as np.vectorize does, nothing more is told
        self.known = Provenance(self.tape)
        self.over, self.stopped = True, False

    # -- stopping --------------------------------------------------------------------------------------------------

    def _look(self) -> None:
        """Count the updates, and stop where they are enough."""
        self.next_look = int(len(self.tape) * GROWTH) + FIRST_LOOK
        self.next_work = int(self.work * GROWTH) + FIRST_WORK
        self.updates_seen = self.updates(self.recording) if len(self.tape) else 0
        if self.updates_seen >= self.settings.updates:
            self.recording.complete = self.stopped = True

    def _check(self) -> None:
        if self.over:
            return
        if self.stopped:
            raise Stopped
        too_much = len(self.tape) > self.settings.nodes or self.known.bytes > self.settings.bytes
        if too_much or self.countdown.lasts() <= 0:
            self.stopped = True
        elif len(self.tape) >= self.next_look or self.work >= self.next_work:
            self._look()
        if self.stopped:
            raise Stopped

    def _where(self, place: int) -> Where:
        return self.places[place].site, self.stack

    # -- hooks -----------------------------------------------------------------------------------------------------

    def binary(self, place: int, a: Any, b: Any) -> Any:
        known = self.known
        followed = known.knows(a) or known.knows(b)
        value = self.places[place].op(_plain(a), _plain(b))
        if type(value) is np.ndarray and value.dtype.kind == "u" and value.size >= WRAPPED:
            self._wrapped(place, a, b, value)
        return (
            self._record(place, self.places[place].op, (a, b), value) if followed else self.outside.made(place, value)
        )

    def unary(self, place: int, a: Any) -> Any:
        value = self.places[place].op(a)
        return self._record(place, self.places[place].op, (a,), value) if self.known.knows(a) else value

    def attribute(self, place: int, holder: Any) -> Any:
        name = self.places[place].op
        value = getattr(holder, name)
        if name == "T" and isinstance(holder, np.ndarray) and self.known.knows(holder):
            return self._record(place, np.transpose, (holder,), value)
        return value

    def get(self, place: int, holder: Any, key: Any) -> Any:
        value = holder[key]
        if isinstance(holder, np.ndarray) and holder.dtype != object:
            if type(key) in (np.ndarray, list, tuple) and type(value) is np.ndarray:
                self._chosen(place, holder, key, value)
            if (self.known.knows(holder) and not self.known.being_filled(holder)) or self.known.holds(key):
                return self._record(place, operator.getitem, (holder, key), value)
            return self.outside.made(place, value)
        return self.outside.made(place, value) if type(value) in (list, tuple) else value

    def put(self, place: int, holder: Any, key: Any, value: Any) -> None:
        self.set(place, value, holder, key)

    def set(self, place: int, value: Any, holder: Any, key: Any) -> None:
        if not isinstance(holder, np.ndarray) or holder.dtype == object:
            holder[key] = value
            return
        where, known = self._where(place), self.known
        followed = known.holds(value) or (isinstance(key, np.ndarray) and known.holds(key) and known.knows(holder))
        old = known.before_write(holder, where, followed)
        if old is None:
            holder[key] = value
            known.data_written(holder)
            return
        kept_key, kept = known.argument(key, where), known.argument(value, where)
        holder[key] = value
        known.element_written(holder, old, kept_key, kept, where)
        self._grown()

    def reshape(self, place: int, value: Any, holder: Any) -> None:
        if isinstance(holder, np.ndarray):
            self.known.reshape(holder, value, self._where(place))
        else:
            holder.shape = value

    def augment(self, place: int, a: Any, b: Any) -> Any:
        op, known = self.places[place].op, self.known
        followed = known.holds(b)
        if not isinstance(a, np.ndarray):
            value = op(_plain(a), _plain(b))
            followed = (followed or known.knows(a)) and not isinstance(value, list | tuple)  # parts stay what they are
            return self._record(place, op, (a, b), value) if followed else value
        where = self._where(place)
        old = known.before_write(a, where, followed)
        kept = known.argument(b, where) if old is not None else None
        value = op(a, b)
        if old is None:
            known.data_written(a)
        elif value is a:
            known.written(a, op, (old, kept), where)
            self._grown()
        return value

    def literal(self, place: int, value: float) -> float:
        fresh = value * 1.0 if type(value) is float else WholeNumber(value)  # an object of its own
        leaf = self.known.leaf(fresh, self._where(place))
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
            return list(self._items(place, value))
        return value

    def each(self, place: int, iterable: Any) -> Any:
        if isinstance(iterable, np.ndarray) and iterable.ndim > 0 and self.known.knows(iterable):
            return self._items(place, iterable)
        return iterable

    def for_(self, place: int, iterable: Iterable[Any]) -> Iterator[Any]:
        namespace = sys._getframe(1).f_globals
        local = sys._getframe(1).f_locals
        if self.over:
            return iter(iterable)

        def plainly(loop: int) -> bool:
            off = loop >= 0 and only_prepares(self.places[loop].names, (local, namespace), self.known)
            namespace["__unstuck_off__"] = off
            return off

        return self.loops.turns_of(place, self.each(place, iterable), self._check, plainly)

    def while_(self, place: int, test: Any) -> Any:
        return test if self.over else self.loops.while_turn(place, test, sys._getframe(1), self._check)

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
                self._printed(place, arguments)
            value = function(*arguments, **keywords)
            return self.outside.made(place, value) if type(value) is np.ndarray else value
        if kind == kinds.SPREADS:
            return function(*[self._spread(place, argument) for argument in arguments], **keywords)
        if getattr(function, "__name__", "") == "shuffle":
            return self._shuffle(place, function, arguments, keywords)
        if kind == kinds.WRITES or keywords.get("out") is not None:
            return self._writing(place, function, arguments, keywords)
        if kinds.takes_all_of(function) and arguments and isinstance(arguments[0], Iterator):
            arguments = (_at_hand(arguments[0]), *arguments[1:])
        value = function(*map(_plain, arguments), **keywords)
        if kind == kinds.COMPUTES:
            op, everything = operation(function, arguments)
            if any(self.known.holds(argument) for argument in (*everything, *keywords.values())):
                return self._record(place, op, everything, value, keywords)
            if not (self._typed_in(place, value) or _is_typed_number(function, value)):
                return self.outside.made(place, value)
        return self._born(place, value, kind)

    def _shuffle(self, place: int, function: Any, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
        state = state_of(getattr(function, "__self__", None))
        if state is None or not arguments or len(self.recording.shuffles) >= SHUFFLES:
            return self._writing(place, function, arguments, keywords)
        what = arguments[0]
        small = isinstance(what, np.ndarray) and what.nbytes <= SMALL
        beside = arrays_beside(sys._getframe(2), what) if small else ()
        before = what.copy() if beside else None
        value = self._writing(place, function, arguments, keywords)
        after = what.copy() if small else what
        self.recording.shuffles.append(Shuffle(self.places[place], after, state, before, beside))
        return value

    def _chosen(self, place: int, holder: np.ndarray, key: Any, value: np.ndarray) -> None:
        """Remember an order in which examples were chosen."""
        if value.ndim and len(self.recording.shuffles) < SHUFFLES:
            shuffle = chosen(self.places[place], holder, key, value, sys._getframe(2))
            if shuffle is not None:
                self.recording.shuffles.append(shuffle)

    def _wrapped(self, place: int, a: Any, b: Any, value: np.ndarray) -> None:
        """Remember where unsigned whole numbers wrapped around: below zero they start again at their largest."""
        if self.places[place].op is operator.sub and len(self.recording.wrapped) < SHUFFLES:
            share = float(np.mean(np.less(a, b)))
            if share:
                self.recording.wrapped.append((self.places[place], value.shape, share))

    def _typed_argument(self, place: int, position: int, value: Any) -> Any:
        """A number that is written out where one of the script's own objects is made may become a parameter."""
        written = position < len(self.places[place].literal) and self.places[place].literal[position]
        return self.literal(place, value) if written and type(value) is float else value

    # -- what they do ----------------------------------------------------------------------------------------------

    def _own(self, place: int, function: Any, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
        if self.stopped:
            raise Stopped
        outer = self.stack
        self.stack = (*outer, self.places[place].site)
        if isinstance(function, type):
            arguments = tuple(self._typed_argument(place, position, each) for position, each in enumerate(arguments))
        try:
            value = function(*arguments, **keywords)
        finally:
            self.stack = outer
        if isinstance(value, FOLLOWED) and not self.known.knows(value) and not _is_watched(function, self.files):
            everything = (*arguments, *keywords.values())
            if any(self.known.holds(argument) for argument in everything):
                return self._record(place, function, arguments, value, keywords)
            return self.outside.made(place, value)
        return value

    def _record(
        self, place: int, op: Any, arguments: tuple[Any, ...], value: Any, keywords: dict[str, Any] | None = None
    ) -> Any:
        """The value, which is a new node from here on."""
        if not isinstance(value, FOLLOWED):
            return self._parts(place, op, arguments, value, keywords or {})
        for argument in arguments:
            if value is argument:
                if type(value) is not float:
                    return value
                value = value * 1.0  # an object of its own
        where, known = self._where(place), self.known
        part = op is operator.getitem and isinstance(arguments[0], np.ndarray)
        first = (
            (known.node(arguments[0], where, part_only=True) or known.argument(arguments[0], where)) if part else None
        )
        kept = tuple([known.argument(argument, where) for argument in (arguments[1:] if part else arguments)])
        more = {name: known.argument(argument, where) for name, argument in keywords.items()} if keywords else {}
        node = self.tape.add(op, (first, *kept) if part else kept, more, value, where)
        known.bind(value, node)
        self.work += getattr(value, "size", 1)
        self._grown()
        return value

    def _parts(self, place: int, op: Any, arguments: tuple[Any, ...], value: Any, keywords: dict[str, Any]) -> Any:
        """A result of several arrays: each is a node of its own."""
        if type(value) in (tuple, list) and value and all(isinstance(part, np.ndarray) for part in value):
            where, known = self._where(place), self.known
            kept = tuple(known.argument(argument, where) for argument in arguments)
            more = {name: known.argument(argument, where) for name, argument in keywords.items()}
            whole = self.tape.add(op, kept, more, value, where)
            for index, part in enumerate(value):
                known.bind(part, self.tape.add(operator.getitem, (whole, index), {}, part, where))
        return value

    def _writing(self, place: int, function: Any, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
        where, known = self._where(place), self.known
        op, everything = operation(function, arguments)
        out = keywords.get("out")
        if isinstance(out, tuple):
            out = out[0]
        target = out if out is not None else everything[0] if everything else None
        if not isinstance(target, np.ndarray) or target.dtype == object:
            return function(*arguments, **keywords)
        inputs = everything if out is not None else everything[1:]
        if any(argument is target for argument in inputs):
            known.node(target, where)  # what it holds is read before it is overwritten
        old = known.before_write(target, where, any(known.holds(argument) for argument in inputs))
        if old is None:
            value = function(*arguments, **keywords)
            known.data_written(target)
            return value
        kept = tuple(known.argument(argument, where) for argument in inputs)
        value = function(*arguments, **keywords)
        if out is not None:
            more = {name: known.argument(argument, where) for name, argument in keywords.items() if name != "out"}
            result = self.tape.add(op, kept, more, np.array(target), where)
            known.written(target, overwritten, (old, result), where)
        else:
            known.written(target, op, (old, *kept), where, **keywords)
        self._grown()
        return value

    def _born(self, place: int, value: Any, kind: str) -> Any:
        """A value that the program makes or draws: a leaf of its own."""
        if isinstance(value, np.ndarray) and value.dtype != object and value.dtype.kind != "S":
            node = self.tape.leaf(value, self._where(place))
            if kind != kinds.DRAWS:
                node.kwargs["made"] = CREATED
            self.known.bind(value, node, plain=kind == kinds.CREATES)
            self._grown()
        elif isinstance(value, (float, np.floating)):
            self.known.leaf(value, self._where(place))
        elif type(value) is list:
            for part in value:
                if isinstance(part, float):
                    self.known.leaf(part, self._where(place))
        return value

    def _typed_in(self, place: int, value: Any) -> bool:
        """Whether an array was made of numbers that stand in the source."""
        node = self.places[place].node
        display = node.args[0] if getattr(node, "args", None) else None  # type: ignore[union-attr]
        return isinstance(value, np.ndarray) and type(display).__name__ in ("List", "Tuple") and value.size <= 10_000

    def _spread(self, place: int, value: Any) -> Any:
        if isinstance(value, np.ndarray) and value.ndim > 0 and self.known.knows(value):
            return list(self._items(place, value))
        return value

    def _items(self, place: int, array: Any) -> Iterator[Any]:
        for index in range(len(array)):
            yield self._record(place, operator.getitem, (array, index), array[index])

    def _printed(self, place: int, arguments: tuple[Any, ...]) -> None:
        if len(self.recording.printed) < 200:
            self.recording.printed.append((self.places[place], arguments))

    def _grown(self) -> None:
        enough = len(self.tape) >= self.next_look or self.work >= self.next_work
        if enough or self.stopped or not len(self.tape) % 256:
            self._check()


def _plain(value: Any) -> Any:
    """A whole number as NumPy must be given it: of a class of its own it would count as an array."""
    return int(value) if type(value) is WholeNumber else value


def _at_hand(values: Iterator[Any]) -> Iterable[Any]:
    """The same values as a list, whose elements can be followed; of very many an iterator again."""
    first = list(islice(values, AT_HAND))
    return first if len(first) < AT_HAND else chain(first, values)


def _is_typed_number(function: Any, value: Any) -> bool:
    """Whether this is a single number in one of NumPy's types, made of one that stands in the source: a first bias."""
    return isinstance(function, type) and isinstance(value, np.floating)


def _is_watched(function: Any, files: set[str]) -> bool:
    """Whether what a call does is recorded where it is written; a class counts as such."""
    if isinstance(function, type):
        return True
    for called in (function, vars(type(function)).get("__call__")):
        code = getattr(getattr(called, "__func__", called), "__code__", None)
        if code is not None:
            return code.co_filename in files
    return False
