"""What a program can reach from an object: the walk over functions, instances, classes, modules and containers.

Functions lead to their closure cells, defaults and the globals they name in the user's own modules; instances to their
__dict__ and __slots__ and to their class, if it is the user's. No code of the user runs for it: attributes are read
through the slots of the interpreter, never through __getattr__, properties or __eq__.
"""

import collections
import functools
import sys
from collections.abc import Iterable, Iterator
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

from unstuck.sandbox.origin import is_user_class, is_user_namespace, names_used

MISSING = object()  # a name without a value
LONG = 512  # elements: what only longer containers hold is data rather than state
LARGE = 1 << 24  # bytes: larger arrays count as data
NODES_LIMIT = 2_000_000

SCALARS = frozenset(
    {int, float, complex, bool, str, bytes, range, slice, type(None), type(Ellipsis), type(NotImplemented)}
)
SCALAR_BASES = (int, float, complex, str, bytes, np.generic, np.dtype)
PLAIN = frozenset(
    {list, tuple, dict, set, frozenset, collections.deque, np.ndarray, CellType, FunctionType, MethodType}
)
# Modules whose instances are machinery and no state of a network.
OPAQUE = frozenset(
    {"_io", "asyncio", "concurrent", "ctypes", "importlib", "io", "logging", "matplotlib", "multiprocessing", "socket"}
    | {"subprocess", "threading", "tkinter", "weakref", "unstuck.sandbox.snapshot"}
)
_ELEMENT = "an element of a long container"
_LRU_CACHE = type(functools.lru_cache(maxsize=1)(lambda: None))


class Node:
    """One object reached, and how: its path is spelled out only when asked for."""

    __slots__ = ("cold", "object", "parent", "step")

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
        try:
            found = list(children(node.object))
            if node.cold and _is_small_part(node.object):
                found.append(("", node.object.base))
        except Exception:  # an object of a strange making: what it refers to stays unknown
            continue
        for step, child in found:
            kind = type(child)
            if kind in SCALARS or issubclass(kind, SCALAR_BASES) or id(child) in seen:
                continue
            is_cold = node.cold or step is _ELEMENT
            (cold if is_cold else hot).append(Node(child, node, "[…]" if step is _ELEMENT else step, is_cold))


def _root_name(root: object) -> str:
    kind = type(root)
    if kind in (FunctionType, MethodType, BuiltinFunctionType, functools.partial):
        return ""
    return "" if kind in (list, tuple, dict) else f"{kind.__name__}"


def children(obj: Any) -> Iterator[tuple[str, Any]]:
    """(step of the path, object) for what an object refers to and a program could change through it."""
    kind = type(obj)
    if issubclass(kind, np.ndarray):
        if is_kind(obj.base, np.ndarray) and not _is_small_part(obj):
            yield "", obj.base
        if obj.dtype == object:
            yield from _elements(np.ndarray.view(obj, np.ndarray).ravel(order="K").tolist())
    elif issubclass(kind, (list, tuple, collections.deque)):
        sequence: Any = next(base for base in (list, tuple, collections.deque) if issubclass(kind, base))
        yield from _elements(list(sequence.__iter__(obj)))
    elif issubclass(kind, (set, frozenset)):
        base: Any = set if issubclass(kind, set) else frozenset
        step = _ELEMENT if base.__len__(obj) > LONG else "{…}"
        yield from ((step, child) for child in list(base.__iter__(obj)))
    elif issubclass(kind, dict):
        long = dict.__len__(obj) > LONG
        for key, child in list(dict.items(obj)):
            yield (_ELEMENT if long else f"[{key!r}]" if type(key) in (str, int) else "[…]"), child
            if type(key) not in SCALARS:
                yield "[…]", key
    yield from _function_parts(obj, kind)
    yield from _attributes(obj, kind)


def _is_small_part(obj: Any) -> bool:
    """Whether an array shows a small part of a large one, which a program cannot change through it beyond that part."""
    return is_kind(obj, np.ndarray) and is_kind(obj.base, np.ndarray) and obj.base.nbytes > LARGE >= obj.nbytes


def is_kind(obj: Any, kind: type | tuple[type, ...]) -> bool:
    """isinstance without asking the object for its __class__."""
    return issubclass(type(obj), kind)


def type_name(obj: Any) -> str:
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
        found = content(obj)
        if found is not MISSING:
            yield "", found
    elif kind is MethodType:
        yield ("", obj.__self__)
        yield ("", obj.__func__)
    elif issubclass(kind, functools.partial):
        for name in ("func", "args", "keywords"):
            yield "", functools.partial.__dict__[name].__get__(obj)
    elif kind in (BuiltinFunctionType, MethodWrapperType):
        if not is_kind(obj.__self__, ModuleType):
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


def content(cell: CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:
        return MISSING


def _attributes(obj: Any, kind: type) -> Iterator[tuple[str, Any]]:
    if issubclass(kind, ModuleType):
        namespace = vars(obj)
        if is_user_namespace(namespace):
            yield from ((f".{name}", child) for name, child in list(namespace.items()) if not is_dunder(name))
    elif issubclass(kind, type):
        if is_user_class(obj):
            for name, child in class_attributes(obj).items():
                yield f".{name}", child
            yield from ((f".{base.__name__}", base) for base in obj.__mro__[1:])
    elif kind not in PLAIN and not is_opaque(kind):
        namespace = instance_dict(obj)
        if namespace is not None:
            yield from ((f".{name}", child) for name, child in list(namespace.items()))
        for name, member in slots(kind):
            child = slot(obj, member)
            if child is not MISSING:
                yield f".{name}", child
        yield "", kind
        torch = sys.modules.get("torch")
        if torch is not None and issubclass(kind, torch.Tensor) and obj.is_leaf and obj.grad is not None:
            yield ".grad", obj.grad


def is_dunder(name: object) -> bool:
    return is_kind(name, str) and str.startswith(name, "__") and str.endswith(name, "__")  # type: ignore[arg-type]


def is_opaque(kind: type) -> bool:
    module = type.__dict__["__module__"].__get__(kind)
    return isinstance(module, str) and (module in OPAQUE or module.partition(".")[0] in OPAQUE)


def class_attributes(cls: type) -> dict[str, Any]:
    own = type.__dict__["__dict__"].__get__(cls)
    descriptors = (GetSetDescriptorType, MemberDescriptorType)
    return {
        name: value
        for name, value in own.items()
        if not is_kind(value, descriptors) and (not is_dunder(name) or type(value) is FunctionType)
    }


def instance_dict(obj: Any) -> dict[str, Any] | None:
    """The object's own __dict__, or None; never a property of that name."""
    descriptor = dict_descriptor(type(obj))
    found = descriptor.__get__(obj) if descriptor is not None else None
    return found if is_kind(found, dict) else None


def dict_descriptor(kind: type) -> Any:
    for base in kind.__mro__:
        descriptor = type.__dict__["__dict__"].__get__(base).get("__dict__")
        if type(descriptor) in (GetSetDescriptorType, MemberDescriptorType):
            return descriptor
    return None


def slots(kind: type) -> tuple[tuple[str, Any], ...]:
    found = []
    for base in kind.__mro__:
        own = type.__dict__["__dict__"].__get__(base)
        if "__slots__" in own:
            found += [(name, member) for name, member in own.items() if type(member) is MemberDescriptorType]
    return tuple(found)


def slot(obj: Any, member: Any) -> Any:
    try:
        return member.__get__(obj)
    except AttributeError:
        return MISSING
