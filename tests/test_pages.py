"""What README and docs promise can be typed: their Python runs, their links lead somewhere."""

import re
import shlex
from pathlib import Path

import pytest

from unstuck.cli import main

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


def python_blocks(page: Path) -> list[str]:
    return re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.parametrize("page", [page for page in PAGES[1:] if python_blocks(page)], ids=lambda page: page.name)
def test_python_runs_from_top_to_bottom(page, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    for block in python_blocks(page):
        exec(compile(block, str(page), "exec"), names)
    printed = capsys.readouterr().out
    for shown in re.findall(r"```text\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL):
        assert shown in printed


COMMANDS = [
    (page.name, command)
    for page in PAGES
    for command in re.findall(r"^(?:    |\$ )unstuck ([^#&|\n]+)", page.read_text(encoding="utf-8"), re.MULTILINE)
]


@pytest.mark.parametrize(("page", "command"), COMMANDS)
def test_every_command_shown_is_one_that_the_shell_takes(page, command):
    name, *arguments = shlex.split(command)
    main.commands[name].make_context(name, arguments)  # raises for an option or an argument that there is none of


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    links = re.findall(r"\]\((?!http)([^)#]+)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_the_python_of_the_readme_learns(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    exec(compile(python_blocks(PAGES[0])[0], "README.md", "exec"), {})
    assert float(capsys.readouterr().out.split("%")[0]) > 95


def test_ci_runs_the_test_command_of_the_readme():
    readme = PAGES[0].read_text(encoding="utf-8")
    commands = [line.strip() for line in readme.splitlines() if line.startswith("    python3 -m venv")]
    assert len(commands) == 2
    steps = [step.removeprefix("python3 -m venv .venv") for step in commands[1].split(" && ")]
    ci = (ROOT / ".ci" / "run").read_text(encoding="utf-8").replace(" --quiet", "")
    assert all(step in ci for step in steps)


MAP = (ROOT / "docs" / "how-it-works.md").read_text(encoding="utf-8")
SOURCE = ROOT / "src" / "unstuck"


def test_the_map_has_a_line_for_every_folder():
    folders = {f"{path.parent.relative_to(SOURCE).as_posix()}/" for path in SOURCE.glob("*/__init__.py")}
    assert folders <= set(re.findall(r"^\| `([^`]+)` \|", MAP, re.MULTILINE))


@pytest.mark.parametrize("named", sorted(set(re.findall(r"`([a-z_/]+(?:/|\.py))`", MAP))))
def test_what_the_map_names_is_there(named):
    assert (SOURCE / named).exists() or (ROOT / named).exists()


@pytest.mark.parametrize(("name", "place"), re.findall(r"`(\w+)`\s+\(`([a-z_/]+\.py)`\)", MAP))
def test_what_the_map_names_is_defined_where_it_says(name, place):
    text = (SOURCE / place).read_text(encoding="utf-8")
    assert re.search(rf"^(?:def|class) {name}\b", text, re.MULTILINE)
