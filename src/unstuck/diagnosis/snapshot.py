"""The user's program as it was: all mutable state reachable from some objects, and its restoration to the bit.

Walked are functions (closure cells, defaults, the globals they name in the user's own modules), bound methods, partials,
instances (their __dict__ and __slots__), the user's classes and modules, containers, arrays, tensors and random
generators. No code of the user runs for it: attributes are read through the slots of the interpreter, never through
__getattr__, properties or __eq__. The state of NumPy's, Python's and PyTorch's global random generators belongs to it.
"""

import array
import collections
import functools
import random
import sys
from collections.abc import Callable, Iterable, Iterator
from types import (
    BuiltinFunctionType,
    CellType,
    FunctionType,
    GetSetDescriptorType,
    MemberDescriptorType,
    MethodType,
    MethodWrapperType,
    ModuleType,
)
from typing import Any

import numpy as np

from unstuck.diagnosis.origin import HEAP_TYPE, is_user_class, is_user_namespace, names_used
from unstuck.errors import CaseError

MISSING = object()

LARGE = 1 << 24  # bytes: arrays above are compared by a sample before they are copied back
LONG = 512  # elements: what lies in longer containers is compared by a sample of them
SAMPLED_NUMBERS = 1 << 14
SAMPLED_RECORDS = 256
NODES_LIMIT = 2_000_000

SCALARS = frozenset({int, float, complex, bool, str, bytes, type(None), type(Ellipsis), type(NotImplemented), range, slice})
SCALAR_BASES = (int, float, complex, str, bytes, np.generic, np.dtype)
OPAQUE = frozenset(
    "_io asyncio concurrent ctypes importlib io logging matplotlib multiprocessing socket subprocess threading tkinter "
    "unstuck.diagnosis.snapshot weakref".split()
)
PLAIN = frozenset({list, tuple, dict, set, frozenset, collections.deque, np.ndarray, CellType, FunctionType, MethodType})
STANDARD_STREAMS = ("<stdin>", "<stdout>", "<stderr>")


class Node:
    """One object reached, and how: its path is spelled out only when asked for."""

    __slots__ = ("object", "parent", "step", "cold")

    def __init__(self, obj: Any, parent: "Node | None", step: str, cold: bool) -> None:
        self.object, self.parent, self.step, self.cold = obj, parent, step, cold

    @property
    def path(self) -> str:
        """Such as "net.layers[1].w"."""
        steps: list[str] = []
        node: Node | None = self
        while node is not None:
            steps.append(node.step)
            node = node.parent
        return "".join(reversed(steps)).lstrip(".")


class Snapshot:
    """All mutable state reachable from the roots, as it is now.

    Parameters: roots, any objects (None is passed over); large, the number of bytes above which an array counts as data.
    Small state is always restored. Large arrays, and what lies in containers of more than LONG elements (a list of
    images, say), are restored only where a sample shows a change, or with everything=True.

    unrestorable: sentences naming what was met and cannot be put back (generators, open files, objects beyond the limit).
    """

    def __init__(self, roots: Iterable[object], large: int = LARGE) -> None:
        self.unrestorable: list[str] = []
        self._large = large
        self._hot: list[Record] = []  # always restored
        self._data: list[Record] = []  # each restored if its own sample has changed
        self._cold: list[Record] = []  # all restored if a sample of them has changed
        self._nodes: list[Node] = []
        for node in walk(roots):
            self._nodes.append(node)
            try:
                records = list(_records(node, self.unrestorable))
            except Exception as error:
                place = node.path or "an object"
                self.unrestorable.append(f"{place} is a {_type_name(node.object)} that cannot be copied ({error})")
                continue
            for record in records:
                if record.size > large:
                    self._data.append(record)
                else:
                    (self._cold if node.cold else self._hot).append(record)
        if len(self._nodes) >= NODES_LIMIT:
            self.unrestorable.append(f"objects beyond the first {NODES_LIMIT:,}")
        self._hot += list(_global_random_states())
        choice = np.random.default_rng(0).permutation(len(self._cold))[:SAMPLED_RECORDS]
        self._cold_sample = [self._cold[index] for index in choice]

    def restore(self, everything: bool = False) -> None:
        """Put all of it back, in place and to the bit.

        Raises CaseError, after everything else has been restored, if the program made something impossible to restore.
        """
        failures = []
        records = self._hot + [record for record in self._data if everything or record.changed()]
        if everything or any(record.changed() for record in self._cold_sample):
            records += self._cold
        for record in records:
            try:
                record.restore()
            except Exception as error:
                failures.append(f"{record.node.path} ({error})")
        if failures:
            raise CaseError(f"could not be put back as it was before the examination: {', '.join(failures)}")

    def changes(self) -> list[str]:
        """Paths of all state that differs from the snapshot now; compares everything, and so takes longer."""
        return [record.node.path for record in self._hot + self._data + self._cold if record.changed(thorough=True)]

    def arrays(self) -> list[tuple[str, np.ndarray]]:
        """(path, array) of the numeric arrays as they were found, live; see the function arrays."""
        return list(_numeric_arrays(self._nodes))


