"""One program among many, diagnosed by `unstuck diagnose` in a process of its own, behind a wall and within limits."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from unstuck.adapters.scripts.running.process import HOME, end, signal_name, temporary_folder
from unstuck.many.isolation import bare_environment, walled
from unstuck.many.limits import Limits, end_family
from unstuck.many.outcome import UNEXAMINED, Outcome, facts_of
from unstuck.many.submissions import Submission

START = Path(__file__).with_name("start.py")
LOOK = 0.1  # seconds between looks at the process
ATTEMPTS = 2  # at a program whose process somebody else ended
LONGEST_SENTENCE = 500  # characters
LARGEST_ANSWER = 64 << 20  # bytes of JSON or HTML
PIECE = 1 << 20


@dataclass(frozen=True)
class Settings:
    """What is asked of every program.

    arguments  of `unstuck diagnose`, beside the program
    limits     of each program
    reads      absolute paths of data that each may read
    trust      whether they run with the user's own rights, without a wall
    pages      whether the report is wanted as a page too
    """

    arguments: tuple[str, ...]
    limits: Limits
    reads: tuple[str, ...] = ()
    trust: bool = False
    pages: bool = True


@dataclass(frozen=True)
class Examined:
    """An outcome with its report: the JSON as `unstuck diagnose --json` prints it, and the page."""

    outcome: Outcome
    document: str = ""
    page: str = ""


@dataclass(frozen=True)
class Ending:
    """How a process ended: with a code, or because it passed a limit; and what it said."""

    code: int
    passed: str
    document: str
    complaint: str
    page: str

    @property
    def signal(self) -> int | None:
        """The signal that ended it, if one did; the wall tells it as shells do."""
        return -self.code if self.code < 0 else self.code - 128 if self.code > 128 else None


class Stopped(Exception):
    """The whole run is to end."""


def examine(submission: Submission, settings: Settings, stopped: Callable[[], bool] = lambda: False) -> Examined:
    """Diagnose one program; whatever it does, this comes back, and no process and no file is left.

    `stopped` is asked now and then whether to give up. Raises Stopped then.
    """
    started, name = time.perf_counter(), report_name(submission)
    facts: dict[str, Any] = {"verdict": UNEXAMINED}
    document = page = ""
    if submission.is_link:
        facts["sentence"] = "is a symbolic link, which is not followed"
    elif os.path.isdir(submission.path):
        facts["sentence"] = "is a folder, expected a Python script (.py) or a notebook (.ipynb)"
    else:
        for _ in range(ATTEMPTS):
            ending = run(submission, settings, stopped)
            if ending.passed or ending.signal is None:
                break
        document, page = ending.document, ending.page
        try:
            facts |= facts_of(json.loads(document))
        except ValueError:
            document = page = ""
            facts["sentence"] = _why_no_report(ending, submission)
    outcome = Outcome(
        submission.name,
        submission.path,
        digest_of(submission, settings),
        seconds=round(time.perf_counter() - started, 3),
        report=name if document else "",
        **facts,
    )
    return Examined(outcome, document, page)


def run(submission: Submission, settings: Settings, stopped: Callable[[], bool]) -> Ending:
    """Runs `unstuck diagnose` on one program, until it ends or passes a limit."""
    with temporary_folder() as folder:
        at = Path(folder)
        said, complained, page = at / "document.json", at / "complaints.txt", at / "page.html"
        with open(said, "wb") as out, open(complained, "wb") as complaints:
            process = subprocess.Popen(
                _command(submission, settings, folder, page),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=complaints,
                start_new_session=True,
                env=_environment(settings, folder),
            )
        try:
            passed = _watch(process, settings.limits, folder, stopped)
        finally:
            if process.poll() is None:
                end_family(process.pid)
            end(process)
        return Ending(process.returncode, passed, _text(said), _text(complained), _text(page))


def _watch(process: subprocess.Popen[bytes], limits: Limits, folder: str, stopped: Callable[[], bool]) -> str:
    """Waits for a process; answers which limit it passed, if it did: then it still runs."""
    started = time.monotonic()
    while True:
        with suppress(subprocess.TimeoutExpired):
            process.wait(LOOK)
            return ""
        if passed := limits.passed(process.pid, time.monotonic() - started, folder):
            return passed
        if stopped():
            raise Stopped


def _command(submission: Submission, settings: Settings, folder: str, page: Path) -> list[str]:
    here = os.getcwd()
    wall = [] if settings.trust else walled((*submission.reads, *settings.reads), here, folder)
    parent = os.getpid() if settings.trust else 0  # behind the wall it is not seen, and ends with it anyway
    limits = json.dumps(settings.limits.of_each_process())
    start = [sys.executable, "-P", "-B", str(START), str(parent), limits]
    html = ["--html", str(page)] if settings.pages else []
    return [*wall, *start, "--json", *html, *settings.arguments, submission.path]


def _environment(settings: Settings, folder: str) -> dict[str, str]:
    environment = dict(os.environ) if settings.trust else bare_environment(folder)
    return {**environment, "PYTHONPATH": HOME, **dict.fromkeys(("TMPDIR", "TEMP", "TMP"), folder)}


def _why_no_report(ending: Ending, submission: Submission) -> str:
    """One sentence, without the name of the program where it begins with that."""
    if ending.passed:
        return ending.passed
    number = ending.signal
    if number is not None:
        return f"its process was ended {ATTEMPTS} times ({signal_name(number)})"
    said = [line for line in ending.complaint.splitlines() if line.startswith("unstuck: ")]
    if not said:
        return f"ended its process with code {ending.code}"
    sentence = said[-1].removeprefix("unstuck: ").removeprefix(submission.path).lstrip(":, ")
    return re.sub(r"^(\d+): ", r"line \1: ", sentence)[:LONGEST_SENTENCE]


def _text(path: Path) -> str:
    """What a process wrote into a file of its folder; "" where there is none, and of a link, which leads elsewhere."""
    with suppress(OSError):
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
        with open(descriptor, encoding="utf-8", errors="replace") as file:
            return file.read(LARGEST_ANSWER)
    return ""


def report_name(submission: Submission) -> str:
    """The name of its report's files: readable, and another for every path."""
    readable = re.sub(r"[^A-Za-z0-9._-]+", "-", submission.name).strip("-.")[:80]
    return f"{readable}-{hashlib.sha256(os.fsencode(submission.path)).hexdigest()[:8]}"


def digest_of(submission: Submission, settings: Settings) -> str:
    """A number for the text of a program and what is asked of it; what is no file counts as empty."""
    found = hashlib.sha256(repr((settings.arguments, settings.limits, settings.trust)).encode())
    with suppress(OSError):
        if os.path.isfile(submission.path):
            with open(submission.path, "rb") as file:
                while piece := file.read(PIECE):
                    found.update(piece)
    return found.hexdigest()
