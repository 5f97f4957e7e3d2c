"""What the README promises can be typed."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")

PYTHON_BLOCKS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
LINKS = re.findall(r"\]\((?!http)([^)#]+)", README)


def test_python_blocks_run_in_order(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    for block in PYTHON_BLOCKS:
        exec(compile(block, "README.md", "exec"), names)
    assert float(capsys.readouterr().out.split("%")[0]) > 95


def test_there_are_python_blocks_and_links_to_test():
    assert PYTHON_BLOCKS
    assert LINKS


@pytest.mark.parametrize("link", LINKS)
def test_links_lead_somewhere(link):
    assert (ROOT / link).exists()


def test_ci_runs_the_test_command_of_the_readme():
    commands = [line.strip() for line in README.splitlines() if line.startswith("    python3 -m venv")]
    assert len(commands) == 2
    steps = [step.removeprefix("python3 -m venv .venv") for step in commands[1].split(" && ")]
    ci = (ROOT / ".ci" / "run").read_text(encoding="utf-8").replace(" --quiet", "")
    assert all(step in ci for step in steps)