def arrays(roots: Iterable[object]) -> list[tuple[str, np.ndarray]]:
    """(path, array) of every numeric array reachable now, live, without taking a snapshot.

    PyTorch tensors in main memory come as NumPy views. Arrays inside containers of more than LONG elements are left out.
    """
    return list(_numeric_arrays(walk(roots)))


def _numeric_arrays(nodes: Iterable[Node]) -> Iterator[tuple[str, np.ndarray]]:
    torch = sys.modules.get("torch")
    for node in nodes:
        kind = type(node.object)
        if node.cold:
            continue
        if issubclass(kind, np.ndarray):
            if node.object.dtype.kind in "biufc":
                yield node.path, node.object
        elif torch is not None and issubclass(kind, torch.Tensor) and node.object.device.type == "cpu":
            if node.object.layout == torch.strided and node.object.dtype not in (torch.bfloat16,):
                yield node.path, node.object.detach().numpy()


# Walking


def walk(roots: Iterable[object]) -> Iterator[Node]:
    """Every object reachable from the roots once, nearest first; what lies in long containers last.

    Iterative, so that neither cycles nor depth matter.
    """
    hot: collections.deque[Node] = collections.deque()
    cold: collections.deque[Node] = collections.deque()
    seen: dict[int, Any] = {}  # by id; the objects are kept so that no id is used twice
    hot.extend(Node(root, None, _root_name(root), False) for root in roots if root is not None)
    while (hot or cold) and len(seen) < NODES_LIMIT:
        node = hot.popleft() if hot else cold.popleft()
        if id(node.object) in seen:
            continue
        seen[id(node.object)] = node.object
        yield node
        for step, child in children(node.object):
            kind = type(child)
            if kind in SCALARS or issubclass(kind, SCALAR_BASES) or id(child) in seen:
                continue
            is_cold = node.cold or step is _ELEMENT
            (cold if is_cold else hot).append(Node(child, node, "[…]" if step is _ELEMENT else step, is_cold))


_ELEMENT = "an element of a long container"


def _root_name(root: object) -> str:
    kind = type(root)
    if kind in (FunctionType, MethodType, BuiltinFunctionType, functools.partial):
        return ""
    return "" if kind in (list, tuple, dict) else f"{kind.__name__}"


def children(obj: Any) -> Iterator[tuple[str, Any]]:
    """(step of the path, object) for what an object refers to and a program could change through it."""
    kind = type(obj)
    if issubclass(kind, np.ndarray):
        if isinstance_of(obj.base, np.ndarray):
            yield "", obj.base
        if obj.dtype == object:
            yield from _elements(np.ndarray.view(obj, np.ndarray).ravel(order="K").tolist())
    elif issubclass(kind, (list, tuple, collections.deque)):
        base = next(b for b in (list, tuple, collections.deque) if issubclass(kind, b))
        yield from _elements(list(base.__iter__(obj)))
    elif issubclass(kind, (set, frozenset)):
        base = set if issubclass(kind, set) else frozenset
        yield from ((_ELEMENT if len(obj) > LONG else "{…}", child) for child in base.__iter__(obj))
    elif issubclass(kind, dict):
        long = dict.__len__(obj) > LONG
        for key, child in list(dict.items(obj)):
            yield (_ELEMENT if long else f"[{key!r}]" if type(key) in (str, int) else "[…]"), child
            if type(key) not in SCALARS:
                yield "[…]", key
    yield from _function_parts(obj, kind)
    yield from _attributes(obj, kind)


def isinstance_of(obj: Any, kind: type | tuple[type, ...]) -> bool:
    """isinstance without asking the object for its __class__."""
    return issubclass(type(obj), kind)


def _type_name(obj: Any) -> str:
    return str(type.__dict__["__name__"].__get__(type(obj)))


def _elements(values: list[Any]) -> Iterator[tuple[str, Any]]:
    if set(map(type, values)) <= SCALARS:
        return
    long = len(values) > LONG
    for index, child in enumerate(values):
        yield (_ELEMENT if long else f"[{index}]"), child


