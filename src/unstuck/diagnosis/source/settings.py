"""Source forms of faults in the update, the initial weights and the settings of the training."""

import ast
import re
from collections.abc import Callable, Iterator

from unstuck.diagnosis.source.deltas import BACKWARD, updates_of
from unstuck.diagnosis.source.expressions import (
    CHANGES,
    RATES,
    argument,
    binary,
    called,
    calls,
    is_adapter,
    is_bias,
    is_weight,
    mentions,
    number,
    own_name,
)
from unstuck.diagnosis.source.reading import Assignment, Matches, Source, Unit

MOMENTA = re.compile(r"moment|^mu$|^beta\d?$|^gamma$|inertia", re.I)
EPOCHS = re.compile(r"epoch|^n_?iter|iterations?$|max_?iter|n_?steps|^steps$|passes", re.I)
DECAYS = re.compile(r"^lam|lambda|lmbda|^reg|decay|^l2", re.I)
UNIFORM = ("rand", "random", "random_sample", "ranf", "uniform")
NORMAL = ("randn", "normal", "standard_normal")


# Update


def momentum_term(source: Source) -> Matches:
    """U03, U04: the update that names a momentum."""
    return [
        (unit, a.node)
        for unit in source.behind(*BACKWARD)
        for a in updates_of(unit) + [a for a in unit.assignments if CHANGES.search(own_name(a.target))]
        if not isinstance(a.value, ast.Constant)
        and mentions(a.value, MOMENTA)
        and binary(a.value, ast.Add, ast.Sub, ast.Mult)
    ]


def accumulator_not_cleared(source: Source) -> Matches:
    """U02: sums = template, both names for one object; or PyTorch's backward() without zero_grad()."""
    units = source.behind(*BACKWARD)
    summed = {own_name(a.target) for unit in units for a in unit.assignments if a.operator is ast.Add}
    found: Matches = []
    for unit in units:
        for a in unit.assignments:
            renamed = isinstance(a.node, ast.Assign) and isinstance(a.value, ast.Attribute)
            if renamed and own_name(a.target) in summed and re.search(r"zero|template|empty|init", own_name(a.value)):
                found.append((unit, a.node))
    if found or any(called(node) == "zero_grad" for unit in units for node in unit.nodes):
        return found
    return [
        (unit, n)
        for unit in units
        for n in unit.nodes
        if called(n) == "backward" and isinstance(n, ast.Call) and not n.args and not _is_super(n)
    ]


def _is_super(node: ast.AST) -> bool:
    return any(calls(node, "super"))


def accumulator_scaled(source: Source) -> Matches:
    """U14, B09: sums *= rate."""
    return [
        (unit, a.node)
        for unit in source.behind(*BACKWARD)
        for a in unit.assignments
        if a.operator is ast.Mult
        and CHANGES.search(own_name(a.target))
        and mentions(a.value, re.compile(r"rate|^lr$|eta|alpha", re.I))
    ]


def only_weight_update(source: Source) -> Matches:
    """B09: the one statement that changes weights."""
    found = [
        (unit, a.node) for unit in source.behind(*BACKWARD) for a in updates_of(unit) if is_weight(a.target, source)
    ]
    return found if len(found) == 1 else []


def loop_variable_rebound(source: Source) -> Matches:
    """U05: for w in weights: w = w - step."""
    found: Matches = []
    for unit in source.behind(*BACKWARD):
        for loop in unit.nodes:
            if isinstance(loop, ast.For):
                names = {n.id for n in ast.walk(loop.target) if isinstance(n, ast.Name)}
                inside = set(ast.walk(loop))
                for a in updates_of(unit):
                    if (
                        a.node in inside
                        and a.operator is None
                        and isinstance(a.target, ast.Name)
                        and a.target.id in names
                    ):
                        found.append((unit, a.node))
    return found


def rebound_bias(source: Source) -> Matches:
    """U18: b = b - step, which takes the shape of the step; in place it could not."""
    return [
        (unit, a.node)
        for unit in source.behind(*BACKWARD)
        for a in updates_of(unit)
        if a.operator is None and is_bias(a.target)
    ]


# Initial weights


def _initial(source: Source) -> Iterator[tuple[Unit, Assignment]]:
    """Assignments to weights; what an initialising function returns counts as one."""
    for unit in source.behind("build") or source.units:
        for a in unit.assignments:
            if a.operator is None and is_weight(a.target, source):
                yield unit, a
        if re.search(r"init|weight", unit.name, re.I) and not unit.name.startswith("__"):
            for node in unit.nodes:
                if isinstance(node, ast.Return) and node.value is not None:
                    yield unit, Assignment(unit.name, node.value, node)


def constant_weights(source: Source) -> Matches:
    """A01: weights from np.zeros, np.ones or np.full."""
    return [
        (unit, call)
        for unit, a in _initial(source)
        for call in calls(a.value, "zeros", "ones", "full", "zeros_like", "ones_like", "constant_")
    ]


