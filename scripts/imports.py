#!/usr/bin/env python3
"""Who imports whom: prints the table of it, and every import that breaks the law; then the exit code is 1.

A room is what lies directly in a package: a module or a folder. It may import the rooms that stand before it in the
law, and no others; within a room, and within the packages that the law does not name, nothing may run in a circle.
Every import counts, those inside functions and for type checking too. `tests/test_layers.py` holds the source to it.
"""

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

SOURCE = Path(__file__).resolve().parent.parent / "src"
PACKAGE = "unstuck"

# The rooms of a package from the ground up, one floor a line; rooms of one floor do not know each other.
LAW = {
    "unstuck": (
        ("errors", "charts", "__init__"),
        ("writing",),
        ("data", "autodiff", "sandbox", "nn"),
        ("callbacks", "distributed", "exchange", "recipes", "gradient_check", "diagnosis"),
        ("adapters",),
        ("sklearn", "web", "agents", "notebooks", "many"),
        ("testing", "cli"),
        ("entry",),
        ("__main__",),
    ),
    "unstuck.diagnosis": (
        ("case", "__init__"),
        ("program", "formulas", "source"),
        ("twin",),
        ("identification",),
        ("examination",),
        ("measurements",),
        ("rules", "experiments"),
        ("report",),
        ("diagnose", "catalogue"),
    ),
    "unstuck.nn": (
        ("activations", "blas_threads", "initializers", "optimizers", "ranks", "schedules", "targets", "__init__"),
        ("layers", "losses", "settings"),
        ("display",),
        ("history", "network"),
        ("files", "gradient_check"),
        ("engine",),
        ("training",),
    ),
    "unstuck.sklearn": (
        ("losses", "parameters", "sparse"),
        ("architecture",),
        ("measurement",),
        ("descent", "lbfgs"),
        ("estimator",),
        ("explanation",),
        ("classifier", "regressor"),
        ("__init__",),
    ),
    "unstuck.adapters.scripts": (
        ("manners", "text", "__init__"),
        ("recording", "stand_ins"),
        ("reading", "running"),
        ("replay",),
        ("proof",),
        ("faults",),
        ("study",),
        ("examine",),
        ("child",),
        ("start",),
    ),
}

LARGEST = {"unstuck.diagnosis": (3, 10), "unstuck.adapters.scripts": (5, 10)}  # loose files and floors

# What a part may know at most of the package around it, where that is less than all that lies below. An adapter knows
# what is handed over to a diagnosis and what comes back, not how it is found.
WHAT_COMES_BACK = {f"diagnosis.{room}" for room in ("diagnose", "examination", "report", "rules")}
MAY_IMPORT = {
    "charts": set(),
    "autodiff": {"errors"},
    "sandbox": {"errors"},
    "data": {"errors"},
    "writing": {"errors"},
    "nn": {"errors", "writing"},
    "exchange": {"errors", "nn", "__init__"},
    "callbacks": {"errors", "nn"},
    "recipes": {"errors", "nn", "data"},
    "adapters": {"errors", "writing", "data", "sandbox", "autodiff", "nn", "__init__", "diagnosis.case"}
    | WHAT_COMES_BACK,
    "diagnosis.case": {"errors"},
    "diagnosis": {"errors", "writing", "autodiff", "sandbox", "nn", "charts"},
}


@dataclass(frozen=True)
class Import:
    """One import of a module of the package by another, and the line where it stands."""

    importer: str
    imported: str
    line: int

    def __str__(self) -> str:
        return f"{self.importer}, line {self.line}, imports {self.imported}"


@cache
def modules() -> dict[str, Path]:
    """Every module by its dotted name; a package is its `__init__`, such as "unstuck.nn.__init__"."""
    paths = sorted((SOURCE / PACKAGE).rglob("*.py"))
    return {".".join(path.relative_to(SOURCE).with_suffix("").parts): path for path in paths}


@cache
def imports() -> tuple[Import, ...]:
    """All imports of modules of the package, wherever they stand in a file."""
    found = (
        Import(module, imported, line)
        for module, path in modules().items()
        for imported, line in _named(path, module)
        if imported != module
    )
    return tuple(dict.fromkeys(found))


