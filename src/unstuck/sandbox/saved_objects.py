"""What one object held, how to see a change, how to undo it: a Record for each kind of mutable object."""

import array
import collections
import functools
import random
import sys
from collections.abc import Callable, Iterable, Iterator
from types import CellType, FunctionType, ModuleType
from typing import Any

import numpy as np

from unstuck.sandbox.origin import HEAP_TYPE, is_user_class, is_user_namespace, names_used
from unstuck.sandbox.reachable import (
    MISSING,
    PLAIN,
    Node,
    class_attributes,
    content,
    dict_descriptor,
    instance_dict,
    is_dunder,
    is_kind,
    is_opaque,
    slot,
    slots,
    type_name,
)
from unstuck.sandbox.saved_arrays import LARGE, ArrayContent, Record, TensorContent, same


class SequenceContent(Record):
    """Elements of a list or deque, the very same objects."""

    def __init__(self, node: Node, base: type) -> None:
        super().__init__(node)
        self.object, self.base, self.saved = node.object, base, list(base.__iter__(node.object))  # type: ignore[attr-defined]

    def changed(self, thorough: bool = False) -> bool:
        now = list(self.base.__iter__(self.object))  # type: ignore[attr-defined]
        return len(now) != len(self.saved) or not same(now, self.saved)

    def restore(self) -> None:
        if self.base is list:
            list.__setitem__(self.object, slice(None), self.saved)
        elif self.changed():
            collections.deque.clear(self.object)
            collections.deque.extend(self.object, self.saved)


class SetContent(Record):
    def __init__(self, node: Node) -> None:
        super().__init__(node)
        self.object, self.saved = node.object, list(set.__iter__(node.object))

    def changed(self, thorough: bool = False) -> bool:
        return set(map(id, set.__iter__(self.object))) != set(map(id, self.saved))

    def restore(self) -> None:
        if self.changed():
            set.clear(self.object)
            set.update(self.object, self.saved)


class DictContent(Record):
    """Keys, their order, and the very same values: of a dict, or of an instance's or module's attributes."""

    def __init__(self, node: Node, content: dict[Any, Any]) -> None:
        super().__init__(node)
        self.object = content
        self.base: Any = collections.OrderedDict if is_kind(content, collections.OrderedDict) else dict
        self.keys, self.values = list(self.base.keys(content)), list(self.base.values(content))

    def changed(self, thorough: bool = False) -> bool:
        return (
            len(self.keys) != dict.__len__(self.object)
            or not same(self.base.values(self.object), self.values)
            or not same(self.base.keys(self.object), self.keys)
        )

    def restore(self) -> None:
        if self.changed():
            self.base.clear(self.object)
            for key, value in zip(self.keys, self.values, strict=True):
                self.base.__setitem__(self.object, key, value)


class Bindings(Record):
    """Named references of one object, read and written one by one: slots, cells, class attributes, module globals."""

    def __init__(
        self,
        node: Node,
        names: Iterable[Any],
        get: Callable[[Any], Any],
        put: Callable[[Any, Any], None],
        drop: Callable[[Any], None],
    ) -> None:
        super().__init__(node)
        self.get, self.put, self.drop = get, put, drop
        self.saved = [(name, get(name)) for name in names]

    def changed(self, thorough: bool = False) -> bool:
        return any(self.get(name) is not value for name, value in self.saved)

    def restore(self) -> None:
        for name, value in self.saved:
            if self.get(name) is value:
                continue
            if value is MISSING:
                self.drop(name)
            else:
                self.put(name, value)


class Copied(Record):
    """State that is read as a value and written back as one: random generators, byte and number buffers."""

    def __init__(self, node: Node, read: Callable[[], Any], write: Callable[[Any], None]) -> None:
        super().__init__(node)
        self.read, self.write, self.saved = read, write, read()

    def changed(self, thorough: bool = False) -> bool:
        return repr(self.read()) != repr(self.saved)

    def restore(self) -> None:
        self.write(self.saved)


