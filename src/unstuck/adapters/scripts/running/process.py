"""The process in which a script runs: started, listened to, kept within its limits, and ended with all it started."""

from __future__ import annotations

import json
import math
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from queue import Empty, Queue
from typing import Any, BinaryIO

import unstuck
from unstuck.adapters.scripts.running.job import Answer, Job
from unstuck.diagnosis.examination.examination import Missing
from unstuck.diagnosis.report.page.document import as_html
from unstuck.diagnosis.report.report import Report
from unstuck.diagnosis.report.text import as_text
from unstuck.errors import CaseError
from unstuck.sandbox import clock

START = Path(__file__).parents[1] / "start.py"
HOME = str(Path(unstuck.__file__).resolve().parents[1])  # the folder that holds this package
GRACE = 30.0  # seconds beyond the budget, for what ends between two instructions only
LOOK = 0.1  # seconds between looks at the process
PATIENCE = {True: 2.0, False: 8.0}  # seconds of work in which a script should train on the stand-in files that it
# takes apart itself, or that come as arrays, before it is given fewer examples
SMALL_SHARE = 0.05
MEMORY = 4 << 30  # bytes that script and diagnosis may take
END = object()

Listener = Callable[[str], None]
Message = dict[str, Any]


class Slow(Exception):
    """A script is still preparing the stand-ins that it was given."""


def diagnose_script(job: Job, listen: Listener) -> Answer:
    """Run a script in a process of its own, and have it diagnosed there.

    `listen` is called with each line as soon as it is known. Whatever the script does, an Answer comes back about when
    the budget is over, and no process and no file is left. Raises CaseError if there is no answer to be had.
    """
    try:
        return attempt(job, listen, patient=False)
    except Slow:
        answer = attempt(replace(job, share=SMALL_SHARE), listen, patient=True)
        return answer if answer.report is not None else attempt(job, listen, patient=True)


def attempt(job: Job, listen: Listener, patient: bool) -> Answer:
    """One run of the process. Raises Slow, unless patient, if the script takes too long to prepare stand-ins."""
    with temporary_folder() as folder, child(replace(job, folder=folder)) as process:
        return _follow(process, job, listen, patient)


@contextmanager
def temporary_folder() -> Iterator[str]:
    """A folder that is gone afterwards, with whatever was put in it."""
    folder = tempfile.mkdtemp(prefix="unstuck-")
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def child(job: Job) -> Iterator[subprocess.Popen[bytes]]:
    """The process, in a group and a session of its own, which are ended with it."""
    command = [sys.executable, "-P", "-B", str(START), HOME, str(os.getpid())]
    silent = None if os.environ.get("UNSTUCK_STRICT") else subprocess.DEVNULL
    with ExitStack() as ending:
        with interrupts_put_off():  # amid the start nobody would know which process to end
            process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=silent,
                start_new_session=True,
                env=_environment(job),
            )
            ending.callback(end, process)
        with suppress(BrokenPipeError):
            assert process.stdin is not None
            process.stdin.write(job.to_json().encode())
            process.stdin.close()
        yield process


@contextmanager
def interrupts_put_off() -> Iterator[None]:
    """Raises KeyboardInterrupt for a Ctrl-C at the end only; in other threads than the main one there is none."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    pressed = threading.Event()
    handler = signal.signal(signal.SIGINT, lambda number, frame: pressed.set())
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)
    if pressed.is_set():
        raise KeyboardInterrupt


def end(process: subprocess.Popen[bytes]) -> None:
    """Ends a process with everything in its group."""
    with suppress(ProcessLookupError, PermissionError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    process.wait()


def _environment(job: Job) -> dict[str, str]:
    """Temporary files go into the job's folder; what draws does so in memory; nothing starts processes."""
    quiet = {"MPLBACKEND": "Agg", "JOBLIB_MULTIPROCESSING": "0", "TF_CPP_MIN_LOG_LEVEL": "3", "TQDM_DISABLE": "1"}
    return {
        **{
            name: value
            for name, value in os.environ.items()
            if name not in ("DISPLAY", "WAYLAND_DISPLAY", "PYTHONSTARTUP")
        },
        **quiet,
        **dict.fromkeys(("TMPDIR", "TEMP", "TMP"), job.folder),
    }


