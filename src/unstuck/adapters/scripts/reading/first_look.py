"""What a recording tells as soon as one update of it was seen: the network in one line, before anything is run again.

The layers follow from the shapes of the weights where they first meet a value, and an activation is known by its
numbers: an array that equals sigmoid(z) is one, however the script wrote it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from unstuck.adapters.scripts.reading.examples import without_repeats
from unstuck.adapters.scripts.reading.parameters import Chain, shown
from unstuck.adapters.scripts.reading.rates import learning_rate
from unstuck.adapters.scripts.reading.update import Meeting, Update, read_update
from unstuck.adapters.scripts.recording.hooks import Place
from unstuck.adapters.scripts.recording.recording import Recording
from unstuck.autodiff.families import ADDING, MATRIX_PRODUCTS
from unstuck.autodiff.tape import Node
from unstuck.nn.activations import ACTIVATIONS

Array = np.ndarray
Activate = Callable[[Array], Array]
KNOWN = ("sigmoid", "tanh", "relu", "softmax")
FEW = 50  # examples whose numbers are compared with what an activation would make of them
CLOSE = 1e-9  # relative: how closely numbers are an activation's; another one differs in the first digits


def first_look(recording: Recording, chains: list[Chain]) -> dict[str, Any] | None:
    """What is known after the first update: `what` in words, and the first and last `line` of the update; None where
    there was none."""
    try:
        return _looked_at(recording, chains)
    except (IndexError, AttributeError, TypeError, ValueError):  # an unforeseen program costs the line alone
        return None


def _looked_at(recording: Recording, chains: list[Chain]) -> dict[str, Any] | None:
    update = read_update(recording, chains, 1)
    if update is None:
        return None
    lines = [chain.changes[0].site.line for chain in chains if chain.changes[0].site]
    parts = [network(update, chains), batch(update.inputs), rate(chains, update, recording.places)]
    words = ", ".join(part for part in parts if part)
    return {"what": words, "line": min(lines, default=None), "to_line": max(lines, default=None)}


def network(update: Update, chains: list[Chain]) -> str:
    """`784-16-10, relu then softmax`; where the weights make no chain of layers, how many numbers are learnt."""
    products = list(_forward_products(update, chains))
    sizes = _sizes([shape for _, shape, _ in products])
    if sizes is None:
        count = sum(int(np.size(chain.root.value)) for chain in chains)
        return (
            f"{count:,} number{'s' if count != 1 else ''} in {len(chains):,} parameter{'s' if len(chains) > 1 else ''}"
        )
    found = [activation(update, product, rows) for product, _, rows in products]
    named = " then ".join(dict.fromkeys(name for name in found if name))
    return "-".join(map(str, sizes)) + (f", {named}" if named else "")


def batch(inputs: Meeting | None) -> str:
    """How many examples the first update took."""
    count = None if inputs is None else examples_of(inputs)
    if count is None:
        return ""
    return "one example at a time" if count == 1 else f"batches of {count:,}"


def examples_of(inputs: Meeting) -> int | None:
    """The number of examples that met the first weights; None where they are single numbers."""
    shapes = [np.shape(value) for value in inputs.values]
    if len(set(shapes)) != 1 or not shapes[0]:
        return None
    if len(shapes[0]) == 1:
        return len(without_repeats([np.asarray(value) for value in inputs.values]))
    return shapes[0][0] if inputs.position == 0 else shapes[0][-1]


def rate(chains: list[Chain], update: Update, places: list[Place]) -> str:
    """The number that the gradient is multiplied by, if it is one number."""
    found = learning_rate(chains, places, None if update.inputs is None else examples_of(update.inputs))
    return "" if found is None else f"rate {found:.4g}"


def _forward_products(update: Update, chains: list[Chain]) -> Iterator[tuple[Node, tuple[int, int], bool]]:
    """The first product of each matrix of weights, with the numbers of its inputs and outputs there, and whether
    examples are rows."""
    roots = {chain.root.number for chain in chains if np.ndim(chain.root.value) == 2}
    seen: set[int] = set()
    for node in update.nodes:
        if node.op not in MATRIX_PRODUCTS or len(node.args) < 2:
            continue
        for position, argument in enumerate(node.args[:2]):
            root = shown(argument).number if isinstance(argument, Node) else None
            if root not in roots or root in seen or not isinstance(argument, Node):
                continue
            shape = np.shape(argument.value)
            if len(shape) == 2:
                seen.add(root)
                yield node, (shape[0], shape[1]) if position == 1 else (shape[1], shape[0]), position == 1


def _sizes(shapes: list[tuple[int, int]]) -> list[int] | None:
    """The widths of the layers, where each takes what the one before it gives (perhaps with a one for the bias)."""
    if not shapes:
        return None
    sizes = list(shapes[0])
    for inputs, outputs in shapes[1:]:
        if inputs not in (sizes[-1], sizes[-1] + 1):
            return None
        sizes.append(outputs)
    return sizes


def activation(update: Update, product: Node, rows: bool) -> str | None:
    """What is applied to the sums that begin with this product, if its numbers are those of a usual activation; of the
    examples, which are rows or columns, the first few are looked at."""
    shape = np.shape(product.value)
    added = [node for node in update.nodes if node.op in ADDING and any(each is product for each in node.args)]
    sums = next((node for node in added if np.shape(node.value) == shape), product)
    z = _few(sums.value, rows)
    if z.size < 2 or z.dtype.kind != "f" or not z.strides[-1]:
        return None
    with np.errstate(all="ignore"):
        made = [(name, form(ACTIVATIONS[name].value)) for name in KNOWN for form in (_rows(z), _columns(z))]
    expected = [(name, array) for name, array in made if not _equal(z, array)]
    for node in update.nodes:
        if node.number > sums.number and np.shape(node.value) == shape:
            name = next((name for name, array in expected if _equal(_few(node.value, rows), array)), None)
            if name is not None:
                return name
    return None


def _few(value: Any, rows: bool) -> Array:
    array = np.asarray(value)
    return array if array.ndim < 2 else array[:FEW] if rows else array[:, :FEW]


def _rows(z: Array) -> Callable[[Activate], Array]:
    return lambda activate: activate(np.atleast_2d(z)).reshape(z.shape)


def _columns(z: Array) -> Callable[[Activate], Array]:
    return lambda activate: activate(np.atleast_2d(z.T)).T.reshape(z.shape)


def _equal(a: Array, b: Array) -> bool:
    return a.dtype.kind == "f" and np.allclose(a, b, rtol=CLOSE if a.dtype == np.float64 else 1e-4, atol=0)