def _function_parts(obj: Any, kind: type) -> Iterator[tuple[str, Any]]:
    if kind is FunctionType:
        for name, cell in zip(obj.__code__.co_freevars, obj.__closure__ or (), strict=True):
            yield f".{name}", cell
        yield "", obj.__defaults__
        yield "", obj.__kwdefaults__
        yield from ((f".{name}", child) for name, child in list(obj.__dict__.items()))
        if is_user_namespace(obj.__globals__):
            for name in sorted(names_used(obj.__code__) & obj.__globals__.keys()):
                yield f".{name}", obj.__globals__[name]
    elif kind is CellType:
        content = _content(obj)
        if content is not MISSING:
            yield "", content
    elif kind is MethodType:
        yield ("", obj.__self__)
        yield ("", obj.__func__)
    elif issubclass(kind, functools.partial):
        get = functools.partial.__dict__
        for name in ("func", "args", "keywords"):
            yield "", get[name].__get__(obj)
    elif kind in (BuiltinFunctionType, MethodWrapperType):
        if not isinstance_of(obj.__self__, ModuleType):
            yield "", obj.__self__
    elif kind in (staticmethod, classmethod):
        yield "", obj.__func__
    elif issubclass(kind, property):
        for name in ("fget", "fset", "fdel"):
            yield "", property.__dict__[name].__get__(obj)
    elif kind is _LRU_CACHE:
        yield "", obj.__wrapped__
    elif issubclass(kind, np.random.Generator):
        yield "", obj.bit_generator


_LRU_CACHE = type(functools.lru_cache(maxsize=1)(lambda: None))


