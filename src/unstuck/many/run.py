"""All programs, on this machine or on a cluster: what is done is written down at once, what was done before is kept."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from unstuck.errors import UnstuckError
from unstuck.many.examine import Examined, Settings, digest_of, examine
from unstuck.many.isolation import why_no_isolation
from unstuck.many.ledger import open_ledger
from unstuck.many.outcome import Outcome
from unstuck.many.submissions import Submission
from unstuck.writing import write_whole

REPORTS = "reports"  # folder of the single reports
CONNECTING = 10.0  # seconds
RETRIES = 3  # times that a program is given to another worker when one is lost
# A page that somebody else's program may have had a hand in loads nothing and runs nothing.
HARMLESS = (
    '<!DOCTYPE html>\n<meta http-equiv="Content-Security-Policy" '
    "content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\">\n"
)

Examine = Callable[[Submission, Settings], Examined]
Listener = Callable[[Outcome], Any]


def diagnose_all(
    submissions: list[Submission], settings: Settings, out: Path, workers: Workers, resume: bool, listen: Listener
) -> list[Outcome]:
    """Diagnose all programs and write what came of each into the folder `out`.

    `listen` is called with each outcome as it comes, those of an earlier run first. The outcomes come back in the
    order of the submissions. Raises UnstuckError if there is no wall and no trust.
    """
    if not settings.trust and (reason := workers.ask(why_no_isolation)):
        raise UnstuckError(
            f"{reason}, and so nothing would keep these programs from your files and the network: expected bubblewrap, "
            "or --trust if you would run them yourself"
        )
    with open_ledger(out, resume) as ledger:
        (out / REPORTS).mkdir(exist_ok=True)
        known = {(outcome.path, outcome.digest): outcome for outcome in ledger.outcomes}
        done: dict[str, Outcome] = {}
        for submission in submissions:
            outcome = known.get((submission.path, digest_of(submission, settings))) if known else None
            if outcome is not None:
                done[submission.path] = outcome
                listen(outcome)
        left = [submission for submission in submissions if submission.path not in done]
        for examined in workers.map(left, settings):
            _write_report(out / REPORTS, examined)
            ledger.append(examined.outcome)
            done[examined.outcome.path] = examined.outcome
            listen(examined.outcome)
    return [done[submission.path] for submission in submissions]


def _write_report(folder: Path, examined: Examined) -> None:
    name = examined.outcome.report
    if name:
        write_whole(folder / f"{name}.json", examined.document)
    if name and examined.page:
        write_whole(folder / f"{name}.html", HARMLESS + examined.page.removeprefix("<!DOCTYPE html>\n"))


class Workers:
    """Processes or machines that programs are handed to; `examine` is what they do with one."""

    def __init__(self, executor: Executor, examine: Examine) -> None:
        self._executor, self._examine = executor, examine

    def ask(self, question: Callable[[], str]) -> str:
        """What a worker answers."""
        return self._executor.submit(question).result()

    def map(self, submissions: Iterable[Submission], settings: Settings) -> Iterator[Examined]:
        """What comes of the programs, in the order in which they are done."""
        futures = [self._executor.submit(self._examine, submission, settings) for submission in submissions]
        for future in as_completed(futures):
            yield future.result()


@contextmanager
def workers_here(jobs: int) -> Iterator[Workers]:
    """So many programs at a time on this machine. Who leaves early ends those that run."""
    stop = threading.Event()
    pool = ThreadPoolExecutor(jobs)
    try:
        yield Workers(pool, functools.partial(examine, stopped=stop.is_set))
    finally:
        stop.set()
        pool.shutdown(cancel_futures=True)


@contextmanager
def workers_of(address: str) -> Iterator[Workers]:
    """The workers of a Dask cluster, each of which finds the programs at the same paths.

    Raises UnstuckError where dask.distributed is not installed, or nothing answers at the address.
    """
    try:
        from distributed import Client
    except ImportError:
        raise UnstuckError("--scheduler needs dask.distributed: pip install 'unstuck[cluster]'") from None
    try:
        client = Client(address, timeout=CONNECTING)
    except (OSError, ValueError, TimeoutError) as error:
        raise UnstuckError(f"--scheduler {address}: no Dask scheduler answers there: {error}") from error
    with client, client.get_executor(pure=False, retries=RETRIES) as executor:
        yield Workers(executor, examine)
