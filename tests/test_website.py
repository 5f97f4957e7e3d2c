"""The website: built strictly, complete, and in need of nobody else."""

import inspect
import re
import subprocess
import sys
from functools import cached_property
from importlib import import_module
from pathlib import Path
from pkgutil import resolve_name

import pytest

import unstuck

ROOT = Path(__file__).resolve().parent.parent

REFERENCE = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")
PUBLIC = {name: resolve_name(name) for name in re.findall(r"heading: ([\w.]+)", REFERENCE)}


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The folder of the built pages; broken links and pages that no menu leads to are errors."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder


def test_every_public_name_has_its_entry_in_the_reference(site):
    assert {f"unstuck.{name}" for name in unstuck.__all__} <= set(PUBLIC)
    page = (site / "reference" / "index.html").read_text(encoding="utf-8")
    headings = set(re.findall(r'<h3 id="[^"]+" class="doc doc-heading">\s*([\w.]+)\s', page))
    assert set(PUBLIC) <= headings


def test_examples_that_pages_link_to_are_part_of_the_site(site):
    assert "unstuck.train(" in (site / "code" / "examples" / "xor.py.txt").read_text(encoding="utf-8")


def test_no_page_loads_anything_from_elsewhere(site):
    for page in site.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        assert re.findall(r'<(?:script|img|link)[^>]*(?:src|href)="(?:https?:)?//[^"]*"', text) == [], page


def public_members(definition):
    """Methods and properties of a class that its users see, inherited ones of this package included."""
    for owner in inspect.getmro(definition):
        if owner.__module__.startswith("unstuck"):
            for name, member in vars(owner).items():
                documentable = inspect.isfunction(member) or isinstance(
                    member, (property, cached_property, classmethod)
                )
                if documentable and not name.startswith("_"):
                    yield f"{owner.__qualname__}.{name}", member


@pytest.mark.parametrize("name", PUBLIC)
def test_every_public_name_is_documented(name):
    definition = PUBLIC[name]
    assert definition.__doc__
    assert not definition.__doc__.startswith(f"{definition.__name__}(")  # what dataclass writes where nobody did
    if inspect.isclass(definition):
        assert [member_name for member_name, member in public_members(definition) if not member.__doc__] == []


@pytest.fixture
def as_markdown(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    return import_module("website").as_markdown


def test_lists_of_names_become_lists(as_markdown):
    text = "Facts.\n\nParameters\n----------\nx, y : rows,\n    and columns\nz(x)    a function\nAfter: all."
    expected = "Facts.\n\n**Parameters**\n\n- `x, y`: rows,\n    and columns\n- `z(x)`: a function\n\nAfter: all."
    assert as_markdown(text, known=set()) == expected


def test_a_colon_makes_an_item_of_known_names_only(as_markdown):
    text = "name: what to call it\nNote: not a name"
    assert as_markdown(text, known={"name"}) == "\n- `name`: what to call it\n\nNote: not a name".lstrip("\n")


def test_code_stays_code(as_markdown):
    text = "Use it:\n\n    with a as b:\n        b()"
    assert as_markdown(text, known=set()) == text
