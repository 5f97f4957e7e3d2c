"""Which form of the training steps is faster for a network on this machine: timed once, then remembered.

Where a training is long the forms may be close: both then spend their time in large dense products, and how fast those
of NumPy are depends on the machine. The forms differ in the last bits, so the choice must not change from one run to
the next: whether it is made at all depends on the settings alone, and where it cannot be remembered it is not made.
"""

import copy
import json
import os
import platform
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.random import Generator

from unstuck.errors import UnstuckError
from unstuck.nn.engine.compiled.fingerprint import fingerprint
from unstuck.nn.engine.compiled.library import FOLDER, load_library
from unstuck.nn.engine.compiled.step import n_cores
from unstuck.nn.engine.examples import Examples
from unstuck.nn.engine.vector import ParameterVector
from unstuck.nn.optimizers import Optimizer
from unstuck.writing import write_whole

Array = np.ndarray

WORTH_TIMING = 100_000_000_000  # examples of all epochs times weights: seconds of two cores; timing takes some batches
ROUNDS = 5  # of each form, in turn: the first finds cold caches, the next two try two threads and one
UPDATES = 2  # in a round
CLEARLY = 1.05  # times as fast must NumPy be: else the compiled form is taken


class Updates(Protocol):
    """The part of a sweep that is timed; see `Sweep` in sweeps."""

    def make(self, rows: Array, rates: Array, update: int, logits: Array) -> int: ...


Make = Callable[[bool, Examples, ParameterVector, Generator], Updates]  # whether in compiled form -> the updates


def is_numpy_faster(make: Make, examples: Examples, optimizer: Optimizer, batch_size: int, work: int) -> bool:
    """Whether NumPy's form is clearly faster for this network, as it was timed once on this machine.

    `work` counts examples times weights. False for little of it, for what cannot be remembered, and where the
    environment asks for the compiled form by UNSTUCK_COMPILED=1.
    """
    if work < WORTH_TIMING or os.environ.get("UNSTUCK_COMPILED") == "1":
        return False
    path, key = remembered_at(), describe(examples, optimizer, batch_size)
    remembered = recall(path)
    if key not in remembered:
        remembered[key] = "numpy" if time_both(make, examples, optimizer, batch_size) > CLEARLY else "compiled"
        if not remember(path, remembered):
            return False
    return remembered[key] == "numpy"


def describe(examples: Examples, optimizer: Optimizer, batch_size: int) -> str:
    """Everything that the seconds of an update depend on, in one line."""
    network, library = examples.network, load_library(examples.network.dtype.name)
    parts = [
        f"{processor_name()}, {n_cores()} cores, {library.level if library else 'none'}",
        f"steps {fingerprint(FOLDER):x}, NumPy {np.__version__}",
        "-".join(map(str, network.sizes)),
        " ".join(layer.activation.name for layer in network.layers),
        f"{network.dtype}, inputs {examples.x.dtype}",
        f"batch {batch_size}",
        f"{optimizer!r} l2 {network.l2} dropout {network.dropout} max_norm {network.max_norm}",
    ]
    return "; ".join(parts)


def processor_name() -> str:
    """As the system calls it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def time_both(make: Make, examples: Examples, optimizer: Optimizer, batch_size: int) -> float:
    """How many times as fast NumPy's form is; it updates copies, at a rate of 0."""
    rows = np.arange(UPDATES * batch_size) % len(examples)
    logits = np.empty((len(rows), examples.network.sizes[-1]), examples.network.dtype)
    forms = []
    for is_compiled in (True, False):
        copied = replace(examples, network=copy.deepcopy(examples.network))
        vector = ParameterVector(copied.network, optimizer)
        forms.append(make(is_compiled, copied, vector, np.random.default_rng(0)))
    seconds: list[list[float]] = [[], []]
    with np.errstate(all="ignore"):
        for _ in range(ROUNDS):
            for form, taken in zip(forms, seconds):
                started = time.perf_counter()
                form.make(rows, np.zeros(UPDATES), 1, logits)
                taken.append(time.perf_counter() - started)
    return min(seconds[0]) / min(seconds[1])


def remembered_at() -> Path:
    """The file, in the user's cache folder."""
    from platformdirs import user_cache_path

    return user_cache_path("unstuck", appauthor=False) / "forms.json"


def recall(path: Path) -> dict[str, str]:
    """What was remembered; nothing if the file is missing or broken."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def remember(path: Path, remembered: dict[str, str]) -> bool:
    """Whether it could be written. Readers find the old file or the new one, never a part."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, json.dumps(remembered, indent=1))
    except (OSError, UnstuckError):
        return False
    return True
