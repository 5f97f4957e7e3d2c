"""Instruction sets: an environment in which every library uses none beyond the one asked for.

Most libraries are limited by a variable that their documentation names. Those that have none ask the processor, and
are told less than it has: see hidden_features.c. With neither, a library is not compared: see kernels.py.
"""

import os
import platform
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.processor import LEVELS

BEST = "best"  # whatever the processor has

VARIABLES = {  # each with its values for v2, v3 and v4
    "ATEN_CPU_CAPABILITY": ("default", "avx2", "avx512"),  # PyTorch's own kernels, and the vectors of torch.compile
    "MKL_ENABLE_INSTRUCTIONS": ("SSE4_2", "AVX2", "AVX512"),  # PyTorch's matrix products and exponentials
    "NPY_DISABLE_CPU_FEATURES": (
        "X86_V3 X86_V4 AVX512_ICL AVX512_SPR",
        "X86_V4 AVX512_ICL AVX512_SPR",
        "AVX512_ICL AVX512_SPR",
    ),
    "ONEDNN_MAX_CPU_ISA": ("SSE41", "AVX2", "AVX512_CORE"),
    "OPENBLAS_CORETYPE": ("Nehalem", "Haswell", "SkylakeX"),  # matrix products of NumPy and SciPy
    "TORCHINDUCTOR_CPP_MARCH": ("x86-64-v2", "x86-64-v3", "x86-64-v4"),  # what torch.compile's compiler is told
    "UNSTUCK_ISA": ("v2", "v3", "v4"),
    "XLA_FLAGS": tuple(f"--xla_cpu_max_isa={isa}" for isa in ("SSE4_2", "AVX2", "AVX512")),  # not its matrix products
    "GLIBC_TUNABLES": (  # copying memory with the registers of AVX-512 would pass for computing with them
        "glibc.cpu.hwcaps=-AVX512F,-AVX512VL,-AVX512BW,-AVX2",
        "glibc.cpu.hwcaps=-AVX512F,-AVX512VL,-AVX512BW",
        "",
    ),
}

OTHERS = {  # more variables by which a library is told which kernels to take, or how many threads
    "BLIS_ARCH_TYPE",
    "DNNL_CPU_ISA_HINTS",
    "DNNL_MAX_CPU_ISA",
    "MKL_CBWR",
    "MKL_DEBUG_CPU_TYPE",
    "MKL_NUM_THREADS",
    "NPY_ENABLE_CPU_FEATURES",
    "NVPL_BLAS_DEBUG_CPU_TYPE",
    "OMP_NUM_THREADS",
    "ONEDNN_CPU_ISA_HINTS",
    "OPENBLAS_NUM_THREADS",
    "UNSTUCK_COMPILED",
}

SOURCE = Path(__file__).with_name("hidden_features.c")


@dataclass(frozen=True)
class Limit:
    """What measured processes may use. environment: all of theirs; hidden: whether the processor hides the rest."""

    isa: str
    environment: Mapping[str, str]
    hidden: bool = False


def variables(isa: str) -> dict[str, str]:
    """The variables that limit libraries to the level; none for the best."""
    if isa == BEST:
        return {}
    i = list(LEVELS).index(isa)
    return {name: values[i] for name, values in VARIABLES.items() if values[i]}


def choices(environment: Mapping[str, str]) -> list[str]:
    """The variables in it that choose kernels or numbers of threads, and would be measured without anybody's notice."""
    return sorted(set(environment) & (set(VARIABLES) | OTHERS))


@contextmanager
def limited(isa: str, environment: Mapping[str, str]) -> Iterator[Limit]:
    """The limit, for processes that start inside; what the environment itself chooses is taken out of it."""
    chosen = set(choices(environment))
    plain = {name: value for name, value in environment.items() if name not in chosen}
    if isa == BEST:
        yield Limit(isa, plain)
        return
    with TemporaryDirectory() as folder:
        library = build_hiding(isa, Path(folder))
        preload = {}
        if library is not None:
            preload = {"LD_PRELOAD": " ".join(filter(None, [str(library), plain.get("LD_PRELOAD", "")]))}
        yield Limit(isa, {**plain, **variables(isa), **preload}, hidden=library is not None)


def build_hiding(isa: str, folder: Path) -> Path | None:
    """The compiled library that hides what is beyond the level; None if it cannot be had here, or cannot hide it."""
    if platform.machine() != "x86_64":
        return None
    library = folder / "hidden_features.so"
    level = list(LEVELS).index(isa) + 2
    command = ["cc", "-O2", "-shared", "-fPIC", f"-DLEVEL={level}", str(SOURCE), "-o", str(library), "-ldl"]
    try:
        subprocess.run(command, check=True, capture_output=True)
        trial = {**os.environ, "LD_PRELOAD": str(library)}
        subprocess.run([sys.executable, "-c", ""], env=trial, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return library
