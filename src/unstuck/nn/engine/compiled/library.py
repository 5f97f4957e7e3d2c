"""The compiled library: built once by the machine's C compiler, kept in the user's cache folder, loaded by ctypes.

Nothing of it is needed: where there is no compiler, or no folder to write to, training takes its NumPy form.
"""

import ctypes
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent
SOURCE = FOLDER / "step.c"
FLAGS = (
    "-O3",
    "-march=native",
    "-ffp-contract=fast",
    "-fno-math-errno",
    "-fno-trapping-math",
    "-shared",
    "-fPIC",
    "-w",
)
REALS = {"float32": ("float", 32), "float64": ("double", 64)}
SECONDS = 60  # after which a compiler is given up


@cache
def load_library(dtype: str) -> ctypes.CDLL | None:
    """The library for numbers of that type; None where it cannot be had."""
    if os.environ.get("UNSTUCK_COMPILED", "1") == "0" or sys.platform == "win32":
        return None
    compiler = find_compiler()
    if compiler is None:
        return None
    name = f"step-{dtype}-{_fingerprint(compiler, dtype)}.so"
    for folder in cache_folders():
        with suppress(OSError, subprocess.SubprocessError):
            return ctypes.CDLL(str(_built(folder / name, compiler, dtype)))
    return None


def find_compiler() -> str | None:
    """The C compiler that `CC` names, or the usual ones, if the machine has one."""
    names = [os.environ["CC"]] if os.environ.get("CC") else ["cc", "gcc", "clang"]
    return next(filter(None, map(shutil.which, names)), None)


def cache_folders() -> Iterator[Path]:
    """Where compiled code may lie, best first; a private temporary folder last."""
    if os.environ.get("UNSTUCK_CACHE"):
        yield Path(os.environ["UNSTUCK_CACHE"])
    home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    yield Path(home) / "unstuck"
    yield Path(tempfile.gettempdir()) / f"unstuck-{os.getuid()}"


def _fingerprint(compiler: str, dtype: str) -> str:
    """Of everything that the machine code depends on: source, compiler, flags and processor."""
    digest = hashlib.sha256()
    for path in sorted(FOLDER.glob("*.[ch]")):
        digest.update(path.read_bytes())
    stat = os.stat(compiler)
    for part in (compiler, stat.st_size, stat.st_mtime_ns, FLAGS, dtype, platform.machine(), _processor()):
        digest.update(repr(part).encode())
    return digest.hexdigest()[:16]


def _processor() -> str:
    """The name of the processor, as -march=native compiles for it."""
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith(("flags", "Features")):
                return line
    return platform.processor()


def _built(path: Path, compiler: str, dtype: str) -> Path:
    """The library at that path, compiled if it is not there yet; OSError if the folder is not ours alone."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    status = path.parent.stat()
    if status.st_uid != os.getuid() or status.st_mode & 0o022:
        raise PermissionError(f"{path.parent} can be written by others")
    if path.exists():
        return path
    real, bits = REALS[dtype]
    handle, part = tempfile.mkstemp(suffix=".so", dir=path.parent)
    os.close(handle)
    try:
        command = [compiler, *FLAGS, f"-DREAL={real}", f"-DREAL_BITS={bits}", str(SOURCE), "-o", part]
        subprocess.run(command, check=True, capture_output=True, timeout=SECONDS)
        os.replace(part, path)
    finally:
        Path(part).unlink(missing_ok=True)
    return path