def _named(path: Path, module: str) -> Iterator[tuple[str, int]]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = module.split(".")[: -node.level] if node.level else []
            start = ".".join([*above, *filter(None, [node.module])])
            names = [f"{start}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            found = _defining(name)
            if found is not None:
                yield found, node.lineno


def _defining(name: str) -> str | None:
    """The module that is named, or from which is imported: the longest beginning of the name that is one."""
    parts = name.split(".")
    for end in range(len(parts), 0, -1):
        start = ".".join(parts[:end])
        for module in (start, f"{start}.__init__"):
            if module in modules():
                return module
    return None


def room_of(module: str, package: str) -> str | None:
    """The room of the package that a module lies in."""
    inside = module.removeprefix(f"{package}.")
    return None if inside == module else inside.split(".")[0]


def rooms(package: str) -> dict[str, set[str]]:
    """Each room of a package with the other rooms that it imports."""
    found: dict[str, set[str]] = {room: set() for module in modules() if (room := room_of(module, package))}
    for one in imports():
        importer, imported = room_of(one.importer, package), room_of(one.imported, package)
        if importer and imported and importer != imported:
            found[importer].add(imported)
    return found


def upward(package: str) -> list[Import]:
    """Imports of a room that stands on the same floor or on a higher one, or nowhere in the law."""
    floor = {room: i for i, floors in enumerate(LAW[package]) for room in floors}

    def runs_down(importer: str | None, imported: str | None) -> bool:
        if importer is None or imported is None or importer == imported:
            return True
        return importer in floor and imported in floor and floor[imported] < floor[importer]

    return [one for one in imports() if not runs_down(room_of(one.importer, package), room_of(one.imported, package))]


def circles(package: str) -> list[set[str]]:
    """Groups of rooms, in the package or in any folder of it, each of which leads by imports to all the others."""
    folders = {module.removesuffix(".__init__") for module in modules() if module.endswith(".__init__")}
    inside = [folder for folder in sorted(folders) if f"{folder}.".startswith(f"{package}.")]
    return [{f"{folder}.{room}" for room in group} for folder in inside for group in _circles(rooms(folder))]


def _circles(graph: dict[str, set[str]]) -> list[set[str]]:
    ahead = {room: reached(graph, room) for room in graph}
    groups = {frozenset({room, *(other for other in ahead[room] if room in ahead[other])}) for room in graph}
    return [set(group) for group in groups if len(group) > 1]


def reached(graph: dict[str, set[str]], start: str) -> set[str]:
    """All rooms that the imports of one lead to."""
    found: set[str] = set()
    ahead = [start]
    while ahead:
        new = graph[ahead.pop()] - found
        found |= new
        ahead += new
    return found


def floors(package: str) -> int:
    """How many rooms stand on each other: the longest chain of imports, a circle counting once."""
    graph = rooms(package)
    group = {room: frozenset({room}) for room in graph}
    group |= {room: frozenset(circle) for circle in _circles(graph) for room in circle}

    @cache
    def height(rooms_together: frozenset[str]) -> int:
        below = {group[other] for room in rooms_together for other in graph[room]} - {rooms_together}
        return 1 + max((height(other) for other in below), default=0)

    return max(height(together) for together in group.values())


def loose(package: str) -> list[str]:
    """The modules that lie directly in a package."""
    return [room for room in rooms(package) if f"{package}.{room}" in modules() and room != "__init__"]


def strangers(module: str) -> list[Import]:
    """Imports by a module of parts that its own part may not know."""
    home = _part_of(module, set(MAY_IMPORT))
    if home is None:
        return []
    allowed = MAY_IMPORT[home] | {home}
    return [one for one in imports() if one.importer == module and _part_of(one.imported, allowed) is None]


def _part_of(module: str, parts: set[str]) -> str | None:
    """The longest of the parts that a module is, or lies in."""
    inside = [part for part in parts if f"{module}.".startswith(f"{PACKAGE}.{part}.")]
    return max(inside, key=len, default=None)


def table() -> str:
    """Loose files, rooms, floors, circles and imports upwards of each package that the law names."""
    head = ("rooms", "loose files", "floors", "circles", "imports upwards")
    rows = [("", *head)]
    for package in LAW:
        n_rooms = len(rooms(package)) - 1  # its __init__ is none
        counts = (n_rooms, len(loose(package)), floors(package), len(circles(package)), len(upward(package)))
        rows.append((package, *map(str, counts)))
    widths = [max(map(len, column)) for column in zip(*rows)]
    return "\n".join("  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]) for row in rows)


def complaints() -> list[str]:
    """What breaks the law, one sentence each."""
    found = [f"{one}, which lies no floor below" for package in LAW for one in upward(package)]
    found += [f"{', '.join(sorted(circle))} import each other in a circle" for circle in circles(PACKAGE)]
    found += [f"{one}, which it may not know" for module in modules() for one in strangers(module)]
    for package, (most_loose, most_floors) in LARGEST.items():
        if len(loose(package)) > most_loose:
            found.append(f"{package} has {len(loose(package))} loose files, more than {most_loose}")
        if floors(package) > most_floors:
            found.append(f"{package} has {floors(package)} floors, more than {most_floors}")
    return found


def main() -> int:
    print(table())
    for complaint in complaints():
        print(complaint, file=sys.stderr)
    return 1 if complaints() else 0


if __name__ == "__main__":
    sys.exit(main())
