"""The nodes that a running script adds to its tape: one for each operation on values that are followed."""

import operator
from collections.abc import Iterator
from typing import Any

import numpy as np

from unstuck.adapters.scripts.recording import functions as kinds
from unstuck.adapters.scripts.recording.enough import Enough
from unstuck.adapters.scripts.recording.functions import operation
from unstuck.adapters.scripts.recording.hooks import Place
from unstuck.adapters.scripts.recording.provenance import CREATED, Provenance, Where
from unstuck.autodiff.tape import Site, Tape
from unstuck.autodiff.writes import overwritten

FOLLOWED = (np.ndarray, np.floating, np.integer, np.complexfloating, float, complex)


class Nodes:
    """Adds to a tape what passes through the hooks of a script.

    tape    of the operations
    known   which object is which node
    places  of the hooks in the source, by their number
    stack   the calls of the script's own functions that are under way
    """

    def __init__(self, tape: Tape, places: list[Place], enough: Enough) -> None:
        self.tape, self.places, self.enough = tape, places, enough
        self.known = Provenance(tape)
        self.stack: tuple[Site, ...] = ()

    def let_go(self) -> None:
        """Follow nothing that was followed so far."""
        self.tape = Tape()  # of functions that are called again, as np.vectorize does, nothing more is told
        self.known = Provenance(self.tape)

    def check(self) -> None:
        """Raises Stopped where enough was recorded."""
        self.enough.check(len(self.tape), self.known.bytes)

    def grown(self) -> None:
        """Raises Stopped where enough was recorded; looks only now and then."""
        self.enough.grown(len(self.tape), self.known.bytes)

    def where(self, place: int) -> Where:
        return self.places[place].site, self.stack

    def record(
        self, place: int, op: Any, arguments: tuple[Any, ...], value: Any, keywords: dict[str, Any] | None = None
    ) -> Any:
        """The value, which is a new node from here on."""
        if not isinstance(value, FOLLOWED):
            return self.parts(place, op, arguments, value, keywords or {})
        for argument in arguments:
            if value is argument:
                if type(value) is not float:
                    return value
                value = value * 1.0  # an object of its own
        where, known = self.where(place), self.known
        part = op is operator.getitem and isinstance(arguments[0], np.ndarray)
        first = (
            (known.node(arguments[0], where, part_only=True) or known.argument(arguments[0], where)) if part else None
        )
        kept = tuple([known.argument(argument, where) for argument in (arguments[1:] if part else arguments)])
        more = {name: known.argument(argument, where) for name, argument in keywords.items()} if keywords else {}
        node = self.tape.add(op, (first, *kept) if part else kept, more, value, where)
        known.bind(value, node)
        self.enough.work += getattr(value, "size", 1)
        self.grown()
        return value

    def parts(self, place: int, op: Any, arguments: tuple[Any, ...], value: Any, keywords: dict[str, Any]) -> Any:
        """A result of several arrays: each is a node of its own."""
        if type(value) in (tuple, list) and value and all(isinstance(part, np.ndarray) for part in value):
            where, known = self.where(place), self.known
            kept = tuple(known.argument(argument, where) for argument in arguments)
            more = {name: known.argument(argument, where) for name, argument in keywords.items()}
            whole = self.tape.add(op, kept, more, value, where)
            for index, part in enumerate(value):
                known.bind(part, self.tape.add(operator.getitem, (whole, index), {}, part, where))
        return value

    def writing(self, place: int, function: Any, arguments: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
        where, known = self.where(place), self.known
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
        self.grown()
        return value

    def born(self, place: int, value: Any, kind: str) -> Any:
        """A value that the program makes or draws: a leaf of its own."""
        if isinstance(value, np.ndarray) and value.dtype != object and value.dtype.kind != "S":
            node = self.tape.leaf(value, self.where(place))
            if kind != kinds.DRAWS:
                node.kwargs["made"] = CREATED
            self.known.bind(value, node, plain=kind == kinds.CREATES)
            self.grown()
        elif isinstance(value, (float, np.floating)):
            self.known.leaf(value, self.where(place))
        elif type(value) is list:
            for part in value:
                if isinstance(part, float):
                    self.known.leaf(part, self.where(place))
        return value

    def items(self, place: int, array: Any) -> Iterator[Any]:
        for index in range(len(array)):
            yield self.record(place, operator.getitem, (array, index), array[index])
