"""The system's own locks, where it has them: no file outside of given folders changes, whoever tries it.

Linux's Landlock (https://docs.kernel.org/userspace-api/landlock.html) is asked for by system calls, which have the
same numbers on all processors. Writing in C past Python's functions, as HDF5 and SQLite do, finds it.
"""

from __future__ import annotations

import ctypes
import os
import signal
import struct
import sys
from collections.abc import Iterable
from contextlib import suppress

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446  # numbers of the system calls
PATH_BENEATH, VERSION = 1, 1
DEATH_SIGNAL, NO_NEW_PRIVILEGES = 1, 38  # of prctl
WRITE_FILE, MOVE, TRUNCATE = 1 << 1, 1 << 13, 1 << 14
MAKING_AND_REMOVING = sum(1 << bit for bit in range(4, 13))  # remove, make: folder, file, socket, pipe, device, link
CONNECT_TCP, BIND_TCP = 1 << 1, 1 << 0
SIGNALS = 1 << 1  # to processes outside
DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/tty")
LARGEST_FILE = 2 << 30  # bytes


def lock(folders: Iterable[str]) -> bool:
    """Lets this process and its children write below these folders, and to no file else; false where it cannot be had.

    Devices that swallow everything may be written to as well.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    version = libc.syscall(CREATE_RULESET, None, 0, VERSION) if sys.platform == "linux" else -1
    if version < 1:
        return False
    files = WRITE_FILE | MAKING_AND_REMOVING | (MOVE if version >= 2 else 0) | (TRUNCATE if version >= 3 else 0)
    network, scope = (CONNECT_TCP | BIND_TCP if version >= 4 else 0), (SIGNALS if version >= 6 else 0)
    attributes = struct.pack("QQQ", files, network, scope)[: 8 if version < 4 else 16 if version < 6 else 24]
    ruleset = libc.syscall(CREATE_RULESET, attributes, len(attributes), 0)
    if ruleset < 0:
        return False
    try:
        for folder in (*folders, *DEVICES):
            with suppress(OSError):
                descriptor = os.open(folder, os.O_PATH | os.O_CLOEXEC)
                allowed = files if os.path.isdir(folder) else files & (WRITE_FILE | TRUNCATE)
                libc.syscall(ADD_RULE, ruleset, PATH_BENEATH, struct.pack("=Qi", allowed, descriptor), 0)
                os.close(descriptor)
        libc.prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0)
        return bool(libc.syscall(RESTRICT_SELF, ruleset, 0) == 0)
    finally:
        os.close(ruleset)


def end_with_parent(parent: int) -> None:
    """Has the system end this process when the one that started it ends, however that may be; `parent` is its number."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(DEATH_SIGNAL, signal.SIGKILL)
        if os.getppid() != parent:  # it has ended before
            os._exit(1)


def limit(memory: int) -> None:
    """No core files, no huge files, and a MemoryError rather than a machine that swaps; memory in bytes."""
    if sys.platform == "win32":
        return
    import resource

    for kind, value in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, LARGEST_FILE),
        (resource.RLIMIT_DATA, memory),
    ):
        with suppress(OSError, ValueError):
            hard = resource.getrlimit(kind)[1]
            resource.setrlimit(kind, (value if hard == resource.RLIM_INFINITY else min(value, hard), hard))
