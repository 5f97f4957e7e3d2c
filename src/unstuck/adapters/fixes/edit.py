"""An edit of a program's text, and the functions that propose edits for a rule.

    @edits_for("F04")
    def negate_exponent(fault):
        \"\"\"exp(z) becomes exp(-z).\"\"\"
        yield [Edit(fault.syntax.span(node), "-z")]

Each yields alternatives, the likeliest first; what was meant is decided by running the changed copy.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from unstuck.adapters.fixes.syntax import Span, Syntax
from unstuck.adapters.scripts.text.names_in_source import last_name


@dataclass(frozen=True, order=True)
class Edit:
    """Other words in the place of a span of the text."""

    span: Span
    replacement: str


def renamed(syntax: Syntax, function: Any, name: str) -> Edit:
    """Another function or class of the same library or object in the place of this one: np.max becomes np.mean."""
    words = syntax.words(function)
    return Edit(syntax.span(function), words[: len(words) - len(last_name(function))] + name)


def argument_added(syntax: Syntax, call: ast.Call, words: str) -> Edit:
    """A call with one more argument behind the others."""
    inside = syntax.words(call)[:-1]
    if "#" not in inside.rstrip().rpartition("\n")[2]:
        inside = inside.rstrip().rstrip(",")
    comma = ", " if call.args or call.keywords else ""
    return Edit(syntax.span(call), f"{inside}{comma}{words})")


@dataclass(frozen=True)
class Fault:
    """A finding of a report (both as data) in the syntax of the program that it is about."""

    finding: dict[str, Any]
    report: dict[str, Any]
    syntax: Syntax

    @property
    def code(self) -> str:
        """The code of the rule."""
        return str(self.finding["code"])

    @property
    def line(self) -> int:
        """The line where it stands, from 1; 0 where that is not known."""
        return int((self.finding["location"] or {}).get("line", 0))

    @property
    def column(self) -> int | None:
        """The column of its expression, from 1, where that is known."""
        return (self.finding["location"] or {}).get("column")

    @property
    def summary(self) -> str:
        """What was found, in words."""
        return str(self.finding.get("summary", ""))

    @property
    def framework(self) -> str:
        """The framework that trains, in small letters; empty for a script that trains by itself."""
        return str(self.reading.get("framework") or "").lower()

    @property
    def expressions(self) -> list[Any]:
        """The expressions that begin where it stands, the outermost first; without a column those of the line, first
        what is assigned there."""
        here = self.syntax.at(self.line, self.column)
        return here if self.column is not None else sorted(here, key=lambda one: not self._is_assigned(one))

    def _is_assigned(self, expression: Any) -> bool:
        """Whether an expression is the whole of what a statement assigns."""
        statement = self.syntax.parents[expression]
        return isinstance(statement, ast.Assign) and statement.value is expression

    def here(self, *kinds: type[ast.AST]) -> list[Any]:
        """The nodes of these kinds that begin in its line, in the order of the text."""
        return [node for node in self.syntax.nodes if node.lineno == self.line and isinstance(node, kinds)]

    @property
    def layer(self) -> int:
        """The layer that it is about, from 1."""
        return int(self.finding["layer"] or 1)

    @property
    def reading(self) -> dict[str, Any]:
        """How the program was read."""
        return dict(self.report.get("reading") or {})

    def read(self, part: str) -> dict[str, Any]:
        """How a part of the program was read: its inputs, targets, loss or update; empty where it was not found."""
        return dict(self.reading.get(part) or {})

    @property
    def parameters(self) -> list[dict[str, Any]]:
        """The arrays that learn, as they were read."""
        return list(self.reading.get("parameters", []))

    @property
    def learnt(self) -> set[str]:
        """The last names of the arrays that learn: as they were read, or else of what is assigned where they are
        made."""
        names = {str(one["name"]).split(".")[-1].split("[")[0] for one in self.parameters if one.get("name")}
        lines = {one["line"] for one in self.parameters if not one.get("name")}
        made = [node for node in self.syntax.nodes if isinstance(node, ast.Assign) and node.lineno in lines]
        return names | {last_name(target) for node in made for target in node.targets}

    @property
    def lines_of_updates(self) -> list[int]:
        """The lines in which parameters are updated, in their order."""
        return sorted({one["updated_at"] for one in self.parameters if one["updated_at"]})

    @property
    def updates(self) -> list[Any]:
        """The assignments in these lines, in their order."""
        lines = self.lines_of_updates
        assignments = (ast.Assign, ast.AugAssign)
        return [one for one in self.syntax.nodes if isinstance(one, assignments) and one.lineno in lines]

    @property
    def axis_of_examples(self) -> str:
        """The axis along which the examples of a batch lie."""
        return "1" if self.read("inputs").get("layout") == "columns" else "0"

    @property
    def activation(self) -> str:
        """The name of the layer's activation; empty where it is not known."""
        hidden = self.report["network"].get("hidden") or []
        return str(hidden[min(self.layer, len(hidden)) - 1]) if hidden else ""

    @property
    def setting(self) -> str:
        """What the experiments chose in the place of the setting, in words; empty where there were none."""
        found = [cure["settings"].get(self.code, "") for cure in self.report["cures"]]
        return str(next(filter(None, found), ""))


Alternatives = Iterable[Sequence[Edit]]
Proposal = Callable[[Fault], Alternatives]
PROPOSALS: dict[str, list[tuple[tuple[str, ...], Proposal]]] = {}


def edits_for(*codes: str, framework: tuple[str, ...] = ()) -> Callable[[Proposal], Proposal]:
    """Registers a function under the codes of the rules whose faults it can put right, for scripts of some frameworks
    only where these are named."""

    def register(function: Proposal) -> Proposal:
        for code in codes:
            PROPOSALS.setdefault(code, []).append((framework, function))
        return function

    return register


def alternatives(fault: Fault) -> Iterator[tuple[Edit, ...]]:
    """What may have been meant in the place of a fault, the likeliest first, each once; nothing where nothing is
    understood."""
    seen: set[tuple[Edit, ...]] = set()
    for frameworks, propose in PROPOSALS.get(fault.code, []):
        if frameworks and fault.framework not in frameworks:
            continue
        for edits in propose(fault):
            text = fault.syntax.text
            found = tuple(sorted({edit for edit in edits if applied(text, [edit]) != text}))
            if found and found not in seen:
                seen.add(found)
                yield found


def applied(text: str, edits: Iterable[Edit]) -> str:
    """The text with all of these edits. Raises ValueError where two of them overlap."""
    lines = text.splitlines(keepends=True)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))
    end = len(text)
    for edit in sorted(set(edits), reverse=True):
        first = starts[edit.span.line - 1] + edit.span.column - 1
        last = starts[edit.span.end_line - 1] + edit.span.end_column - 1
        if last > end:
            raise ValueError(f"two edits overlap in line {edit.span.line}")
        text, end = text[:first] + edit.replacement + text[last:], first
    return text
