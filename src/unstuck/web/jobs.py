"""Work that takes seconds: a few jobs at a time, each in a process of its own; the others wait in a queue."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import secrets
import shutil
import sys
import tempfile
import time
from asyncio.subprocess import PIPE
from contextlib import suppress
from dataclasses import dataclass, field
from getpass import getuser
from pathlib import Path
from typing import Any, Literal

from unstuck.web import limits
from unstuck.writing import lives

Task = Literal["train", "run", "diagnose", "program"]
State = Literal["waiting", "running", "done", "stopped", "failed"]
LINE_BYTES = 4 * 1024 * 1024
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}

WORKER = sys.executable, "-P", "-m", "unstuck.web.worker"

log = logging.getLogger("unstuck.web")


class QueueFull(Exception):
    """As many jobs wait already as may, in all or of one client."""

    def __init__(self, of_client: bool) -> None:
        super().__init__()
        self.of_client = of_client


@dataclass(eq=False)
class Job:
    """One piece of work. Its id cannot be guessed: who knows it may watch, stop and read the job, nobody else."""

    task: Task
    settings: dict[str, Any]
    seconds: float  # that it may take
    folder: Path
    watched: bool = True  # dropped when nobody asks about it; the server's own jobs are not
    client: str | None = None  # the address that asked for it
    id: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    state: State = "waiting"
    points: list[Any] = field(default_factory=list)
    snapshot: Any = None
    result: Any = None
    error: str | None = None
    out_of_time: bool = False
    asked: float = field(default_factory=time.monotonic)  # when somebody last asked about it
    wanted_to_stop: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def over(self) -> bool:
        """Whether nothing more will happen."""
        return self.state in ("done", "stopped", "failed")

    def hear(self, line: bytes) -> None:
        """Take in a line of the worker's."""
        [(kind, value)] = json.loads(line).items()
        if kind in ("snapshot", "result", "error"):
            setattr(self, kind, value)
        elif len(self.points) < limits.JOB_POINTS:
            self.points.append(value)


def remove_abandoned_folders(temporary: Path) -> None:
    """Remove what servers left that were killed: folders of this user's that name a process which is gone."""
    for folder in temporary.glob("unstuck-*-*"):
        number = folder.name.split("-")[1]
        with suppress(OSError):
            ours = number.isdecimal() and folder.is_dir() and not folder.is_symlink() and folder.owner() == getuser()
            if ours and not lives(int(number)):
                shutil.rmtree(folder, ignore_errors=True)


class Jobs:
    """The jobs of all visitors. A context manager: leaving it ends them and removes their files."""

    def __init__(self) -> None:
        self.jobs: dict[str, Job] = {}  # oldest first
        self.queue: asyncio.Queue[Job] = asyncio.Queue()

    async def __aenter__(self) -> Jobs:
        remove_abandoned_folders(Path(tempfile.gettempdir()))
        self.folder = Path(tempfile.mkdtemp(prefix=f"unstuck-{os.getpid()}-"))
        workers = [self._work() for _ in range(limits.RUNNING_JOBS)]
        self.tasks = [asyncio.create_task(task) for task in (*workers, self._drop_unwatched())]
        return self

    async def __aexit__(self, *exception: object) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    def submit(
        self, task: Task, settings: dict[str, Any], seconds: float, watched: bool = True, client: str | None = None
    ) -> Job:
        """Put a job into the queue; QueueFull if there is no room, or none for this client."""
        waiting = self.waiting()
        of_client = sum(client is not None and job.client == client for job in waiting)
        if len(waiting) >= limits.WAITING_JOBS or of_client >= limits.WAITING_OF_ONE:
            raise QueueFull(of_client >= limits.WAITING_OF_ONE)
        self.folder.mkdir(mode=0o700, exist_ok=True)  # whoever cleans up temporary folders may have taken it
        job = Job(task, settings, seconds, Path(tempfile.mkdtemp(dir=self.folder)), watched, client)
        self.jobs[job.id] = job
        self.queue.put_nowait(job)
        self._forget_old()
        return job

    def find(self, id: str) -> Job | None:
        """The job of that id, noting that somebody asked about it."""
        job = self.jobs.get(id)
        if job is not None:
            job.asked = time.monotonic()
        return job

    def stop(self, job: Job) -> None:
        """End a job: at once while it waits, else as soon as its process has come to an end."""
        if job.state == "waiting":
            job.state = "stopped"
        job.wanted_to_stop.set()

    def waiting(self) -> list[Job]:
        """The queue, first come first."""
        return [job for job in self.jobs.values() if job.state == "waiting"]

    def jobs_before(self, job: Job) -> int:
        """How many jobs are to end before this one begins: those before it in the queue, and one that runs."""
        return self.waiting().index(job) + 1 if job.state == "waiting" else 0

    def _forget_old(self) -> None:
        over = [job for job in self.jobs.values() if job.over and job.watched]
        for job in over[: max(0, len(over) - limits.KEPT_JOBS)]:
            del self.jobs[job.id]
            shutil.rmtree(job.folder, ignore_errors=True)

    async def _drop_unwatched(self) -> None:
        """Stop the jobs that nobody asks about any more."""
        while True:
            await asyncio.sleep(1)
            for job in list(self.jobs.values()):
                if job.watched and not job.over and time.monotonic() - job.asked > limits.UNWATCHED_SECONDS:
                    self.stop(job)

    async def _work(self) -> None:
        """One slot: takes job after job."""
        while True:
            job = await self.queue.get()
            if job.state != "waiting":
                continue
            try:
                await run(job)
            except Exception:
                log.exception("a job came to an unforeseen end")
                job.state, job.error = "failed", "this went wrong on the server; its log says how"


async def run(job: Job) -> None:
    """The worker process of a job, from its start to its end."""
    job.state = "running"
    complaints = job.folder / "stderr.txt"
    with complaints.open("wb") as stderr:
        process = await asyncio.create_subprocess_exec(
            *WORKER,
            stdin=PIPE,
            stdout=PIPE,
            stderr=stderr,
            cwd=job.folder,
            env=os.environ | ONE_THREAD,
            limit=LINE_BYTES,
        )
    ending = asyncio.create_task(end_in_time(job, process))
    try:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps({"task": job.task, "settings": job.settings}).encode() + b"\n")
        with suppress(ConnectionError):
            await process.stdin.drain()
        async for line in process.stdout:
            job.hear(line)
        await process.wait()
    finally:
        ending.cancel()
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
    if job.wanted_to_stop.is_set():
        if job.out_of_time and job.result is None:
            job.error = f"it was not done within {job.seconds:g} seconds"
        job.state = "stopped"
    elif job.result is not None:
        job.state = "done"
    else:
        if job.error is None:
            log.error("a job ended without a result:\n%s", complaints.read_text(errors="replace")[-3000:])
            job.error = "this went wrong on the server; its log says how"
        job.state = "failed"


async def end_in_time(job: Job, process: asyncio.subprocess.Process) -> None:
    """Ask the worker to stop when somebody wishes it or its time is over; end its process if it does not."""
    try:
        await asyncio.wait_for(job.wanted_to_stop.wait(), job.seconds)
    except TimeoutError:
        job.out_of_time = True
        job.wanted_to_stop.set()
    assert process.stdin is not None
    with suppress(ConnectionError):
        process.stdin.write(b"stop\n")
        await process.stdin.drain()
    await asyncio.sleep(limits.GRACE_SECONDS)
    with suppress(ProcessLookupError):
        process.kill()
