"""Which node of the tape an object is: by identity, through views and writes in place."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from unstuck.autodiff.tape import Node, Site, Tape
from unstuck.autodiff.writes import assigned, read_window, window, write_window

Array = np.ndarray
Where = tuple[Site | None, tuple[Site, ...]]
SMALL = 64 * 1024  # bytes: arrays up to this are copied as soon as they are recorded, so that no write is missed
MANY_WRITES = 16  # in a row, without a look at the whole array: what stood there in between is not kept
FEW_WRITES, LARGE = 4, 1 << 20  # the same of arrays of so many bytes, as columns of windows are filled one by one
ITEMS = 32  # of a list or tuple, half of them from its end, that are searched for recorded values
NOWHERE: Where = (None, ())


def CREATED() -> None:
    """Marks, in a leaf's kwargs, an array that the program made itself; never called."""
    raise AssertionError("a mark is no operation")


def owner(array: Array) -> Array:
    """The array that owns the memory that this one shows, as far as NumPy knows it."""
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array


@dataclass(slots=True)
class _Buffer:
    """One piece of memory and the node of what it holds now."""

    array: Array
    node: Node | None
    version: int = 0
    made: Where = NOWHERE
    plain: bool = False  # made by the program (zeros, …) and so far filled with data only
    writes: int = 0  # since the whole of it was read
    aliases: list[Node] = field(default_factory=list)  # nodes whose value still lies in this memory


@dataclass(slots=True)
class _Entry:
    """One object that is followed; keeping it alive keeps its id its own."""

    object: Any
    node: Node
    version: int


