"""The machine on which something is measured, and the instruction sets of its processor."""

import os
import platform
from pathlib import Path

import numpy as np

LEVELS = {"v2": "SSE4.2", "v3": "AVX2", "v4": "AVX-512"}  # of x86-64, with the widest vectors of each

NEEDED = {  # the processor's flags, as Linux names them, by which a level is recognised
    "v2": {"cx16", "popcnt", "sse4_1", "sse4_2", "ssse3"},
    "v3": {"avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "movbe"},
    "v4": {"avx512bw", "avx512cd", "avx512dq", "avx512f", "avx512vl"},
}

CPUINFO = Path("/proc/cpuinfo")


def processor_flags(cpuinfo: Path = CPUINFO) -> set[str]:
    """What Linux says that the processor can do; nothing on other systems."""
    if not cpuinfo.exists():
        return set()
    lines = cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines()
    return next((set(line.split(":")[1].split()) for line in lines if line.startswith("flags")), set())


def levels_of(flags: set[str]) -> list[str]:
    """The levels that a processor with these flags has, lowest first; none where it is no x86-64, or not known."""
    found = []
    for level, needed in NEEDED.items():
        if not needed <= flags:
            break
        found.append(level)
    return found


def describe_machine() -> str:
    """Processor, its widest vectors, cores, system and the versions that matter, in one line."""
    name = platform.processor() or platform.machine()
    if CPUINFO.exists():
        lines = CPUINFO.read_text(encoding="utf-8", errors="replace").splitlines()
        name = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), name)
    levels = levels_of(processor_flags())
    vectors = f" with {LEVELS[levels[-1]]}" if levels else ""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return (
        f"{name}{vectors}, {cores} cores, {platform.system()} {platform.release().split('-')[0]}, "
        f"Python {platform.python_version()}, NumPy {np.__version__}"
    )
