"""A recording of a program's arithmetic: every operation with its arguments, its result and its place in the source.

The convention between who records and who differentiates:

- *One node, one value.* An operation that was carried out is a Node; its arguments are constants, other nodes, or
  tuples, lists, slices and dicts in which nodes stand. Values of no interest may stand as constants, without a node.
- *Leaves.* A value that comes from outside (drawn at random, loaded, typed in) is a node with `op = LEAF` and
  `args = ()`. Who made it may stand in its `site`.
- *Operations.* `op` is what was called: a NumPy function (`np.dot`), a ufunc (`np.add`) or its bound method
  (`np.add.reduce`, `np.add.at`), an unbound method of arrays (`np.ndarray.sum`; NumPy's scalars count as arrays), a
  function of `operator` for Python's operators (`operator.add`, `operator.getitem`, `operator.matmul`, …), of `math`,
  or a builtin (`abs`, `sum`, `max`, `min`, `pow`, `float`). `x.T` is `np.transpose`. A function of the program's own is
  no operation: what it does is recorded, and its calls are in `stack`.
- *Several results.* Where the value is a tuple or a list (`np.split`, `np.linalg.svd`), each part that is used is a
  node `operator.getitem(node, i)`.
- *Writing in place* is a node too, in functional form: its first argument is the node of the old version and its value
  is the whole new version. `a[i] = v` is `writes.assigned(a, i, v)`; `a += d` is `operator.iadd(a, d)`; `a[i] += d` is
  three nodes, as Python does it: getitem, iadd, assigned; `np.add.at(a, i, v)`, `a.fill(v)`, `a.sort()`, `np.copyto`,
  `np.put`, … keep their function, with the old version as first argument; `np.exp(x, out=a)` is `np.exp(x)` followed by
  `writes.overwritten(a, result)`.
- *Views.* A view `v` of `a` that is read after `a` was written is `writes.read_window(a_new, window)`; writing through
  `v` first makes the new version of `v` and then `writes.write_window(a, window, v_new)`, the new version of `a`. Where
  the view is the plain subscript that is just being written, `assigned` says the same.
- *Values* are those at the time of the operation: where the program overwrites an array later, the node has a copy.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True, slots=True)
class Site:
    """The place of one expression in the source; lines and columns count from 1, the end column is exclusive."""

    file: str
    line: int
    column: int
    end_line: int
    end_column: int
    text: str  # the expression as written

    @property
    def key(self) -> tuple[str, int, int, int, int]:
        """What tells one expression from all others."""
        return self.file, self.line, self.column, self.end_line, self.end_column

    @property
    def in_one_line(self) -> str:
        """The expression as written, with single spaces for the ends of its lines."""
        return " ".join(self.text.split())


def LEAF() -> None:
    """Stands as `op` for a value that comes from outside; never called."""
    raise AssertionError("a leaf is no operation")


@dataclass(eq=False, slots=True)
class Node:
    """One operation that was carried out."""

    number: int  # the order of making: arguments have smaller numbers
    op: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    value: Any  # the result as it was when made
    site: Site | None = None  # the expression
    stack: tuple[Site, ...] = ()  # the calls of the program's own functions on the way there: outermost first
    _parents: tuple["Node", ...] | None = field(default=None, init=False)  # once they were asked for

    @property
    def is_leaf(self) -> bool:
        """Whether the value comes from outside."""
        return self.op is LEAF

    def parents(self) -> tuple["Node", ...]:
        """The nodes among the arguments, in order, once for each time they stand there."""
        if self._parents is None:
            self._parents = (*nodes_in(self.args), *nodes_in(self.kwargs))
        return self._parents

    def __repr__(self) -> str:
        shape = getattr(self.value, "shape", None)
        what = "" if shape is None else f" {shape}"
        place = "" if self.site is None else f" line {self.site.line}: {self.site.text}"
        return f"<{self.number} {getattr(self.op, '__name__', self.op)}{what}{place}>"


@dataclass(slots=True)
class Tape:
    """The nodes in the order of making; `nodes[i].number == i`."""

    nodes: list[Node] = field(default_factory=list)

    def add(
        self,
        op: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        value: Any,
        place: tuple[Site | None, tuple[Site, ...]] = (None, ()),
    ) -> Node:
        """Append an operation; `place` is the site of its expression and the stack of calls. Returns its node."""
        node = Node(len(self.nodes), op, args, kwargs, value, *place)
        self.nodes.append(node)
        return node

    def leaf(self, value: Any, place: tuple[Site | None, tuple[Site, ...]] = (None, ())) -> Node:
        """Append a value from outside."""
        return self.add(LEAF, (), {}, value, place)

    def __len__(self) -> int:
        return len(self.nodes)

    def __iter__(self) -> Iterator[Node]:
        return iter(self.nodes)

    def uses(self) -> list[list[Node]]:
        """For every node, by number, the nodes that take it as an argument."""
        users: list[list[Node]] = [[] for _ in self.nodes]
        for node in self.nodes:
            for parent in node.parents():
                if not users[parent.number] or users[parent.number][-1] is not node:
                    users[parent.number].append(node)
        return users


def nodes_in(argument: Any) -> Iterator[Node]:
    """The nodes in an argument, through tuples, lists, dicts and slices, in order."""
    if isinstance(argument, Node):
        yield argument
    elif isinstance(argument, tuple | list):
        for part in argument:
            yield from nodes_in(part)
    elif isinstance(argument, dict):
        for part in argument.values():
            yield from nodes_in(part)
    elif isinstance(argument, slice):
        yield from nodes_in((argument.start, argument.stop, argument.step))


def value_in(argument: Any) -> Any:
    """What an argument stands for: the value of a node, anything else as it is."""
    return argument.value if isinstance(argument, Node) else argument


def is_made_of_zeros(argument: Any) -> bool:
    """Whether an argument is an array of zeros that the program itself made."""
    made = isinstance(argument, Node) and argument.op is LEAF and "made" in argument.kwargs
    return made and np.size(argument.value) > 1 and not np.any(argument.value)


def filled(argument: Any, value_of: Callable[[Node], Any]) -> Any:
    """The argument with a value in the place of each node."""
    if isinstance(argument, Node):
        return value_of(argument)
    if type(argument) in (tuple, list):
        return type(argument)([filled(part, value_of) for part in argument])
    if isinstance(argument, dict):
        return {key: filled(part, value_of) for key, part in argument.items()}
    if isinstance(argument, slice):
        return slice(*[filled(part, value_of) for part in (argument.start, argument.stop, argument.step)])
    return argument
