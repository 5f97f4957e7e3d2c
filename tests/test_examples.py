"""Every example runs, and says what it promises; the diagnoses that README and docs show are what the programs give."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"

SAYS = {
    "train_mnist.py": ["test accuracy: 9", "the first test images show [7 2 1 0 4], truly [7 2 1 0 4]"],
    "xor.py": ["[2, 4, 1]: [0.0"],
    "regression.py": ["largest error 0.0"],
    "healthy.py": ["test accuracy: 8"],
    "to_pytorch.py": ["test accuracy in PyTorch: 9", "largest difference of a score: "],
    "grid_search_on_a_cluster.py": [
        "2 workers\n",
        "scores of 8 candidates equal: True",
        "best in both: True",
        "weights of the best equal: True",
    ],
    "check_own_gradient.py": ["weights_1: different", "weights_2: equal", "biases_2: equal"],
}


@pytest.mark.parametrize("name", SAYS)
def test_example(name, tmp_path):
    command = [sys.executable, "-W", "error", EXAMPLES / name]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, env=os.environ)
    assert done.returncode == 0, done.stderr
    for part in SAYS[name]:
        assert part in done.stdout


def test_no_example_is_forgotten():
    assert {path.name for path in EXAMPLES.glob("*.py")} == set(SAYS)


STUCK = sorted((EXAMPLES / "stuck").glob("*.py"))


@pytest.mark.parametrize("path", STUCK, ids=lambda path: path.stem)
def test_a_stuck_program_is_stuck(path):
    done = subprocess.run([sys.executable, path], capture_output=True, text=True, env=os.environ)
    assert done.returncode == 0, done.stderr
    last = done.stdout.splitlines()[-1]
    percent, right = re.search(r"test accuracy: ([\d.]+)%", last), re.search(r"(\d+) of 2000 test images right", last)
    assert (float(percent[1]) if percent else int(right[1]) / 20) < 15


# -- the sessions in README and docs -----------------------------------------------------------------------------------

ROOT = EXAMPLES.parent
BLOCK = re.compile(r"```console\n\$ unstuck diagnose ([^\n]+)\n(.*?)```", re.DOTALL)
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
SESSIONS = [(page.name, *found) for page in PAGES for found in BLOCK.findall(page.read_text(encoding="utf-8"))]


def outcome_as_shown(output):
    """Verdict, grades of the findings, and the codes that a session's smallest cure, the first shown, puts right."""
    report = output.split("\n\n", 1)[1]
    verdict = re.search(r"^\w+: (faulty|healthy|inconclusive),", report, re.MULTILINE)[1]
    grades = dict(re.findall(r"^([A-Z]\d\d) [a-z0-9-]+ \((\w+)\)$", report, re.MULTILINE))
    changes = re.findall(r"^  ([A-Z]\d\d(?: \+ [A-Z]\d\d)*) put right:", report, re.MULTILINE)
    return verdict, grades, set(changes[0].split(" + ")) if changes else set()


def outcome_of(report):
    grades = {finding["code"]: finding["grade"] for finding in report["findings"]}
    return report["verdict"], grades, set(report["cures"][0]["changes"]) if report["cures"] else set()


@pytest.fixture(scope="module")
def diagnosed():
    """The report of a session's command, as JSON; each is run once."""
    reports = {}

    def diagnose(arguments):
        if arguments not in reports:
            command = [sys.executable, "-m", "unstuck.cli", "diagnose", *arguments.split(), "--json"]
            done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=os.environ)
            assert done.returncode in (0, 1), done.stderr
            reports[arguments] = json.loads(done.stdout)
        return reports[arguments]

    return diagnose


@pytest.mark.parametrize(
    ("arguments", "output"),
    [session[1:] for session in SESSIONS],
    ids=[f"{page}-{Path(arguments.split()[0]).stem}" for page, arguments, _ in SESSIONS],
)
def test_a_session_shows_what_the_program_gives(arguments, output, diagnosed):
    assert outcome_as_shown(output) == outcome_of(diagnosed(arguments))


def test_every_stuck_program_is_shown():
    shown = {arguments.split()[0] for page, arguments, _ in SESSIONS if page == "diagnosis.md"}
    assert shown == {f"examples/stuck/{path.name}" for path in STUCK} | {"examples/healthy.py"}
