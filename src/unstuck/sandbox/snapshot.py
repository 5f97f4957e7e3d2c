"""The user's program as it was: all mutable state reachable from some objects, and its restoration to the bit.

What is reached stands in reachable.py, what is kept of each object in saved_objects.py. The state of NumPy's, Python's
and PyTorch's global random generators belongs to it.
"""

import sys
from collections.abc import Iterable, Iterator

import numpy as np

from unstuck.errors import CaseError
from unstuck.sandbox.reachable import NODES_LIMIT, Node, type_name, walk
from unstuck.sandbox.saved_arrays import LARGE, Record
from unstuck.sandbox.saved_objects import global_random_states, records_of

SAMPLED_RECORDS = 256


class Snapshot:
    """All mutable state reachable from the roots, as it is now.

    Parameters: roots, any objects (None is passed over); large, the bytes above which an array counts as data.
    Small state is always restored. Large arrays, and what lies in containers of more than LONG elements (a list of
    images, say), are restored only where a sample shows a change, or with everything=True.

    unrestorable: sentences naming what was met and cannot be put back (generators, open files).
    """

    def __init__(self, roots: Iterable[object], large: int = LARGE) -> None:
        self.unrestorable: list[str] = []
        self._large = large
        self._hot: list[Record] = []  # always restored
        self._data: list[Record] = []  # each restored if its own sample has changed
        self._cold: list[Record] = []  # all restored if a sample of them has changed
        self._nodes: list[Node] = []
        for node in walk(roots):
            self._nodes.append(node)
            try:
                records = list(records_of(node, self.unrestorable))
            except Exception as error:
                place = node.path or "an object"
                self.unrestorable.append(f"{place} is a {type_name(node.object)} that cannot be copied ({error})")
                continue
            for record in records:
                if record.size > large:
                    self._data.append(record)
                else:
                    (self._cold if node.cold else self._hot).append(record)
        if len(self._nodes) >= NODES_LIMIT:
            self.unrestorable.append(f"objects beyond the first {NODES_LIMIT:,}")
        self._hot += list(global_random_states())
        choice = np.random.default_rng(0).permutation(len(self._cold))[:SAMPLED_RECORDS]
        self._cold_sample = [self._cold[index] for index in choice]

    def restore(self, everything: bool = False) -> None:
        """Put all of it back, in place and to the bit.

        Raises CaseError, after everything else has been restored, if the program made something impossible to restore.
        """
        failures = []
        records = self._hot + [record for record in self._data if everything or record.changed()]
        if everything or any(record.changed() for record in self._cold_sample):
            records += self._cold
        for record in records:
            try:
                record.restore()
            except Exception as error:
                failures.append(f"{record.node.path} ({error})")
        if failures:
            raise CaseError(f"could not be put back as it was before the examination: {', '.join(failures)}")

    def changes(self) -> list[str]:
        """Paths of all state that differs from the snapshot now; compares everything, and so takes longer."""
        return [record.node.path for record in self._hot + self._data + self._cold if record.changed(thorough=True)]

    def arrays(self) -> list[tuple[str, np.ndarray]]:
        """(path, array) of the numeric arrays as they were found, live; see the function arrays."""
        return list(_numeric_arrays(self._nodes))


def arrays(roots: Iterable[object]) -> list[tuple[str, np.ndarray]]:
    """(path, array) of every numeric array reachable now, live, without taking a snapshot.

    PyTorch tensors in main memory come as NumPy views. What only containers of over LONG elements hold is left out.
    """
    return list(_numeric_arrays(walk(roots)))


def _numeric_arrays(nodes: Iterable[Node]) -> Iterator[tuple[str, np.ndarray]]:
    torch = sys.modules.get("torch")
    for node in nodes:
        kind = type(node.object)
        if node.cold:
            continue
        if issubclass(kind, np.ndarray):
            if node.object.dtype.kind in "biufc":
                yield node.path, node.object
        elif torch is not None and issubclass(kind, torch.Tensor):
            tensor = node.object.detach()
            if tensor.device.type == "cpu" and tensor.layout == torch.strided and tensor.dtype != torch.bfloat16:
                yield node.path, tensor.numpy()