class Provenance:
    """The objects of a running program as nodes of a tape."""

    def __init__(self, tape: Tape) -> None:
        self.tape = tape
        self.entries: dict[int, _Entry] = {}
        self.buffers: dict[int, _Buffer] = {}
        self.bytes = 0
        self.origin: Callable[[Any], Where | None] = lambda value: None

    # -- reading ---------------------------------------------------------------------------------------------------

    def knows(self, value: Any) -> bool:
        """Whether this very object, or the memory it shows, is followed."""
        if id(value) in self.entries:
            return True
        return isinstance(value, np.ndarray) and id(owner(value)) in self.buffers

    def being_filled(self, array: Array) -> bool:
        """Whether this is part of an array that the program made and only wrote data into since it was last read."""
        buffer = self.buffers.get(id(owner(array)))
        return buffer is not None and buffer.plain and buffer.node is None

    def node(self, value: Any, where: Where = NOWHERE, part_only: bool = False) -> Node | None:
        """The node of what this object holds now; None where it is not followed.

        part_only: only an element is about to be read, so that the whole array need not be kept.
        """
        entry = self.entries.get(id(value))
        if not isinstance(value, np.ndarray):
            return None if entry is None else entry.node
        base = owner(value)
        buffer = self.buffers.get(id(base))
        if buffer is None:
            return None if entry is None else entry.node
        if not part_only:
            buffer.writes = 0
        if entry is not None and entry.version == buffer.version:
            return entry.node
        whole = self._whole(buffer, where)
        if value is base:
            return whole
        part = window(value, base)
        node = (
            self.tape.leaf(self._kept(value), where)
            if part is None
            else self.tape.add(read_window, (whole, part), {}, self._kept(value), where)
        )
        self.entries[id(value)] = _Entry(value, node, buffer.version)
        return node

    def _whole(self, buffer: _Buffer, where: Where) -> Node:
        if buffer.node is None:
            buffer.node = self.tape.leaf(None, where if buffer.made is NOWHERE else buffer.made)
            buffer.node.value = self._kept(buffer.array, buffer, buffer.node)
            if buffer.plain:
                buffer.node.kwargs["made"] = CREATED
        return buffer.node

    def argument(self, value: Any, where: Where) -> Any:
        """An argument as the tape keeps it: nodes where it is followed; arrays from outside become leaves."""
        if type(value) is int:
            return value
        if isinstance(value, np.ndarray):
            return self.node(value, where) or self.leaf(value, where)
        if id(value) in self.entries:
            return self.entries[id(value)].node
        if type(value) in (list, tuple) and self.holds(value):
            return type(value)([self.argument(part, where) for part in value])
        if type(value) is slice:
            return slice(*[self.argument(part, where) for part in (value.start, value.stop, value.step)])
        return value

    def holds(self, value: Any, depth: int = 3) -> bool:
        """Whether a value is followed, or a list or tuple in which something is."""
        if type(value) in (list, tuple):
            parts = value if len(value) <= ITEMS else [*value[: ITEMS // 2], *value[-ITEMS // 2 :]]
            return depth > 0 and any(self.holds(part, depth - 1) for part in parts)
        return self.knows(value)

    # -- making ----------------------------------------------------------------------------------------------------

    def leaf(self, value: Any, where: Where = NOWHERE) -> Node:
        """A new leaf for an object from outside, which is followed from now on."""
        node = self.tape.leaf(self._kept(value), self.origin(value) or where)
        buffer = self.buffers.get(id(owner(value))) if isinstance(value, np.ndarray) else None
        self.entries[id(value)] = _Entry(value, node, buffer.version if buffer else 0)
        return node

    def bind(self, value: Any, node: Node, plain: bool = False) -> None:
        """From now on this object is that node. The node's value becomes a copy where the object may be overwritten."""
        if not isinstance(value, np.ndarray):
            self.entries[id(value)] = _Entry(value, node, 0)
            return
        base = owner(value)
        buffer = self.buffers.get(id(base))
        if buffer is None:
            buffer = self.buffers[id(base)] = _Buffer(base, node if value is base else None, plain=plain)
            buffer.made = (node.site, node.stack) if plain else NOWHERE
            self.bytes += base.nbytes
        node.value = self._kept(value, buffer, node)
        self.entries[id(value)] = _Entry(value, node, buffer.version)

    def _kept(self, value: Any, buffer: _Buffer | None = None, node: Node | None = None) -> Any:
        if not isinstance(value, np.ndarray):
            return value
        if value.nbytes <= SMALL:
            self.bytes += value.nbytes
            return value.copy()
        if buffer is not None and node is not None:
            buffer.aliases.append(node)
        return value

    # -- writing ---------------------------------------------------------------------------------------------------

    def before_write(self, array: Array, where: Where, followed: bool) -> Node | None:
        """Keep what the memory of this array holds. Returns the array's node; None where data are written into data.

        followed: whether what is about to be written is followed.
        """
        base = owner(array)
        buffer = self.buffers.get(id(base))
        if buffer is None:
            if not followed and id(array) not in self.entries:
                return None
            known = self.entries.get(id(array))
            buffer = self.buffers[id(base)] = _Buffer(base, known.node if known and array is base else None)
        if buffer.plain and not followed:
            return None
        old = self.node(array, where, part_only=True) or self.leaf(array, where)
        if array is not base:
            self._whole(buffer, where)
        for alias in buffer.aliases:
            if buffer.writes <= _kept_writes(base):
                alias.value = alias.value.copy()
                self.bytes += alias.value.nbytes
            else:
                alias.value = unknown(alias.value)
        buffer.aliases.clear()
        return old

    def data_written(self, array: Array) -> None:
        """Data were written into an array that the program made: it is a new leaf where it is next read."""
        buffer = self.buffers.get(id(owner(array)))
        if buffer is not None:
            buffer.node, buffer.version = None, buffer.version + 1
            buffer.aliases.clear()

    def written(
        self, array: Array, op: Callable[..., Any], arguments: tuple[Any, ...], where: Where, **more: Any
    ) -> Node:
        """The array holds a new version, made by `op` from its old one: the first of the arguments."""
        base = owner(array)
        buffer = self.buffers[id(base)]
        buffer.plain = False
        whole = None if array is base else self._whole(buffer, where)
        node = self.tape.add(op, arguments, more, None, where)
        buffer.version += 1
        buffer.writes += 1
        node.value = self._version(array, buffer, node)
        self.entries[id(array)] = _Entry(array, node, buffer.version)
        if whole is None:
            buffer.node = node
            return node
        part = window(array, base)
        if part is None:
            buffer.node = None
        else:
            buffer.node = self.tape.add(write_window, (whole, part, node), {}, None, where)
            buffer.node.value = self._version(base, buffer, buffer.node)
        return node

    def reshape(self, array: Array, shape: Any, where: Where) -> None:
        """Do `array.shape = shape`: the same object is another node from here on, where it is followed."""
        old = self.node(array, where) if self.knows(array) else None
        if old is not None and old.value is array:
            old.value = array[...]
        array.shape = shape
        if old is None:
            return
        node = self.tape.add(np.reshape, (old, array.shape), {}, array, where)
        self.bind(array, node)
        buffer = self.buffers[id(owner(array))]
        if array is buffer.array and buffer.node is not None:
            buffer.node = node

    def element_written(self, array: Array, old: Node, key: Any, value: Any, where: Where) -> Node:
        """`array[key] = value` happened, with the key and the value as the tape keeps them."""
        return self.written(array, assigned, (old, key, value), where)

    def _version(self, array: Array, buffer: _Buffer, node: Node) -> Any:
        if array.nbytes <= SMALL and buffer.writes <= MANY_WRITES:
            self.bytes += array.nbytes
            return array.copy()
        buffer.aliases.append(node)
        return array


def _kept_writes(base: Array) -> int:
    """How many writes in a row leave what stood there before on the tape."""
    return MANY_WRITES if base.nbytes < LARGE else FEW_WRITES


def unknown(like: Array) -> Array:
    """An array of this shape and type without memory, for a value that was not kept."""
    return np.broadcast_to(np.zeros((), like.dtype), like.shape)
