"""Checkpoints: everything a training run needs to go on to the same bits."""

import json
import os
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from unstuck.errors import ModelFileError, TrainingError
from unstuck.nn.engine.examples import CHUNK, Examples, release_pages
from unstuck.nn.files.storage import read_arrays, write_arrays

Array = np.ndarray

FORMAT_VERSION = 1


def fingerprint(examples: Examples, settings: dict[str, Any]) -> dict[str, Any]:
    """What must be the same for a run to go on: the network's description, the settings, a checksum of the data."""
    checksum = 0
    for array in (examples.x, examples.t, examples.weight):
        if array is None:
            continue
        for start in range(0, len(array), CHUNK):
            checksum = zlib.crc32(np.ascontiguousarray(array[start : start + CHUNK]).data, checksum)
            release_pages(array)
    run = {"network": examples.network.description, "settings": settings, "data": [len(examples), checksum]}
    return json.loads(json.dumps(run, default=repr))


def write_checkpoint(
    path: str | os.PathLike[str], run: dict[str, Any], state: dict[str, Any], arrays: dict[str, Array]
) -> None:
    """Put the state and the arrays of the run in the place of the file, whole."""
    write_arrays(path, "checkpoint", FORMAT_VERSION, {"run": run, "state": state}, arrays)


def read_checkpoint(
    path: str | os.PathLike[str], run: dict[str, Any]
) -> tuple[dict[str, Any], dict[str, Array]] | None:
    """The state and the arrays of the run; None if there is no file.

    Raises ModelFileError if the file is damaged, TrainingError if it belongs to another run.
    """
    if not Path(path).exists():
        return None
    description, arrays = read_arrays(path, "checkpoint", FORMAT_VERSION)
    if not isinstance(description, dict) or not all(isinstance(description.get(k), dict) for k in ("run", "state")):
        raise ModelFileError(f"{path} describes no training run")
    if not isinstance(description["state"].get("generators"), dict):
        raise ModelFileError(f"{path} holds no generator states")
    for part, ours in run.items():
        theirs = description["run"].get(part)
        if theirs != ours:
            raise TrainingError(f"{path} belongs to another run: its {_first_difference(part, theirs, ours)}")
    return description["state"], arrays


def _first_difference(part: str, theirs: Any, ours: Any) -> str:
    if isinstance(theirs, dict) and isinstance(ours, dict):
        for name, value in ours.items():
            if theirs.get(name) != value:
                return f"{name} is {theirs.get(name)!r}, here it is {value!r}"
    return f"{part} differs"