def records_of(node: Node, unrestorable: list[str]) -> Iterator[Record]:
    """The records of one object (none, if nothing in it can change)."""
    obj, kind = node.object, type(node.object)
    if issubclass(kind, np.ndarray):
        if not is_kind(obj.base, np.ndarray) and _can_change(obj):
            yield ArrayContent(node)
        elif not node.cold and obj.base is not None and obj.base.nbytes > LARGE >= obj.nbytes and _can_change(obj):
            yield ArrayContent(node)  # weights as views of one long vector: the vector itself is only sampled
    elif issubclass(kind, (list, collections.deque)):
        yield SequenceContent(node, list if issubclass(kind, list) else collections.deque)
    elif issubclass(kind, set):
        yield SetContent(node)
    elif issubclass(kind, dict):
        yield DictContent(node, obj)
    elif kind is FunctionType:
        yield from _function_records(node)
    elif kind is CellType:
        yield Bindings(
            node,
            ("cell_contents",),
            lambda name: content(obj),
            lambda name, value: setattr(obj, name, value),
            lambda name: delattr(obj, name),
        )
    elif issubclass(kind, ModuleType):
        if is_user_namespace(vars(obj)):
            names = [name for name in vars(obj) if not is_dunder(name)]
            yield _namespace_record(node, vars(obj), names)
    elif issubclass(kind, type):
        if is_user_class(obj):
            own = type.__dict__["__dict__"].__get__(obj)
            yield Bindings(
                node,
                class_attributes(obj),
                lambda name: own.get(name, MISSING),
                lambda name, value: type.__setattr__(obj, name, value),
                lambda name: type.__delattr__(obj, name),
            )
    elif issubclass(kind, np.random.BitGenerator):
        yield Copied(node, lambda: obj.state, lambda state: setattr(obj, "state", state))
    elif issubclass(kind, np.random.RandomState):
        yield Copied(node, lambda: obj.get_state(legacy=False), obj.set_state)
    elif issubclass(kind, random.Random) and not issubclass(kind, random.SystemRandom):
        yield Copied(node, lambda: random.Random.getstate(obj), lambda state: random.Random.setstate(obj, state))
    elif issubclass(kind, (bytearray, array.array)):
        base: Any = bytearray if issubclass(kind, bytearray) else array.array
        whole = slice(None)
        yield Copied(node, lambda: base.__getitem__(obj, whole), lambda saved: base.__setitem__(obj, whole, saved))
    else:
        torch = sys.modules.get("torch")
        if torch is not None and issubclass(kind, torch.Tensor):
            yield TensorContent(node)
        elif torch is not None and issubclass(kind, torch.Generator):
            yield Copied(node, obj.get_state, obj.set_state)
        elif _is_builtin_iterator(kind):
            name = type_name(obj)
            streams = (sys.stdin, sys.stdout, sys.stderr, sys.__stdin__, sys.__stdout__, sys.__stderr__)
            if not any(obj is stream for stream in streams):
                place = node.path or "an object"
                unrestorable.append(f"{place} is a {name}: how far it has been read cannot be set back")
    yield from _instance_records(node, kind)


def _can_change(obj: np.ndarray) -> bool:
    """Whether the array is writeable, or owns its memory and could be made so."""
    return bool(obj.flags.writeable or obj.flags.owndata)


def _function_records(node: Node) -> Iterator[Record]:
    function = node.object
    yield DictContent(node, function.__dict__)
    yield Bindings(
        node,
        ("__defaults__", "__kwdefaults__"),
        lambda name: getattr(function, name),
        lambda name, value: setattr(function, name, value),
        lambda name: None,
    )
    if is_user_namespace(function.__globals__):
        yield _namespace_record(node, function.__globals__, sorted(names_used(function.__code__)))


def _namespace_record(node: Node, namespace: dict[str, Any], names: Iterable[str]) -> Record:
    return Bindings(
        node,
        names,
        lambda name: namespace.get(name, MISSING),
        namespace.__setitem__,
        lambda name: namespace.pop(name, None),
    )


def _instance_records(node: Node, kind: type) -> Iterator[Record]:
    obj = node.object
    if kind in PLAIN or issubclass(kind, (type, ModuleType)) or is_opaque(kind):
        return
    namespace = instance_dict(obj)
    if namespace is not None:
        descriptor = dict_descriptor(kind)
        yield Bindings(
            node,
            ("__dict__",),
            lambda name: instance_dict(obj),
            lambda name, value: descriptor.__set__(obj, value),
            lambda name: None,
        )
        yield DictContent(node, namespace)
    members = dict(slots(kind))
    if members:
        yield Bindings(
            node,
            members,
            lambda name: slot(obj, members[name]),
            lambda name, value: members[name].__set__(obj, value),
            lambda name: members[name].__delete__(obj),
        )


def _is_builtin_iterator(kind: type) -> bool:
    owner = next((base for base in kind.__mro__ if "__next__" in type.__dict__["__dict__"].__get__(base)), None)
    return owner is not None and not owner.__flags__ & HEAP_TYPE


def global_random_states() -> Iterator[Record]:
    numpy_state = functools.partial(np.random.get_state, legacy=False)
    yield Copied(Node(None, None, "np.random", False), numpy_state, np.random.set_state)
    yield Copied(Node(None, None, "random", False), random.getstate, random.setstate)
    torch = sys.modules.get("torch")
    if torch is not None:
        yield Copied(Node(None, None, "torch.random", False), torch.get_rng_state, torch.set_rng_state)
        if torch.cuda.is_initialized():
            cuda = torch.cuda
            yield Copied(Node(None, None, "torch.cuda", False), cuda.get_rng_state_all, cuda.set_rng_state_all)