def uncentred_weights(source: Source) -> Matches:
    """A05: weights from a uniform distribution over positive numbers, nothing subtracted."""
    found = []
    for unit, a in _initial(source):
        for call in calls(a.value, *UNIFORM):
            low = argument(call, "low", 0) if called(call) == "uniform" else None
            lowest = 0.0 if low is None else number(low)
            if lowest is None or lowest < 0:
                continue
            around = [node for node in ast.walk(a.value) if call in set(ast.walk(node))]
            if not any(binary(node, ast.Sub) or isinstance(node, ast.Compare) for node in around):
                found.append((unit, call))
    return found


def unscaled_normal_weights(source: Source) -> Matches:
    """A02, A07: weights from a standard normal distribution, with no factor."""
    found = []
    for unit, a in _initial(source):
        for call in calls(a.value, *NORMAL):
            scale = argument(call, "scale", 1) if called(call) == "normal" else None
            around = [node for node in ast.walk(a.value) if call in set(ast.walk(node)) and node is not call]
            if not any(binary(node, ast.Mult, ast.Div) for node in around) and (scale is None or number(scale) == 1):
                found.append((unit, call))
    return found


def tiny_weights(source: Source) -> Matches:
    """A06: random weights times a small number."""
    return _tiny(source, *NORMAL, *UNIFORM)


def tiny_uniform_weights(source: Source) -> Matches:
    """A01: uniform weights times a small number: nearly one number everywhere, if they are not centred."""
    return _tiny(source, *UNIFORM)


def _tiny(source: Source, *distributions: str) -> Matches:
    found: Matches = []
    for unit, a in _initial(source):
        for call in calls(a.value, *distributions):
            for node in ast.walk(a.value):
                if isinstance(node, ast.BinOp) and call in set(ast.walk(node)):
                    sides = [number(node.left), number(node.right)]
                    small = isinstance(node.op, ast.Mult) and any(s is not None and abs(s) <= 0.05 for s in sides)
                    if small or (isinstance(node.op, ast.Div) and (number(node.right) or 0) >= 20):
                        found.append((unit, call))
    return found


def integer_weights(source: Source) -> Matches:
    """U06: weights with an integer type."""
    found = []
    for unit, a in _initial(source):
        for node in ast.walk(a.value):
            if isinstance(node, ast.Call):
                kind = argument(node, "dtype") or (node.args[0] if called(node) == "astype" and node.args else None)
                if called(node) == "randint" or (kind is not None and re.search(r"\bu?int", ast.unparse(kind))):
                    found.append((unit, node))
    return found


def layer_sizes(source: Source) -> Matches:
    """A08: the literal list of layer sizes."""
    n_inputs = source.case.x.shape[-1] if getattr(source.case.x, "ndim", 0) == 2 else None
    return [
        (unit, node)
        for unit in source.behind("build") or source.units
        for node in unit.nodes
        if isinstance(node, ast.List | ast.Tuple) and len(node.elts) >= 3 and n_inputs is not None
        and all(number(e) is not None for e in node.elts) and number(node.elts[0]) == n_inputs
    ]  # fmt: skip


# Settings


def learning_rate(source: Source) -> Matches:
    """U07, U08: the literal learning rate."""
    believed = source.case.learning_rate
    return _literal(source, RATES, lambda value: _near(value, believed)) or _only_number(source, believed)


def epochs(source: Source) -> Matches:
    """U09: the literal number of epochs or iterations; it fits the number of updates, if that is known."""
    updates, batch = source.case.updates, source.case.batch_size or 1
    per_epoch = len(source.case.x) / batch

    def fits(value: float) -> bool:
        return updates is None or _near(value, updates) or abs(value * per_epoch - updates) <= value

    return _literal(source, EPOCHS, fits)


def weight_decay(source: Source) -> Matches:
    """U10: the literal coefficient of the weight decay."""
    return _literal(source, DECAYS, lambda value: _near(value, source.case.l2))


def _near(value: float, believed: float | None) -> bool:
    return believed is None or abs(value - believed) <= 1e-9 * abs(believed)


def _literal(source: Source, name: re.Pattern[str], fits: Callable[[float], bool]) -> Matches:
    """Where a named setting gets its number: in a call before an assignment, in an assignment before a default.

    Last of all where the Case is put together: there the number often serves the examination only.
    """
    groups: tuple[Matches, ...] = ([], [], [], [])
    for unit in source.behind("train", "step", "build"):
        beliefs = {k.value for node in unit.nodes if called(node) == "Case" for k in node.keywords}
        for a in unit.assignments:
            given = number(a.value)
            if given is None or a.node in beliefs or not name.search(own_name(a.target)) or not fits(given):
                continue
            parent = unit.parents.get(a.node)
            kind = 0 if isinstance(parent, ast.keyword) else 2 if isinstance(parent, ast.arguments) else 1
            groups[3 if is_adapter(unit) else kind].append((unit, a.node))
    return next((group for group in groups if group), [])


def _only_number(source: Source, value: float | None) -> Matches:
    """The one place in the live code where this very number is handed to a call."""
    found: Matches = []
    for unit in source.behind("train", "step"):
        for node in unit.nodes:
            if isinstance(node, ast.Call) and not is_adapter(unit) and value not in (None, 0, 1, 2, 10):
                found += [(unit, argument) for argument in node.args if number(argument) == value]
    return found if len(found) == 1 else []
