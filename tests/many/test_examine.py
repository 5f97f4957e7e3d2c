"""One program in a process of its own: what it costs, what it sees, what comes of it. Nothing here aims outside."""

import json
import os
import re

import pytest

from tests.many.conftest import WALLED
from unstuck.many.examine import Settings, Stopped, examine
from unstuck.many.isolation import walled
from unstuck.many.limits import Limits
from unstuck.many.submissions import find_submissions

CASE = "import os, sys, time\nimport unstuck\n{}\ncase = unstuck.Case(predict=len, x=[[0.0]], targets=[0])\n"


def examined(folder, text, trust, **limits):
    """What comes of a Case that does so first; it runs in the worker's own process."""
    (folder / "net.py").write_text(CASE.format(text))
    settings = Settings(("--budget", "20", "--no-cures"), Limits(**{"seconds": 100.0, **limits}), trust=trust)
    return examine(find_submissions([folder])[0], settings).outcome


walls = pytest.mark.parametrize("trust", [pytest.param(False, marks=WALLED), True], ids=["walled", "trusted"])


@walls
@pytest.mark.parametrize(
    ("text", "limits", "sentence"),
    [
        ("os._exit(7)", {}, "ended its process with code 7"),
        ("os.kill(os.getpid(), 9)", {}, r"its process was ended 2 times \(SIGKILL\)"),
        ("while True: pass", {"seconds": 3.0}, "did not end within 3 s"),
        (
            "[os.fork() or (time.sleep(60), os._exit(0)) for _ in range(9)]; time.sleep(60)",
            {"processes": 6},
            "processes",
        ),
        ("kept = bytearray(b'1') * (600 << 20); time.sleep(60)", {"memory": 300 << 20}, "GB of memory"),
        ("kept = bytearray(20 << 30)", {}, "raised MemoryError"),
        ("open(os.environ['TMPDIR'] + '/a', 'wb').write(bytes(9 << 20))", {"written": 5 << 20}, "too large|wrote more"),
        (
            "[open(f\"{os.environ['TMPDIR']}/{i}\", 'wb').write(bytes(4 << 20)) for i in range(4)]; time.sleep(60)",
            {"written": 9 << 20},
            "wrote more than 9 MB",
        ),
        ("sys.exit()", {}, "raised SystemExit"),
        ("input()", {}, "raised EOFError"),
        ("import shutil; shutil.rmtree(os.environ['TMPDIR'], ignore_errors=True); os._exit(0)", {}, "with code 0"),
    ],
)
def test_a_program_costs_only_itself(folder, trust, text, limits, sentence, tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    outcome = examined(folder, text, trust, **limits)
    assert outcome.verdict == "not examined"
    assert outcome.report == ""
    assert re.search(sentence, outcome.sentence), outcome.sentence
    assert os.listdir(tmp_path) == ["class"]


@WALLED
@pytest.mark.parametrize(
    ("look", "seen"),
    [
        ("os.path.exists({neighbour!r})", "False"),
        ("os.path.exists({beside!r})", "True"),
        ("os.path.exists(os.path.expanduser('~/.bashrc'))", "False"),
        ("os.access({beside!r}, os.W_OK)", "False"),
        ("sorted(set(os.listdir('/')) - {opened!r})", "[]"),
        ("'SECRET' in os.environ", "False"),
        ("len([name for name in os.listdir('/proc') if name.isdigit()]) < 6", "True"),
    ],
)
def test_behind_the_wall_it_sees_its_own_folder_only(folder, tmp_path, monkeypatch, look, seen):
    monkeypatch.setenv("SECRET", "1")
    (tmp_path / "private.txt").write_text("")
    (folder / "data.csv").write_text("")
    opened = {path.split("/")[1] for path in walled((), str(folder), None) if path.startswith("/")}
    text = look.format(neighbour=str(tmp_path / "private.txt"), beside=str(folder / "data.csv"), opened=opened)
    outcome = examined(folder, f"raise ValueError({text})", trust=False)
    assert outcome.sentence.endswith(f"raised ValueError: {seen}")


@WALLED
def test_behind_the_wall_there_is_no_network_but_its_own(folder):
    text = "import socket; raise ValueError(socket.if_nameindex())"
    assert examined(folder, text, trust=False).sentence.endswith("raised ValueError: [(1, 'lo')]")


@walls
def test_the_report_is_that_of_a_single_run(lesson, shell, trust):
    settings = Settings(("--no-cures", "--budget", "300"), Limits(600.0), trust=trust)
    for submission in find_submissions([lesson]):
        alone = json.loads(shell("diagnose", submission.path, "--no-cures", "--budget", "300", "--json").stdout)
        assert timeless(json.loads(examine(submission, settings).document)) == timeless(alone)


def test_the_cause_stands_in_the_outcome(lesson):
    settings = Settings(("--no-cures", "--budget", "300"), Limits(600.0), trust=True)
    done = examine(find_submissions([lesson / "ada"])[0], settings)
    assert str(done.outcome.cause) == "U01 update-ascends"
    assert done.outcome.cause.line in range(20, 24)
    assert done.outcome.stages["update"] == "faulty"
    assert done.outcome.after > done.outcome.before
    assert "U01" in done.page


def test_it_can_be_stopped(folder):
    (folder / "net.py").write_text(CASE.format("time.sleep(60)"))
    with pytest.raises(Stopped):
        examine(find_submissions([folder])[0], Settings((), Limits(100.0), trust=True), stopped=lambda: True)


def timeless(value):
    """The same JSON without its seconds."""
    if isinstance(value, dict):
        return {name: timeless(item) for name, item in value.items() if name != "seconds"}
    return [timeless(item) for item in value] if isinstance(value, list) else value
