"""Mutants of backward passes: one small change of one line between `# --- backward` and `# --- update`."""

import ast
import random
from collections.abc import Iterator
from dataclasses import dataclass

SWAPPED = {ast.Add: "-", ast.Sub: "+", ast.Mult: "/", ast.Div: "*"}
TURNED = {ast.Gt: "<", ast.Lt: ">", ast.Eq: "!="}


@dataclass(frozen=True)
class Mutant:
    """A changed program."""

    line: int
    kind: str
    before: str
    after: str
    text: str  # the whole program


def mutants(source: str, most: int, seed: int = 0) -> list[Mutant]:
    """At most so many different mutants of a program, drawn evenly over lines and kinds."""
    everything = list(dict.fromkeys(_all(source)))
    generator = random.Random(seed)
    generator.shuffle(everything)
    taken: list[Mutant] = []
    counts: dict[tuple[int, str], int] = {}
    while everything and len(taken) < most:
        best = min(everything, key=lambda m: (counts.get((m.line, ""), 0), counts.get((0, m.kind), 0)))
        everything.remove(best)
        taken.append(best)
        for key in ((best.line, ""), (0, best.kind)):
            counts[key] = counts.get(key, 0) + 1
    return taken


def backward_lines(source: str) -> set[int]:
    """The numbers of the lines of the backward pass."""
    inside, found = False, set()
    for number, line in enumerate(source.splitlines(), 1):
        if "# --- backward" in line:
            inside = True
        elif "# --- update" in line:
            inside = False
        elif inside and line.strip():
            found.add(number)
    return found


def _all(source: str) -> Iterator[Mutant]:
    lines = backward_lines(source)
    tree = ast.parse(source)
    names = sorted(
        {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load) and n.lineno in lines}
        - {"np", "math", "range", "reversed", "zip", "len", "enumerate", "self", "print", "list", "sum"}
    )
    called = {n.func.id for n in ast.walk(tree) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)}
    for node in ast.walk(tree):
        if getattr(node, "lineno", 0) in lines and getattr(node, "end_lineno", 0) == getattr(node, "lineno", 0):
            for kind, after in _changes(node, source, [name for name in names if name not in called]):
                text = _replaced(source, node, after)
                if text is not None:
                    yield Mutant(node.lineno, kind, ast.get_source_segment(source, node) or "", after, text)


def _changes(node: ast.AST, source: str, names: list[str]) -> Iterator[tuple[str, str]]:
    def of(part: ast.AST) -> str:
        return ast.get_source_segment(source, part) or ""

    if isinstance(node, ast.BinOp):
        left, right = of(node.left), of(node.right)
        if type(node.op) in SWAPPED:
            yield "operator", f"({left} {SWAPPED[type(node.op)]} {right})"
        if isinstance(node.op, ast.Mult | ast.Add | ast.Sub | ast.Div):
            kind = "term dropped" if isinstance(node.op, ast.Add | ast.Sub) else "factor dropped"
            yield kind, left
            if not isinstance(node.op, ast.Div):
                yield kind, right
        if isinstance(node.op, ast.MatMult):
            yield "operands swapped", f"({right} @ {left})"
        if isinstance(node.op, ast.Pow):
            yield "exponent", f"({left})"
            yield "exponent", f"({left} ** 3)"
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and not isinstance(node.operand, ast.Constant):
        yield "sign", of(node.operand)
    elif isinstance(node, ast.Attribute) and node.attr == "T":
        yield "transpose dropped", of(node.value)
    elif isinstance(node, ast.Compare) and type(node.ops[0]) in TURNED:
        yield "comparison", f"({of(node.left)} {TURNED[type(node.ops[0])]} {of(node.comparators[0])})"
    elif isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Add):
        yield "added becomes assigned", f"{of(node.target)} = {of(node.value)}"
        yield "sign", f"{of(node.target)} -= {of(node.value)}"
    elif isinstance(node, ast.Call):
        if isinstance(node.func, ast.Name) and node.func.id == "reversed":
            yield "order", of(node.args[0])
        if isinstance(node.func, ast.Attribute) and node.func.attr in ("sum", "mean"):
            other = "mean" if node.func.attr == "sum" else "sum"
            yield "sum or mean", of(node).replace(f".{node.func.attr}(", f".{other}(", 1)
        if isinstance(node.func, ast.Attribute) and node.func.attr in ("exp", "sqrt", "tanh") and len(node.args) == 1:
            yield "function dropped", of(node.args[0])
    elif isinstance(node, ast.keyword) and node.arg == "axis" and isinstance(node.value, ast.Constant):
        for axis in (0, 1, -1):
            if axis != node.value.value:
                yield "axis", f"axis={axis}"
    elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in names:
        for other in names:
            if other != node.id:
                yield "other variable", other
    elif isinstance(node, ast.Constant) and type(node.value) in (int, float):
        yield "constant", repr(node.value + 1)
        if node.value:
            yield "constant", repr(node.value - 1)


def _replaced(source: str, node: ast.AST, after: str) -> str | None:
    lines = source.splitlines(keepends=True)
    row = node.lineno - 1
    line = lines[row].encode()
    changed = line[: node.col_offset] + after.encode() + line[node.end_col_offset :]
    lines[row] = changed.decode()
    text = "".join(lines)
    try:
        ast.parse(text)
    except SyntaxError:
        return None
    return text if text != source else None
