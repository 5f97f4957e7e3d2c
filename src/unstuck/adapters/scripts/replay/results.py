"""Names that a script gives to what comes out of its training, which they do not hold yet while it trains."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any

from unstuck.adapters.scripts.replay.counted import training_functions
from unstuck.adapters.scripts.text.names_in_source import last_name


def with_results(tree: ast.Module, loop_line: int, scope: Mapping[str, Any]) -> dict[str, Any]:
    """A scope completed by what a script will call the results of its training.

    `net = Network().fit(x, t)` and `net = Network(x, t)` are the object that trains; `w, b = train(x, t)` are the
    variables that `train` returns, where the loop stands in it.
    """
    training = training_functions(tree, loop_line)
    functions = {node.name: node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    classes = [node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    found: dict[str, Any] = {}
    for statement in ast.walk(tree):
        if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Call):
            called = last_name(statement.value.func)
            if called in classes and "__init__" in training:
                returned = ["self"]
            else:
                returned = _returned(functions[called]) if called in training else []
            for target in statement.targets:
                names = _names(target)
                if names and len(names) == len(returned):
                    found.update({name: scope[its] for name, its in zip(names, returned) if its in scope})
    return {**found, **scope}


def _returned(function: ast.FunctionDef) -> list[str]:
    """The variables that the last return of a function gives back, in their order."""
    returns = [node.value for node in ast.walk(function) if isinstance(node, ast.Return) and node.value is not None]
    return _names(returns[-1]) if returns else []


def _names(node: ast.expr) -> list[str]:
    """The names in a name or a tuple of them; none of anything else."""
    parts = node.elts if isinstance(node, ast.Tuple) else [node]
    names = [part.id for part in parts if isinstance(part, ast.Name)]
    return names if len(names) == len(parts) else []
