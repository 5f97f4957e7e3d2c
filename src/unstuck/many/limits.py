"""How much one program among many may take, and who looks after it."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from dataclasses import dataclass
from glob import glob
from pathlib import Path

from unstuck.adapters.scripts.running.process import resident_memory

ENTRY = 4096  # bytes that a file takes at least


@dataclass(frozen=True)
class Limits:
    """What the processes of one program may take together; the defaults leave a script what it has when alone.

    seconds    by the clock
    memory     bytes in main memory
    data       bytes that one process may ask for: it is told at once, and may go on
    processes  at a time
    written    bytes in files
    """

    seconds: float
    memory: int = 6 << 30
    data: int = 8 << 30
    processes: int = 64
    written: int = 512 << 20

    def of_each_process(self) -> dict[str, int]:
        """Those that the system itself keeps, by their names in the module `resource`."""
        return {"RLIMIT_CORE": 0, "RLIMIT_FSIZE": self.written, "RLIMIT_DATA": self.data}

    def passed(self, pid: int, seconds: float, folder: str) -> str:
        """Which limit was passed, as a part of a sentence, by a process that runs so long and writes there; or ""."""
        if seconds > self.seconds:
            return f"did not end within {self.seconds:.0f} s"
        members = family(pid)
        if len(members) > self.processes:
            return f"ran more than {self.processes} processes at once"
        if (used := sum(map(resident_memory, members))) > self.memory:
            return f"took {used / 2**30:.1f} GB of memory, more than {self.memory / 2**30:.1f} GB"
        if written(folder, self.written) > self.written:
            return f"wrote more than {self.written / 2**20:.0f} MB"
        return ""


def family(pid: int) -> list[int]:
    """The number of a process and of all that descend from it, on Linux; elsewhere its own alone."""
    found, ahead = [], [pid]
    while ahead:
        member = ahead.pop()
        found.append(member)
        for path in glob(f"/proc/{member}/task/*/children"):
            with suppress(OSError):
                ahead += map(int, Path(path).read_text().split())
    return found


def end_family(pid: int) -> None:
    """End a process with everything that descends from it; it has not been waited for yet."""
    with suppress(ProcessLookupError, PermissionError):
        os.kill(pid, signal.SIGSTOP if hasattr(signal, "SIGSTOP") else signal.SIGTERM)  # it starts no more
    for member in reversed(family(pid)):
        with suppress(ProcessLookupError, PermissionError):
            os.kill(member, signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM)


def written(folder: str, enough: int) -> int:
    """Bytes in the files below a folder; the count stops once it is past `enough`."""
    total = 0
    for here, folders, files in os.walk(folder):
        for name in files:
            with suppress(OSError):
                total += ENTRY + os.lstat(os.path.join(here, name)).st_size
        total += ENTRY * len(folders)
        if total > enough:
            break
    return total