def _follow(process: subprocess.Popen[bytes], job: Job, listen: Listener, patient: bool) -> Answer:
    """Listens to the process until there is an answer, or a limit is passed; then it has ended."""
    assert process.stdout is not None
    messages: Queue[Any] = Queue()
    reader = threading.Thread(target=_read, args=(process.stdout, messages), daemon=True)
    reader.start()
    try:
        return _answer(process, job, listen, patient, messages)
    finally:
        end(process)
        reader.join(GRACE)


def _answer(
    process: subprocess.Popen[bytes], job: Job, listen: Listener, patient: bool, messages: Queue[Any]
) -> Answer:
    started = time.monotonic()
    patience = math.inf
    reading: Message | None = None
    while True:
        try:
            message = messages.get(timeout=LOOK)
        except Empty:
            message = {}
        elapsed = time.monotonic() - started
        if message is END:
            return without_diagnosis(job, reading, _ending(process), elapsed)
        kind = message.get("kind")
        reading = message.get("reading", reading)
        if kind == "line":
            listen(message["text"])
        elif kind == "answer":
            return Answer(**message["answer"])
        if kind == "stands in" and not patient:
            patience = min(patience, PATIENCE[message["slow"]])
        elif kind == "trains":
            patient, patience = True, math.inf
        if patience < math.inf and seconds_worked(process.pid, elapsed) > patience:
            raise Slow
        if elapsed > clock.LONGEST * job.budget + GRACE:
            reason = f"did not end within {elapsed:.0f} s, and could not be interrupted"
            return without_diagnosis(job, reading, reason, elapsed)
        if (used := resident_memory(process.pid)) > MEMORY:
            reason = f"took {used / 2**30:.1f} GB of memory, more than {MEMORY / 2**30:.0f} GB"
            return without_diagnosis(job, reading, reason, elapsed)


def without_diagnosis(job: Job, reading: Message | None, reason: str, seconds: float) -> Answer:
    """What is known where the process had to be ended: the reading, if it came so far. Raises CaseError if not."""
    if reading is None:
        raise CaseError(f"{job.path}: {reason}")
    report = Report(Path(job.path).stem, "inconclusive", seconds, {}, reading=reading)
    report.unchecked = [
        Missing("the diagnosis of what was read", f"a process that goes on to its end; this one {reason}")
    ]
    page = as_html(report) if job.html else ""
    return Answer(report.to_dict(), as_text(replace(report, reading=None)), page)


def _read(stream: BinaryIO, messages: Queue[Any]) -> None:
    with stream:  # ends with the process
        for line in stream:
            with suppress(ValueError):
                message = json.loads(line)
                if isinstance(message, dict):
                    messages.put(message)
    messages.put(END)


def _ending(process: subprocess.Popen[bytes]) -> str:
    """Why a process ended without an answer."""
    code = process.wait()
    if code < 0:
        return f"crashed in code that is not Python ({signal_name(-code)})"
    return f"ended its process with code {code}"


def seconds_worked(pid: int, elapsed: float) -> float:
    """Processor time of a process, on Linux; elsewhere the seconds since it started."""
    with suppress(OSError, IndexError, ValueError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return elapsed


def resident_memory(pid: int) -> int:
    """Bytes in main memory, on Linux; 0 where that is not known."""
    with suppress(OSError, IndexError, ValueError):
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return 0


def signal_name(number: int) -> str:
    """What the system calls a signal, or its number."""
    return signal.Signals(number).name if number in set(signal.Signals) else f"signal {number}"
