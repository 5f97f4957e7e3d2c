"""Imports run one way, and `import unstuck` stays light."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import unstuck

SOURCE = Path(unstuck.__file__).parent

# Package or module -> the parts of unstuck it may import; what is not listed (cli, recipes, sklearn, web) is free.
MAY_IMPORT = {
    "errors": set(),
    "data": {"errors"},
    "nn": {"errors"},
    "exchange": {"errors", "nn", "__version__"},
    "charts": set(),
    "sandbox": {"errors"},
    "callbacks": {"errors", "nn"},
    "recipes": {"errors", "nn", "data"},
    "adapters": {"errors", "diagnosis.case"},
    "diagnosis.case": {"errors"},
    "diagnosis": {"errors", "nn", "sandbox", "charts", "diagnosis"},
}


def part_of(module: str, parts: list[str]) -> str | None:
    """The longest of `parts` that `module` (without the leading `unstuck.`) is, or lies in."""
    inside = [part for part in parts if module == part or module.startswith(part + ".")]
    return max(inside, key=len, default=None)


def imports_of(path: Path) -> set[str]:
    """Modules of unstuck named in import statements anywhere in a file, without the leading `unstuck.`."""
    package = ("unstuck", *path.relative_to(SOURCE).parts[:-1])
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) + 1 - node.level] if node.level else ()
            found |= {".".join([*above, *filter(None, [node.module]), alias.name]) for alias in node.names}
    return {name.removeprefix("unstuck.") for name in found if name.startswith("unstuck.")}


@pytest.mark.parametrize("path", sorted(SOURCE.rglob("*.py")), ids=lambda path: path.relative_to(SOURCE).as_posix())
def test_imports_run_one_way(path):
    module = path.relative_to(SOURCE).with_suffix("").as_posix().replace("/", ".").removesuffix(".__init__")
    home = part_of(module, list(MAY_IMPORT))
    if home is None:
        return
    allowed = MAY_IMPORT[home] | {home}
    strangers = {name for name in imports_of(path) if part_of(name, sorted(allowed)) is None}
    assert not strangers, f"{module} may import {sorted(allowed)} only"


def loaded_after(statement: str) -> set[str]:
    """Top-level modules that a fresh interpreter holds after a statement."""
    code = f"{statement}\nimport sys\nprint(*{{name.split('.')[0] for name in sys.modules}})"
    return set(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split())


def test_import_is_light():
    added = loaded_after("import unstuck, unstuck.nn, unstuck.data") - loaded_after("import numpy")
    third_party = added - set(sys.stdlib_module_names) - {"unstuck"}
    assert third_party <= {name for name in added if name.startswith("_")}


def test_import_alone_does_not_even_load_numpy():
    assert "numpy" not in loaded_after("import unstuck")


def test_every_public_name_is_there():
    for name in unstuck.__all__:
        assert getattr(unstuck, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        unstuck.nonsense  # noqa: B018