def _content(cell: CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:
        return MISSING


def _attributes(obj: Any, kind: type) -> Iterator[tuple[str, Any]]:
    if issubclass(kind, ModuleType):
        namespace = ModuleType.__dict__["__dict__"].__get__(obj)
        if is_user_namespace(namespace):
            yield from ((f".{name}", child) for name, child in list(namespace.items()) if not _is_dunder(name))
    elif issubclass(kind, type):
        if is_user_class(obj):
            for name, child in _class_attributes(obj).items():
                yield f".{name}", child
            yield from ((f".{base.__name__}", base) for base in obj.__mro__[1:])
    elif kind not in PLAIN and not _is_opaque(kind):
        namespace = instance_dict(obj)
        if namespace is not None:
            yield from ((f".{name}", child) for name, child in list(namespace.items()))
        for name, member in _slots(kind):
            child = _slot(obj, member)
            if child is not MISSING:
                yield f".{name}", child
        yield "", kind
        torch = sys.modules.get("torch")
        if torch is not None and issubclass(kind, torch.Tensor) and obj.is_leaf and obj.grad is not None:
            yield ".grad", obj.grad


def _is_dunder(name: object) -> bool:
    return isinstance_of(name, str) and str.startswith(name, "__") and str.endswith(name, "__")  # type: ignore[arg-type]


def _is_opaque(kind: type) -> bool:
    module = type.__dict__["__module__"].__get__(kind)
    return isinstance(module, str) and (module in OPAQUE or module.partition(".")[0] in OPAQUE)


def _class_attributes(cls: type) -> dict[str, Any]:
    own = type.__dict__["__dict__"].__get__(cls)
    descriptors = (GetSetDescriptorType, MemberDescriptorType)
    return {
        name: value
        for name, value in own.items()
        if not isinstance_of(value, descriptors) and (not _is_dunder(name) or type(value) is FunctionType)
    }


def instance_dict(obj: Any) -> dict[str, Any] | None:
    """The object's own __dict__, or None; never a property of that name."""
    descriptor = _dict_descriptor(type(obj))
    found = descriptor.__get__(obj) if descriptor is not None else None
    return found if isinstance_of(found, dict) else None


def _dict_descriptor(kind: type) -> Any:
    for base in kind.__mro__:
        descriptor = type.__dict__["__dict__"].__get__(base).get("__dict__")
        if type(descriptor) in (GetSetDescriptorType, MemberDescriptorType):
            return descriptor
    return None


def _slots(kind: type) -> tuple[tuple[str, Any], ...]:
    found = []
    for base in kind.__mro__:
        own = type.__dict__["__dict__"].__get__(base)
        if "__slots__" in own:
            found += [(name, member) for name, member in own.items() if type(member) is MemberDescriptorType]
    return tuple(found)


def _slot(obj: Any, member: Any) -> Any:
    try:
        return member.__get__(obj)
    except AttributeError:
        return MISSING


# Records: what one object held, how to see a change, how to undo it


class Record:
    """The saved state of one object; size is in bytes, for arrays and tensors."""

    size = 0

    def __init__(self, node: Node) -> None:
        self.node = node

    def changed(self, thorough: bool = False) -> bool:
        raise NotImplementedError

    def restore(self) -> None:
        raise NotImplementedError


def _same(now: Iterable[Any], saved: Iterable[Any]) -> bool:
    return all(map(lambda a, b: a is b, now, saved))


class SequenceContent(Record):
    """Elements of a list or deque, the very same objects."""

    def __init__(self, node: Node, base: type) -> None:
        super().__init__(node)
        self.object, self.base, self.saved = node.object, base, list(base.__iter__(node.object))  # type: ignore[attr-defined]

    def changed(self, thorough: bool = False) -> bool:
        now = list(self.base.__iter__(self.object))  # type: ignore[attr-defined]
        return len(now) != len(self.saved) or not _same(now, self.saved)

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
        self.base: Any = collections.OrderedDict if isinstance_of(content, collections.OrderedDict) else dict
        self.keys, self.values = list(self.base.keys(content)), list(self.base.values(content))

    def changed(self, thorough: bool = False) -> bool:
        return (
            len(self.keys) != dict.__len__(self.object)
            or not _same(self.base.values(self.object), self.values)
            or not _same(self.base.keys(self.object), self.keys)
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


class ArrayContent(Record):
    """Numbers (or references) of an array that owns its memory, its shape and its writeable flag."""

    def __init__(self, node: Node) -> None:
        super().__init__(node)
        self.object: np.ndarray = node.object
        plain = self._plain()
        self.size, self.shape, self.writeable = plain.nbytes, plain.shape, plain.flags.writeable
        self.saved = np.array(plain, copy=True, order="K", subok=False)
        self.places = np.random.default_rng(0).integers(0, max(plain.size, 1), min(plain.size, SAMPLED_NUMBERS))
        self.places.sort()
        self.sample = self._sample(plain)

    def _plain(self) -> np.ndarray:
        return self.object if type(self.object) is np.ndarray else np.ndarray.view(self.object, np.ndarray)

    def _sample(self, plain: np.ndarray) -> bytes:
        if self.size < SAMPLED_NUMBERS:
            return b""
        return (plain.ravel(order="K") if plain.flags.forc else plain.flat)[self.places].tobytes()

    def changed(self, thorough: bool = False) -> bool:
        plain = self._plain()
        if plain.shape != self.shape or plain.flags.writeable != self.writeable:
            return True
        if thorough or self.size < SAMPLED_NUMBERS:
            return not _same_bits(plain, self.saved)
        return self._sample(plain) != self.sample

    def restore(self) -> None:
        if self.object.shape != self.shape:
            if self.object.size != self.saved.size:
                self.object.resize(self.shape, refcheck=False)
            else:
                self.object.shape = self.shape
        plain = self._plain()
        if plain.flags.writeable:
            plain[...] = self.saved
        elif not _same_bits(plain, self.saved):
            self.object.flags.writeable = True
            self._plain()[...] = self.saved
        if self.object.flags.writeable != self.writeable:
            self.object.flags.writeable = self.writeable


def _same_bits(a: np.ndarray, b: np.ndarray) -> bool:
    if a.shape != b.shape or a.dtype != b.dtype:
        return False
    if a.dtype == object:
        return _same(a.ravel(order="C").tolist(), b.ravel(order="C").tolist())
    if a.dtype.char in "gG":  # the unused bytes of a long double are not numbers
        return bool(np.all((a == b) | ((a != a) & (b != b))))
    return a.tobytes() == b.tobytes()


class TensorContent(Record):
    """Numbers of a PyTorch tensor, the storage they lie in, its gradient's binding and requires_grad."""

    def __init__(self, node: Node) -> None:
        super().__init__(node)
        self.object = node.object
        self.data = self.object.data  # an alias of the storage: a program may bind .data to another one
        self.saved = self.data.clone()
        self.size = self.saved.numel() * self.saved.element_size()
        self.leaf = self.object.is_leaf
        self.grad = self.object.grad if self.leaf else None
        self.requires_grad = self.object.requires_grad
        torch = sys.modules["torch"]
        generator = np.random.default_rng(0)
        places = np.sort(generator.integers(0, max(self.saved.numel(), 1), min(self.saved.numel(), SAMPLED_NUMBERS)))
        self.places = torch.from_numpy(places).to(self.data.device)
        self.sample = self._numbers(self.data)

    def _numbers(self, data: Any, thorough: bool = False) -> bytes:
        flat = data.reshape(-1) if thorough or self.size < SAMPLED_NUMBERS else data.reshape(-1)[self.places]
        return flat.contiguous().view(sys.modules["torch"].uint8).cpu().numpy().tobytes()

    def changed(self, thorough: bool = False) -> bool:
        now = self.object.data
        if now.data_ptr() != self.data.data_ptr() or now.shape != self.data.shape:
            return True
        if self.leaf and (self.object.grad is not self.grad or self.object.requires_grad != self.requires_grad):
            return True
        if thorough:
            return self._numbers(now, True) != self._numbers(self.saved, True)
        return self._numbers(now) != self.sample

    def restore(self) -> None:
        if self.object.data.data_ptr() != self.data.data_ptr() or self.object.shape != self.data.shape:
            self.object.data = self.data
        self.data.copy_(self.saved)
        if self.leaf:
            if self.object.grad is not self.grad:
                self.object.grad = self.grad
            if self.object.requires_grad != self.requires_grad:
                self.object.requires_grad_(self.requires_grad)


class Copied(Record):
    """State that is read as a value and written back as one: random generators, byte and number buffers."""

    def __init__(self, node: Node, read: Callable[[], Any], write: Callable[[Any], None]) -> None:
        super().__init__(node)
        self.read, self.write, self.saved = read, write, read()

    def changed(self, thorough: bool = False) -> bool:
        return repr(self.read()) != repr(self.saved)

    def restore(self) -> None:
        self.write(self.saved)


def _records(node: Node, unrestorable: list[str]) -> Iterator[Record]:
    """The records of one object (none, if nothing in it can change)."""
    obj, kind = node.object, type(node.object)
    if issubclass(kind, np.ndarray):
        if not isinstance_of(obj.base, np.ndarray) and _can_change(obj):
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
            lambda name: _content(obj),
            lambda name, value: setattr(obj, name, value),
            lambda name: delattr(obj, name),
        )
    elif issubclass(kind, ModuleType):
        if is_user_namespace(vars(obj)):
            names = [name for name in vars(obj) if not _is_dunder(name)]
            yield _namespace_record(node, vars(obj), names)
    elif issubclass(kind, type):
        if is_user_class(obj):
            own = type.__dict__["__dict__"].__get__(obj)
            yield Bindings(
                node,
                _class_attributes(obj),
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
        base = bytearray if issubclass(kind, bytearray) else array.array
        everything = slice(None)
        yield Copied(node, lambda: base.__getitem__(obj, everything), lambda saved: base.__setitem__(obj, everything, saved))
    else:
        torch = sys.modules.get("torch")
        if torch is not None and issubclass(kind, torch.Tensor):
            yield TensorContent(node)
        elif torch is not None and issubclass(kind, torch.Generator):
            yield Copied(node, obj.get_state, obj.set_state)
        elif _is_builtin_iterator(kind):
            name = _type_name(obj)
            if str(getattr(obj, "name", "")) not in STANDARD_STREAMS:
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
    if kind in PLAIN or issubclass(kind, (type, ModuleType)) or _is_opaque(kind):
        return
    namespace = instance_dict(obj)
    if namespace is not None:
        descriptor = _dict_descriptor(kind)
        yield Bindings(
            node,
            ("__dict__",),
            lambda name: instance_dict(obj),
            lambda name, value: descriptor.__set__(obj, value),
            lambda name: None,
        )
        yield DictContent(node, namespace)
    members = dict(_slots(kind))
    if members:
        yield Bindings(
            node,
            members,
            lambda name: _slot(obj, members[name]),
            lambda name, value: members[name].__set__(obj, value),
            lambda name: members[name].__delete__(obj),
        )


def _is_builtin_iterator(kind: type) -> bool:
    owner = next((base for base in kind.__mro__ if "__next__" in type.__dict__["__dict__"].__get__(base)), None)
    return owner is not None and not owner.__flags__ & HEAP_TYPE


def _global_random_states() -> Iterator[Record]:
    yield Copied(Node(None, None, "np.random", False), lambda: np.random.get_state(legacy=False), np.random.set_state)
    yield Copied(Node(None, None, "random", False), random.getstate, random.setstate)
    torch = sys.modules.get("torch")
    if torch is not None:
        yield Copied(Node(None, None, "torch.random", False), torch.get_rng_state, torch.set_rng_state)
        if torch.cuda.is_available() and torch.cuda.is_initialized():
            yield Copied(Node(None, None, "torch.cuda", False), torch.cuda.get_rng_state_all, torch.cuda.set_rng_state_all)
