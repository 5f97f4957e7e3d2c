"""Training targets that belong to other inputs, told by the arrays that both were taken from.

`X_train, X_test = train_test_split(X)` and the same for y, each in an order of its own: the rows of X_train stand in X,
and the targets beside them in y are others than those that the loop takes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from unstuck.adapters.scripts.reading.lines import location_of_line
from unstuck.adapters.scripts.recording.paths import reachable_paths, spelled
from unstuck.adapters.scripts.replay.beside import made_in
from unstuck.adapters.scripts.replay.data_sets import coded, places_of
from unstuck.diagnosis.case import Case
from unstuck.diagnosis.examination.evidence import PROVED
from unstuck.diagnosis.report.contents import Finding
from unstuck.diagnosis.rules import RULES

Array = np.ndarray
FEW, MOST = 500, 20_000  # examples that are looked up, and those of an array in which they are
MOST_CLASSES = 100
READ = 0.3  # chance-corrected, of what a probe reads of data that belong together


def parted_from_source(
    case: Case, scope: dict[str, Any], files: Mapping[str, str], before: int | None
) -> Finding | None:
    """A finding where neighbours have no more targets in common than strangers, but in the arrays that both came from.

    scope   what the program's variables hold where the training begins
    files   texts by name, the script's own first
    before  the line of the training loop
    """
    every, labels = np.asarray(case.x), _classes(np.asarray(case.targets))
    if labels is None or _read_by_neighbours(every, labels) > 0:
        return None
    few = _spread(len(every))
    x, told = every[few], labels[few]
    if len(np.unique(told)) < 2:
        return None
    arrays = list(_arrays(scope))
    for _, whole in arrays:
        rows = whole.reshape(len(whole), -1)
        places = places_of(rows, x) if rows.shape[1] == x.shape[1] and len(rows) > len(every) else None
        if places is None:
            continue
        beside = [kinds for _, t in arrays if len(t) == len(whole) and (kinds := _classes(t)) is not None]
        if any(_read_by_table(kinds[places], told) > 0 for kinds in beside):
            return None
        if any(set(labels) <= set(kinds) and _read_by_neighbours(rows, kinds) > READ for kinds in beside):
            alike = [(name, _classes(t)) for name, t in arrays if len(t) == len(labels)]
            same = [name for name, kinds in alike if kinds is not None and np.array_equal(kinds, labels)]
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
        return whole[:, 0].astype(int) if len(np.unique(whole)) <= MOST_CLASSES else None
    return whole.argmax(axis=1) if (whole.sum(axis=1) == 1).all() and (np.sort(whole)[:, -1] == 1).all() else None


def _spread(n: int) -> Array:
    """Some row numbers of n, at even distances: examples may be sorted."""
    return np.unique(np.linspace(0, n - 1, FEW).astype(int))


def _read_by_neighbours(x: Array, labels: Array) -> float:
    """How often the nearest other of some examples has the same class: 0 for no more than chance, 1 for always."""
    few = _spread(len(x))
    x, labels = x[few].astype(float), labels[few]
    with np.errstate(all="ignore"):  # inputs may be infinite
        x = (x - x.mean(axis=0)) / np.where(x.std(axis=0) > 0, x.std(axis=0), 1.0)
        distance = (x**2).sum(axis=1) - 2 * x @ x.T  # (n, n) up to a constant for each row
    np.fill_diagonal(distance, np.inf)
    return _beyond_chance(labels[distance.argmin(axis=1)], labels)


def _read_by_table(kinds: Array, labels: Array) -> float:
    """The same of the commonest class beside each of other numbers."""
    table = {kind: _commonest(labels[kinds == kind]) for kind in set(kinds)}
    return _beyond_chance(np.array([table[kind] for kind in kinds]), labels)


def _commonest(labels: Array) -> Any:
    values, counts = np.unique(labels, return_counts=True)
    return values[counts.argmax()]


def _beyond_chance(answers: Array, labels: Array) -> float:
    """The share of right answers beyond that of the commonest class; 0 within three standard errors and two points."""
    chance = np.unique(labels, return_counts=True)[1].max() / len(labels)
    beyond = float(np.mean(answers == labels)) - chance
    return beyond / (1 - chance) if beyond > 3 * np.sqrt(chance * (1 - chance) / len(labels)) + 0.02 else 0.0


def _finding(file: str, line: int) -> Finding:
    words = (
        "the targets are not those that stood beside these inputs in the arrays that both were taken from: each was "
        "put in an order of its own"
    )
    return Finding(RULES["D10"], PROVED, words, {}, True, None, location_of_line(file, line))
