"""A wall around other people's programs: bubblewrap, where the system has it.

Behind it there is no network, no other process, nothing to read but the program's own folder, Python and the data, and
nothing to write but a temporary folder. See https://github.com/containers/bubblewrap.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from functools import cache

from unstuck.adapters.scripts.running.process import HOME

SYSTEM = (
    "/usr",
    "/bin",
    "/lib",
    "/lib32",
    "/lib64",
    "/etc/alternatives",
    "/etc/fonts",
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/sys/devices/system/cpu",  # how many cores there are, and which
)
KEPT = (  # beginnings of the names of variables that a program's numbers and texts may depend on
    *("BLIS_", "KERAS_", "LANG", "LC_", "MKL_", "NUMBA_", "OMP_", "OPENBLAS_", "TF_", "TORCH_", "TZ", "UNSTUCK_"),
    *("PYTHONHASHSEED", "PYTHONUTF8", "PYTHONWARNINGS"),
)
PROBE_SECONDS = 20.0


@cache
def why_no_isolation() -> str:
    """Why no wall can be had on this machine, as a part of a sentence; "" where it can."""
    program = shutil.which("bwrap")
    if program is None:
        return "bubblewrap (bwrap) is not installed"
    command = [*walled((), os.getcwd(), None), sys.executable, "-c", ""]
    try:
        done = subprocess.run(command, capture_output=True, timeout=PROBE_SECONDS)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"bubblewrap does not work here ({error})"
    said = done.stderr.decode(errors="replace").strip().splitlines()
    return "" if done.returncode == 0 else f"bubblewrap does not work here ({said[-1] if said else done.returncode})"


def walled(reads: Iterable[str], folder: str, writes: str | None) -> list[str]:
    """The beginning of a command: what follows runs behind the wall.

    reads   absolute paths of files and folders that can be read, beside the system and Python
    folder  where it runs: empty but for what is read there
    writes  the only folder that can be written to
    """
    shown = [option for path in SYSTEM for option in ("--ro-bind-try", path, path)]
    hidden = ["--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"]
    opened = [option for path in (*reads, *python()) for option in ("--ro-bind-try", path, path)]
    written = [] if writes is None else ["--bind", writes, writes]
    alone = ["--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL"]
    return ["bwrap", *alone, *shown, *hidden, *opened, *written, "--dir", folder, "--chdir", folder, "--"]


def python() -> list[str]:
    """The folders that Python itself needs: its own, and those that it imports from."""
    prefixes = [sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix]
    imported = [path for path in sys.path if os.path.isdir(path) and os.path.abspath(path) != os.getcwd()]
    real = os.path.dirname(os.path.dirname(os.path.realpath(sys.executable)))
    return [path for path in dict.fromkeys(map(os.path.abspath, [*prefixes, real, *imported, HOME])) if path != "/"]


def bare_environment(folder: str) -> dict[str, str]:
    """The variables of a process behind the wall: none that holds a secret, and a home that is the given folder."""
    kept = {name: value for name, value in os.environ.items() if name.startswith(KEPT)}
    return {**kept, "PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": folder}
