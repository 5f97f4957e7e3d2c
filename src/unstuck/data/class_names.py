"""Classes that go by names: the labels that stand for them, and the same classes in another file."""

from collections.abc import Sequence

import numpy as np

from unstuck.errors import DataError

Array = np.ndarray
Names = tuple[str, ...]


def numbered(names: Sequence[str]) -> tuple[Array, Names]:
    """The names of examples as labels (n,) int64, and the names of the classes in alphabetical order."""
    classes, labels = np.unique(np.asarray(names, dtype=str), return_inverse=True)
    return labels.astype(np.int64).reshape(-1), tuple(classes.tolist())


def renumbered(labels: Array, names: Names | None, known: Names | None, place: str) -> Array:
    """Labels (n,) that stand for `names`, as the labels by which `known` stands for the same names.

    None: the labels are plain numbers there. Raises DataError for a class that `known` lacks, and where one of the two
    has numbers and the other one names.
    """
    if names == known:
        return labels
    if names is None or known is None:
        forms = ("numbers", "names") if names is None else ("names", "numbers")
        raise DataError(f"{place}: the classes are {forms[0]}, expected {forms[1]} as in the training part")
    for name in (names[label] for label in np.unique(labels)):
        if name not in known:
            raise DataError(f"{place}: the class {name!r} is unknown, expected one of {', '.join(known[:12])}")
    positions = [known.index(name) if name in known else -1 for name in names]
    return np.asarray(positions, np.int64)[labels] if len(labels) else labels
