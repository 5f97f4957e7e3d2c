"""Checkpoints: everything a training run needs to go on to the same bits."""

import os
from pathlib import Path
from typing import Any

import numpy as np

from unstuck.errors import ModelFileError, TrainingError
from unstuck.nn.files.storage import parse_arrays, read_content, write_arrays
from unstuck.nn.ranks import ALONE, Ranks, from_the_first

Array = np.ndarray

FORMAT_VERSION = 1


def write_checkpoint(
    path: str | os.PathLike[str], run: dict[str, Any], state: dict[str, Any], arrays: dict[str, Array]
) -> None:
    """Put the state and the arrays of the run in the place of the file, whole."""
    write_arrays(path, "checkpoint", FORMAT_VERSION, {"run": run, "state": state}, arrays)


def read_checkpoint(
    path: str | os.PathLike[str], run: dict[str, Any], ranks: Ranks = ALONE
) -> tuple[dict[str, Any], dict[str, Array]] | None:
    """The state and the arrays of the run; None if there is no file. All ranks are given what the first one reads.

    Raises ModelFileError if the file is damaged, TrainingError if it belongs to another run.
    """
    is_there = ranks.rank == 0 and Path(path).exists()
    content = from_the_first(ranks, read_content(path) if is_there else None)
    if content is None:
        return None
    description, arrays = parse_arrays(path, content, "checkpoint", FORMAT_VERSION)
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
