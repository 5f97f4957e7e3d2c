"""Source forms of faults in the gradients of weights and biases."""

import ast

from unstuck.diagnosis.source.deltas import BACKWARD
from unstuck.diagnosis.source.expressions import (
    BIASES,
    CHANGES,
    ERRORS,
    called,
    calls,
    gradient_products,
    is_bias,
    mentions,
    own_name,
)
from unstuck.diagnosis.source.outputs import axis_of, is_builtin
from unstuck.diagnosis.source.reading import Matches, Source


def bias_summed_to_one_number(source: Source) -> Matches:
    """B08: np.sum without an axis, or np.mean, in a bias gradient."""
    found: Matches = []
    for unit in source.behind(*BACKWARD):
        for a in unit.assignments:
            if is_bias(a.target):
                for total in calls(a.value, "sum", "mean"):
                    if not is_builtin(total) and axis_of(total) is None:
                        found.append((unit, total))
    return found


def bias_gradient(source: Source) -> Matches:
    """B08: the one statement that computes a bias gradient."""
    found: Matches = []
    for unit in source.behind(*BACKWARD):
        for a in unit.assignments:
            named = BIASES.search(own_name(a.target)) and CHANGES.search(own_name(a.target))
            if named and not any(calls(a.value, "zeros", "zeros_like")) and mentions(a.value, ERRORS):
                found.append((unit, a.node))
    return found if len(found) == 1 else []


def only_weight_gradient(source: Source) -> Matches:
    """B15, B17: the one product that makes a weight gradient."""
    found: Matches = [(unit, p[0]) for unit in source.behind(*BACKWARD) for p in gradient_products(unit, source)]
    return found if len(found) == 1 else []


def product_of_two_vectors(source: Source) -> Matches:
    """B16: np.dot of two vectors, neither made a column, where an outer product was meant."""
    found: Matches = []
    for unit in source.behind(*BACKWARD):
        for node, _, _ in gradient_products(unit, source):
            turned = any(
                (isinstance(part, ast.Attribute) and part.attr == "T")
                or called(part) in ("transpose", "reshape", "newaxis", "atleast_2d", "expand_dims")
                or (isinstance(part, ast.Constant) and part.value is None)
                for part in ast.walk(node)
            )  # fmt: skip
            if called(node) in ("dot", "inner", "vdot") and not turned:
                found.append((unit, node))
    return found
