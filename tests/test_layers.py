"""Imports run one way, and `import unstuck` stays light."""

import subprocess
import sys

import pytest

import unstuck
from scripts import imports


@pytest.mark.parametrize("module", sorted(imports.modules()))
def test_a_module_knows_no_more_than_its_part_may(module):
    assert [str(one) for one in imports.strangers(module)] == []


@pytest.mark.parametrize("package", imports.LAW)
def test_imports_run_one_way(package):
    assert [str(one) for one in imports.upward(package)] == []


def test_nothing_is_imported_in_a_circle():
    assert imports.circles("unstuck") == []


@pytest.mark.parametrize("package", imports.LARGEST)
def test_a_large_part_is_no_heap_and_no_tower(package):
    loose, floors = imports.LARGEST[package]
    assert len(imports.loose(package)) <= loose
    assert imports.floors(package) <= floors


SMALL = {
    "low.py": "",
    "high.py": "def later():\n    from unstuck.diagnosis.low import a\n",
    "room/__init__.py": "",
    "room/one.py": "import unstuck.diagnosis.room.two\n",
    "room/two.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from unstuck.diagnosis.room import one\n",
}


@pytest.fixture
def small(tmp_path, monkeypatch):
    """A package with an import inside a function, and a circle that only type checkers see."""
    for name, text in SMALL.items():
        path = tmp_path / "unstuck" / "diagnosis" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (tmp_path / "unstuck" / "diagnosis" / "__init__.py").write_text("")
    (tmp_path / "unstuck" / "__init__.py").write_text("")
    monkeypatch.setattr(imports, "SOURCE", tmp_path)
    for cached in (imports.modules, imports.imports):
        cached.cache_clear()
    yield monkeypatch
    for cached in (imports.modules, imports.imports):
        cached.cache_clear()


def test_an_import_upwards_is_found_wherever_it_stands(small):
    floors = (("__init__",), ("high",), ("low",), ("room",))
    small.setattr(imports, "LAW", {"unstuck.diagnosis": floors})
    found = "unstuck.diagnosis.high, line 2, imports unstuck.diagnosis.low"
    assert [str(one) for one in imports.upward("unstuck.diagnosis")] == [found]
    small.setattr(imports, "LAW", {"unstuck.diagnosis": (("__init__",), ("low",), ("high",), ("room",))})
    assert imports.upward("unstuck.diagnosis") == []
    assert imports.floors("unstuck.diagnosis") == 2


def test_a_room_that_the_law_does_not_know_may_not_be_imported(small):
    small.setattr(imports, "LAW", {"unstuck.diagnosis": (("__init__",), ("high",), ("room",))})
    assert len(imports.upward("unstuck.diagnosis")) == 1


def test_a_circle_is_found_inside_a_folder_too(small):
    assert imports.circles("unstuck") == [{"unstuck.diagnosis.room.one", "unstuck.diagnosis.room.two"}]


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
