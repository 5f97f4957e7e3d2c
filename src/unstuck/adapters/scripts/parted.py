"""Training targets that belong to other inputs, told by the arrays that both were taken from.

`X_train, X_test = train_test_split(X)` and the same for y, each in an order of its own: the rows of X_train stand in X,
and the targets beside them in y are others than those that the loop takes.
"""

from __future__ import annotations

import linecache
from collections.abc import Iterator
from typing import Any

import numpy as np

from unstuck.adapters.scripts.beside import made_in
from unstuck.adapters.scripts.data_sets import coded, places_of
from unstuck.adapters.scripts.living import reachable_paths, spelled
from unstuck.diagnosis.case import Case
from unstuck.diagnosis.examination.evidence import PROVED
from unstuck.diagnosis.measurements.probes import consistency, fit_and_hold_out
from unstuck.diagnosis.report.contents import Finding, Location
from unstuck.diagnosis.rules import RULES

Array = np.ndarray
FEW, MOST = 500, 20_000  # examples that are looked up, and those of an array in which they are
READ = 0.3  # chance-corrected, of what a probe reads of data that belong together


def parted_from_source(case: Case, scope: dict[str, Any], files: dict[str, str], before: int | None) -> Finding | None:
    """A finding where no probe reads the targets off the inputs, and those of the arrays that they came from it does.

    scope   what the program's variables hold where the training begins
    files   texts by name, the script's own first
    before  the line of the training loop
    """
    x, labels = np.asarray(case.x), _classes(np.asarray(case.targets))
    training = None if labels is None else fit_and_hold_out(x, labels)
    if labels is None or training is None or not training.reading.at_chance:
        return None
    arrays = list(_arrays(scope))
    for _, whole in arrays:
        rows = whole.reshape(len(whole), -1)
        places = places_of(rows, x[:FEW]) if rows.shape[1] == x.shape[1] and len(rows) > len(x) else None
        if places is None:
            continue
        beside = [kinds for _, t in arrays if len(t) == len(whole) and (kinds := _classes(t)) is not None]
        if any(not consistency(kinds[places], labels[:FEW]).at_chance for kinds in beside):
            return None
        if any(_is_read(rows, kinds) and set(np.unique(labels)) <= set(np.unique(kinds)) for kinds in beside):
            same = [name for name, t in arrays if len(t) == len(labels) and np.array_equal(_classes(t), labels)]
            lines = [line for name in same if (line := made_in(name, files, before)) is not None]
            return _finding(next(iter(files)), min(lines)) if lines else None
    return None


def _arrays(scope: dict[str, Any]) -> Iterator[tuple[str, Array]]:
    """(name, array) of what could be examples or their targets."""
    for path, value in reachable_paths(scope, depth=3):
        if isinstance(value, np.ndarray) and value.dtype.kind in "biuf" and value.ndim and 0 < len(value) <= MOST:
            yield spelled(path), value


def _classes(targets: Array) -> Array | None:
    """(n,): class numbers, from themselves or from one-hot rows; None for other values."""
    column = targets.ndim == 1 or targets.shape[1:] == (1,)
    whole = coded(targets, 1) if column else coded(targets, targets.shape[-1]) if targets.ndim == 2 else None
    if whole is None or not np.array_equal(whole, np.rint(whole)):
        return None
    if column:
        return whole[:, 0].astype(int)
    return whole.argmax(axis=1) if (whole.sum(axis=1) == 1).all() and (np.sort(whole)[:, -1] == 1).all() else None


def _is_read(x: Array, kinds: Array) -> bool:
    training = fit_and_hold_out(x, kinds)
    return training is not None and training.reading.score > READ and not training.reading.at_chance


def _finding(file: str, line: int) -> Finding:
    words = (
        "the targets are not those that stood beside these inputs in the arrays that both were taken from: each was "
        "put in an order of its own"
    )
    place = Location(file, line, linecache.getline(file, line).strip(), None)
    return Finding(RULES["D10"], PROVED, words, {}, True, None, place)
