"""Many programs together: what is written as it comes, what a killed run leaves, who may write where."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time

import pytest

from tests.many.conftest import WALLED
from unstuck.errors import UnstuckError
from unstuck.many import run
from unstuck.many.examine import Examined, Settings
from unstuck.many.ledger import open_ledger
from unstuck.many.limits import Limits
from unstuck.many.outcome import Outcome
from unstuck.many.submissions import find_submissions

SETTINGS = Settings((), Limits(100.0), trust=True)
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="looks for processes as Linux shows them")
walls = pytest.mark.parametrize(
    "options", [pytest.param((), marks=WALLED, id="walled"), pytest.param(("--trust",), id="trusted")]
)


class FakeWorkers:
    """Workers that know the answer, and of whom it is known what they were given."""

    def __init__(self, most=100):
        self.given, self.most = [], most

    def map(self, submissions, settings):
        for submission in submissions:
            if len(self.given) == self.most:
                raise KeyboardInterrupt
            self.given.append(submission.name)
            digest = run.digest_of(submission, settings)
            yield Examined(Outcome(submission.name, submission.path, digest, "healthy", 0.5, report="net"), "{}", "<p>")


@pytest.fixture
def three(folder):
    for name in ("a.py", "b.py", "c.py"):
        (folder / name).write_text(name)
    return find_submissions([folder])


def diagnose(submissions, out, workers, resume=False):
    heard = []
    return run.diagnose_all(submissions, SETTINGS, out, workers, resume, lambda one: heard.append(one.name)), heard


def test_a_run_that_was_interrupted_goes_on_where_it_stopped(three, tmp_path):
    out = tmp_path / "out"
    with pytest.raises(KeyboardInterrupt):
        diagnose(three, out, FakeWorkers(most=2))
    later = FakeWorkers()
    outcomes, heard = diagnose(three, out, later, resume=True)
    assert later.given == ["c.py"]
    assert heard == [one.name for one in outcomes] == ["a.py", "b.py", "c.py"]
    assert len((out / "results.jsonl").read_text().splitlines()) == 3


def test_a_changed_program_is_examined_anew_and_an_unchanged_one_is_not(three, folder, tmp_path):
    diagnose(three, tmp_path / "out", FakeWorkers())
    (folder / "b.py").write_text("changed")
    later = FakeWorkers()
    diagnose(three, tmp_path / "out", later, resume=True)
    assert later.given == ["b.py"]


def test_a_line_that_was_cut_off_is_taken_away(three, tmp_path):
    out = tmp_path / "out"
    diagnose(three, out, FakeWorkers())
    lines = out / "results.jsonl"
    lines.write_bytes(lines.read_bytes()[:-20])
    later = FakeWorkers()
    diagnose(three, out, later, resume=True)
    assert later.given == ["c.py"]
    assert [json.loads(line)["name"] for line in lines.read_text().splitlines()] == ["a.py", "b.py", "c.py"]


def test_results_of_another_run_are_not_mixed_up(three, tmp_path):
    diagnose(three, tmp_path / "out", FakeWorkers())
    with pytest.raises(UnstuckError, match="--resume goes on with it"):
        diagnose(three, tmp_path / "out", FakeWorkers())


def test_two_runs_do_not_write_into_one_folder(tmp_path):
    with open_ledger(tmp_path, False), pytest.raises(UnstuckError, match="another run"), open_ledger(tmp_path, True):
        pass


def test_a_page_of_a_program_runs_and_loads_nothing(three, tmp_path):
    diagnose(three, tmp_path / "out", FakeWorkers())
    page = (tmp_path / "out" / "reports" / "net.html").read_text()
    assert page.startswith('<!DOCTYPE html>\n<meta http-equiv="Content-Security-Policy" content="default-src \'none\';')


def test_without_a_wall_it_takes_trust(three, tmp_path):
    class Unwalled(FakeWorkers):
        def ask(self, question):
            return "bubblewrap (bwrap) is not installed"

    with pytest.raises(UnstuckError, match=r"bubblewrap .* not installed, .* or --trust"):
        run.diagnose_all(three, Settings((), Limits(1.0)), tmp_path / "out", Unwalled(), False, print)
    assert not (tmp_path / "out").exists()


def start(tmp_path, *options):
    command = [sys.executable, "-m", "unstuck.cli", "diagnose", "class", "--out", "out", "--no-cures", *options]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "TMPDIR": str(tmp_path)}
    return subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=subprocess.DEVNULL)


def workers_of(tmp_path):
    """Processes whose temporary folder lies in ours."""
    found = []
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            try:
                with open(f"/proc/{entry.name}/environ", "rb") as file:
                    if f"TMPDIR={tmp_path}/unstuck-".encode() in file.read():
                        found.append(int(entry.name))
            except OSError:
                continue
    return found


def wait_for(condition):
    for _ in range(1200):
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError("it did not come")


@on_linux
@walls
def test_a_killed_driver_takes_its_workers_with_it_and_goes_on(lesson, tmp_path, options):
    (lesson / "slow.py").write_text("import unstuck, time, os\ntime.sleep(300)\ncase = None\n")
    driver = start(tmp_path, "--jobs", "4", *options)
    try:
        results = tmp_path / "out" / "results.jsonl"
        wait_for(lambda: results.exists() and results.read_text().count("\n") == 3 and workers_of(tmp_path))
    finally:
        driver.send_signal(signal.SIGKILL)
        driver.wait()
    wait_for(lambda: not workers_of(tmp_path))
    (lesson / "slow.py").write_text("")
    assert start(tmp_path, "--jobs", "2", "--resume", *options).wait() == 1
    names = [json.loads(line)["name"] for line in results.read_text().splitlines()]
    assert sorted(names) == ["ada/net.py", "bob/net.py", "good.py", "slow.py"]


@on_linux
@walls
def test_a_killed_worker_is_begun_again(folder, tmp_path, options):
    (folder / "net.py").write_text(
        "import unstuck, time\ntime.sleep(2)\nraise ValueError('ran to its end')\ncase = 1\n"
    )
    driver = start(tmp_path, *options)
    wait_for(lambda: workers_of(tmp_path))
    for worker in workers_of(tmp_path):
        with contextlib.suppress(ProcessLookupError):  # a launcher among them may have ended since
            os.kill(worker, signal.SIGKILL)
    assert driver.wait() == 2
    assert "ran to its end" in json.loads((tmp_path / "out" / "results.jsonl").read_text())["sentence"]
