"""200 submissions by two workers: none lost, each as when run alone, nothing changed."""

import hashlib
import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.many.class_of_200 import N_HOSTILE, SECRET, SIZE, hostile, make_class
from tests.many.conftest import WALLED
from tests.many.test_examine import timeless
from tests.many.test_run import workers_of

pytestmark = [pytest.mark.slow, WALLED]
BUDGET = 200
OPTIONS = ("--no-cures", "--budget", str(BUDGET))
HOSTILE = {path.split("/")[0] for path in hostile(Path(), Path(), 0)} | {"folder.py", "circle.py"}


@pytest.fixture(scope="module")
def school(tmp_path_factory):
    """A folder with the class, a home with a secret, and a socket that listens."""
    folder = tmp_path_factory.mktemp("school")
    (folder / "home").mkdir()
    (folder / "home" / "secret.txt").write_text(SECRET)
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        listening.setblocking(False)
        make_class(folder / "class", folder / "home", listening.getsockname()[1])
        yield folder, listening


def start(folder, *arguments):
    command = [sys.executable, "-m", "unstuck", "diagnose", *arguments]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "TMPDIR": str(folder), "PYTHONWARNINGS": ""}
    environment.pop("UNSTUCK_STRICT", None)
    return subprocess.Popen(
        command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
    )


def contents(folder):
    """Every file below, with its bytes as a number; links as what they hold."""
    return {
        str(path.relative_to(folder)): os.readlink(path)
        if path.is_symlink()
        else hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_symlink() or path.is_file()
    }


def results(folder, out):
    """What came of each program, by name, and each report."""
    lines = [json.loads(line) for line in (folder / out / "results.jsonl").read_text().splitlines()]
    assert len(lines) == len({line["name"] for line in lines}) == SIZE
    reports = {
        line["name"]: json.loads((folder / out / "reports" / f"{line['report']}.json").read_text())
        for line in lines
        if line["report"]
    }
    return {line["name"]: line for line in lines}, reports


@pytest.fixture(scope="module")
def first(school):
    """A run that nothing disturbs."""
    folder, listening = school
    before = contents(folder)
    began = time.perf_counter()
    process = start(folder, "class", "--out", "first", "--jobs", "2", *OPTIONS)
    process.communicate()
    seconds = time.perf_counter() - began
    print(f"{SIZE} programs by 2 workers in {seconds:.0f} s, {60 * SIZE / seconds:.1f} a minute")
    assert process.returncode == 1
    after = contents(folder)
    assert {path: after[path] for path in after if not path.startswith("first/")} == before
    with pytest.raises(BlockingIOError):
        listening.accept()  # nobody has come
    return results(folder, "first")


def test_every_program_has_one_result_within_its_limits(first):
    lines, _ = first
    by_verdict = {}
    for line in lines.values():
        by_verdict.setdefault(line["verdict"], []).append(line["name"])
    print({verdict: len(names) for verdict, names in by_verdict.items()})
    assert max(line["seconds"] for line in lines.values()) < 3 * BUDGET + 60 + 30
    unexamined = {name.split("/")[0] for name in by_verdict["not examined"]}
    assert unexamined <= HOSTILE
    assert len(HOSTILE) == N_HOSTILE


def test_nobody_reads_what_is_not_his(first):
    lines, reports = first
    told = json.dumps([lines, reports])
    assert SECRET not in told
    assert "while True" not in lines["neighbour/net.py"]["sentence"]
    for name in ("neighbour/net.py", "home/net.py"):
        assert "No such file" in lines[name]["sentence"]
    assert "refused" in lines["connects/net.py"]["sentence"] or "unreachable" in lines["connects/net.py"]["sentence"]


def test_kills_of_a_worker_and_of_the_driver_lose_nothing(school, first):
    folder, _ = school
    arguments = ("class", "--out", "killed", "--jobs", "2", *OPTIONS)
    driver, moments = start(folder, *arguments), random.Random(1)
    kills = 0
    for share in (40, 90, 120):
        while count(folder / "killed") < share:
            assert driver.poll() is None
            time.sleep(0.1)
        time.sleep(moments.uniform(0, 2))
        if share == 90:
            driver.kill()
            driver.communicate()
            driver = start(folder, *arguments, "--resume")
        else:
            os.kill(moments.choice(workers_of(folder)), signal.SIGKILL)
        kills += 1
    driver.communicate()
    assert driver.returncode == 1
    assert kills == 3
    lines, reports = results(folder, "killed")
    assert {name: timeless(line) for name, line in lines.items()} == {n: timeless(line) for n, line in first[0].items()}
    assert {name: timeless(one) for name, one in reports.items()} == {n: timeless(one) for n, one in first[1].items()}


def count(out):
    return (out / "results.jsonl").read_text().count("\n") if (out / "results.jsonl").exists() else 0


def test_results_are_those_of_single_runs(school, first):
    """Every program that is not hostile, alone, without a wall."""
    folder, _ = school
    lines, reports = first
    names = [name for name in lines if name.split("/")[0] not in HOSTILE]

    def alone(name):
        out, _ = start(folder, f"class/{name}", "--json", *OPTIONS).communicate()
        return timeless(json.loads(out))

    with ThreadPoolExecutor(2) as pool:
        for name, report in zip(names, pool.map(alone, names)):
            assert report == timeless(reports[name]), name
    assert len(names) == SIZE - N_HOSTILE
