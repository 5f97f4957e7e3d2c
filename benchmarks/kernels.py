"""Which kernels a library says that it uses, and whether it used wider ones than it was allowed to."""

import re
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from benchmarks.processor import LEVELS

LEVEL_OF = {  # the level of x86-64 for each name that libraries give; others are not known to exceed anything
    "sse4.2": "v2",
    "default": "v2",
    "nehalem": "v2",
    "v2": "v2",
    "avx": "v3",
    "avx2": "v3",
    "bulldozer": "v3",
    "excavator": "v3",
    "haswell": "v3",
    "sandybridge": "v3",
    "piledriver": "v3",
    "steamroller": "v3",
    "v3": "v3",
    "zen": "v3",
    "avx-512": "v4",
    "avx512": "v4",
    "cooperlake": "v4",
    "sapphirerapids": "v4",
    "skylakex": "v4",
    "v4": "v4",
}

TASKS = Path("/proc/self/task")
PAUSE = 0.02  # seconds in which the kernel sets a thread aside, and notes what it used


def openblas_of(package: str) -> dict[str, str]:
    """The processor for which the OpenBLAS of NumPy or SciPy was chosen; nothing if it has another library."""
    from threadpoolctl import threadpool_info

    for pool in threadpool_info():
        if pool["internal_api"] == "openblas" and f"{package}.libs" in pool["filepath"]:
            return {f"{package}'s OpenBLAS": pool["architecture"]}
    return {}


def mkl_in(report: str) -> dict[str, str]:
    """The instruction set in what MKL prints when it is verbose, such as "... (Intel(R) AVX2) enabled processors"."""
    found = re.findall(r"\(Intel\(R\) (AVX-512|AVX2|AVX|SSE4\.2)\)", report)
    return {"MKL": found[0]} if found else {}


def level_of(kernel: str) -> str | None:
    """The level that a name belongs to; None if it is not known."""
    words = kernel.lower().split()
    return LEVEL_OF.get(words[0]) if words else None


def beyond(kernels: dict[str, str], isa: str) -> list[str]:
    """Those of the kernels that need more than the level, in words."""
    allowed = list(LEVELS)[: list(LEVELS).index(isa) + 1]
    return [f"{library} uses {name}" for library, name in kernels.items() if level_of(name) not in (None, *allowed)]


def used_avx512(seconds: float, tasks: Path = TASKS) -> bool | None:
    """Whether a thread of this process held values in AVX-512 registers within the last seconds.

    Linux notes it when it sets a thread aside (AVX512_elapsed_ms in /proc/PID/arch_status); None where it does not.
    """
    started = time.perf_counter()
    time.sleep(PAUSE)
    elapsed = []
    for path in tasks.glob("*/arch_status"):
        with suppress(OSError):  # the thread has ended
            elapsed += [int(line.split()[1]) for line in path.read_text().splitlines() if line.startswith("AVX512")]
    if not elapsed:
        return None
    within = 1000 * (seconds + time.perf_counter() - started)
    return any(0 <= milliseconds <= within for milliseconds in elapsed)


def printed_by(action: Callable[[], object]) -> str:
    """What it writes to standard output below Python: C libraries know nothing of sys.stdout."""
    import ctypes
    import os
    import tempfile

    flush = ctypes.CDLL(None).fflush
    with tempfile.TemporaryFile() as file:
        flush(None)
        kept = os.dup(1)
        os.dup2(file.fileno(), 1)
        try:
            action()
            flush(None)
        finally:
            os.dup2(kept, 1)
            os.close(kept)
        file.seek(0)
        return file.read().decode(errors="replace")
