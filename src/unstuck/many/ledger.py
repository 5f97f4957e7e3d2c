"""The results as they come: one line of JSON for each program, whole or not there at all."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from unstuck.errors import UnstuckError
from unstuck.many.outcome import Outcome

NAME = "results.jsonl"


class Ledger:
    """The file of results, opened by one run at a time. `outcomes` are those that it holds."""

    def __init__(self, descriptor: int, outcomes: list[Outcome]) -> None:
        self._descriptor, self.outcomes = descriptor, outcomes

    def append(self, outcome: Outcome) -> None:
        """Write one more line; it is on the disk when this returns."""
        line = (json.dumps(outcome.to_dict(), allow_nan=False) + "\n").encode()
        while line:
            line = line[os.write(self._descriptor, line) :]
        os.fsync(self._descriptor)
        self.outcomes.append(outcome)


@contextmanager
def open_ledger(folder: Path, resume: bool) -> Iterator[Ledger]:
    """The results in a folder, which is made if it is not there.

    A line that was cut off when a run was killed is taken away. Raises UnstuckError where there are results and
    `resume` is false, or another run is writing there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / NAME
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o666)
    try:
        _lock(descriptor, path)
        content = path.read_bytes()
        if content and not resume:
            raise UnstuckError(
                f"{path}: holds the results of another run: --resume goes on with it, or name a new folder"
            )
        whole = content[: content.rfind(b"\n") + 1]
        os.ftruncate(descriptor, len(whole))
        yield Ledger(descriptor, list(_outcomes(whole)))
    finally:
        os.close(descriptor)


def _outcomes(lines: bytes) -> Iterator[Outcome]:
    """Those that can be read: what cannot is examined anew."""
    for line in lines.splitlines():
        with suppress(ValueError, TypeError, AttributeError):
            yield Outcome.from_dict(json.loads(line))


def _lock(descriptor: int, path: Path) -> None:
    try:
        import fcntl
    except ImportError:  # Windows
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise UnstuckError(f"{path}: another run is writing there") from error
