"""The GitHub Action and the pre-commit hook: their own commands, run as GitHub and pre-commit run them."""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.test_scripts import FAULTY, LINES
from tests.many.conftest import WALLED

yaml = pytest.importorskip("yaml", reason="PyYAML is not installed")
ROOT = Path(__file__).resolve().parents[2]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
(HOOK,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
STEPS = {step["name"]: step for step in ACTION["runs"]["steps"]}


@pytest.fixture
def place(tmp_path):
    """An empty folder whose PATH has a command `unstuck` that runs this package."""
    command = tmp_path / "bin" / "unstuck"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m unstuck "$@"\n')
    command.chmod(0o755)
    return tmp_path


def run(place, command, **variables):
    """Runs a command line as `shell: bash` of GitHub does."""
    path = f"{place / 'bin'}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "PYTHONPATH": os.pathsep.join(sys.path), **variables}
    bash = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", command]
    return subprocess.run(bash, cwd=place, env=environment, capture_output=True, text=True)


def given(step, **inputs):
    """The variables of a step, with inputs put in as GitHub does; the defaults where none is given."""
    values = {name: str(field["default"]) for name, field in ACTION["inputs"].items()} | inputs
    return {
        name: re.sub(r"\$\{\{ inputs\.(\w+) \}\}", lambda found: values[found[1]], text)
        for name, text in step.get("env", {}).items()
    }


def diagnose(place, **inputs):
    return run(place, STEPS["Diagnose"]["run"], **given(STEPS["Diagnose"], **inputs))


def put(place, **programs):
    (place / "homework").mkdir()
    for name, text in programs.items():
        (place / "homework" / f"{name}.py").write_text(text)


@pytest.mark.parametrize("arguments", [pytest.param("--no-cures", marks=WALLED), "--no-cures --trust"])
def test_the_action_fails_for_a_fault_and_writes_what_is_uploaded(place, arguments):
    put(place, ada=FAULTY, bob=LINES)
    done = diagnose(place, programs="homework", arguments=arguments)
    assert done.returncode == 1, done.stderr
    reports = place / "unstuck-reports"
    results = json.loads((reports / "unstuck.sarif").read_text())["runs"][0]["results"]
    (places,) = (result["locations"] for result in results if result["ruleId"] == "U01")
    assert places[0]["physicalLocation"]["artifactLocation"]["uri"] == "homework/ada.py"
    assert 'failures="1"' in (reports / "junit.xml").read_text()
    assert (reports / "index.html").exists()


def test_the_action_passes_for_healthy_programs_and_takes_several(place):
    put(place, ada=LINES, bob=LINES)
    done = diagnose(
        place, programs="homework/ada.py homework/bob.py", arguments="--no-cures --trust", reports="of today"
    )
    assert done.returncode == 0, done.stderr
    assert (place / "of today" / "unstuck.sarif").exists()


def test_the_action_has_no_step_that_is_not_tried_here():
    assert list(STEPS) == ["Install unstuck", "Install the wall around other people's programs", "Diagnose"]
    assert all("run" in step and step["shell"] == "bash" for step in STEPS.values())
    expressions = re.findall(r"\$\{\{.*?\}\}", " ".join(step["run"] for step in STEPS.values()))
    assert expressions == []  # inputs reach the shell as variables, never as text of the program


@pytest.mark.slow
def test_the_action_installs_what_it_runs(place):
    """In a new virtual environment, from the package index."""
    subprocess.run([sys.executable, "-m", "venv", place / "bin"], check=True)
    path = f"{place / 'bin' / 'bin'}{os.pathsep}{os.environ['PATH']}"
    variables = {"PATH": path, "PYTHONPATH": "", "GITHUB_ACTION_PATH": str(ROOT)}
    done = run(place, STEPS["Install unstuck"]["run"], **variables)
    assert done.returncode == 0, done.stderr
    put(place, ada=FAULTY)
    inputs = given(STEPS["Diagnose"], programs="homework", arguments="--no-cures --trust")
    assert run(place, STEPS["Diagnose"]["run"], **variables, **inputs).returncode == 1


def hook(place, *files):
    """pre-commit runs the entry with the arguments and the names of the files that changed."""
    return run(place, shlex.join([*shlex.split(HOOK["entry"]), *HOOK["args"], *files]))


def test_the_hook_names_what_it_must_for_pre_commit():
    assert HOOK["id"] == "unstuck-diagnose"
    assert HOOK["language"] == "python"
    assert HOOK["require_serial"]  # one run at a time writes the results


def test_the_hook_refuses_a_fault_and_runs_again_only_what_has_changed(place):
    put(place, ada=FAULTY, bob=LINES)
    files = "homework/ada.py", "homework/bob.py"
    assert hook(place, *files).returncode == 1
    (place / "homework" / "ada.py").write_text(LINES)
    assert hook(place, *files).returncode == 0
    names = [json.loads(line)["name"] for line in (place / ".unstuck" / "results.jsonl").read_text().splitlines()]
    assert sorted(names) == ["homework/ada.py", "homework/ada.py", "homework/bob.py"]
