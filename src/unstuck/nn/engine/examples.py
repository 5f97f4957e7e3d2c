"""Training examples: what users hand over, kept as it is until a batch needs it."""

import json
import mmap
import zlib
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from unstuck.errors import DataError, TrainingError
from unstuck.nn.network import Network
from unstuck.nn.ranks import ALONE, Ranks, own_part
from unstuck.nn.targets import encode_labels

Array = np.ndarray

CHUNK = 4096  # rows looked at at a time, so that checking needs little memory


@dataclass
class Examples:
    """Inputs as given, targets encoded, and the weight of each example."""

    network: Network
    x: Array  # (n, n_inputs), uint8 or float
    t: Array  # (n, n_outputs)
    weight: Array | None  # (n,)

    @cached_property
    def sum_to_one(self) -> bool:
        """Whether each row of targets sums to exactly 1, as one-hot rows do."""
        return bool((self.t.sum(axis=1) == 1).all())

    def __len__(self) -> int:
        return len(self.x)

    def answers(self, rows: Array | slice = slice(None)) -> tuple[Array, Array | None]:
        """Targets and weights of these rows."""
        return self.t[rows], None if self.weight is None else self.weight[rows]

    def subset(self, rows: Array) -> "Examples":
        """These rows only; the inputs are copied in their own dtype."""
        weight = None if self.weight is None else self.weight[rows]
        return Examples(self.network, self.x[rows], self.t[rows], weight)

    def gather(self, rows: Array, batch: "Batch") -> None:
        """Fill the batch with these rows, prepared as `Network.prepare` does."""
        self.t.take(rows, axis=0, out=batch.t, mode="clip")
        if self.weight is not None:
            self.weight.take(rows, out=batch.weight, mode="clip")
        if batch.raw is None:
            self.x.take(rows, axis=0, out=batch.x, mode="clip")
        else:
            self.x.take(rows, axis=0, out=batch.raw, mode="clip")
            np.copyto(batch.x, batch.raw, casting="same_kind")
        if batch.scale != 1:
            np.multiply(batch.x, batch.scale, out=batch.x)
        if batch.shift != 0:
            np.add(batch.x, batch.shift, out=batch.x)


class Batch:
    """Buffers for n examples as they reach the network."""

    def __init__(self, examples: Examples, n: int) -> None:
        network = examples.network
        self.x = np.empty((n, network.sizes[0]), network.dtype)
        self.raw = None if examples.x.dtype == network.dtype else np.empty(self.x.shape, examples.x.dtype)
        self.t = np.empty((n, network.sizes[-1]), network.dtype)
        self.weight = None if examples.weight is None else np.empty(n, network.dtype)
        self.scale, self.shift = (network.dtype.type(number) for number in network.input_scale(examples.x.dtype))


def as_examples(
    network: Network,
    data: Any,
    sample_weight: Any = None,
    class_weight: dict[int, float] | None = None,
    ranks: Ranks = ALONE,
) -> Examples:
    """Examples of a pair (x, targets) or of an object with `images_train` and `y_train`; DataError if they are none.

    Whether inputs are finite each rank looks at in its own part.
    """
    x, targets = data if isinstance(data, (tuple, list)) else (data.images_train, data.y_train)
    x = network.as_rows(x)
    if x.dtype.kind != "f" and x.dtype != np.uint8:
        x = x.astype(network.dtype)
    t = network.encode(targets)
    if len(x) != len(t):
        raise DataError(f"{len(x)} inputs but {len(t)} targets: expected as many")
    if not len(x):
        raise DataError("there are no examples: expected at least one")
    _expect_finite(x, own_part(ranks, len(x)))
    return Examples(network, x, t, _weights(network, np.asarray(targets), t, sample_weight, class_weight))


def names_of_classes(network: Network, data: Any) -> tuple[str, ...] | None:
    """What the classes of these data are called, or else what the network calls its own; one name for each class.

    Raises DataError where the two differ.
    """
    names = getattr(data, "class_names", None)
    if names is None or len(names) != network.n_classes:
        return network.class_names
    if network.class_names not in (None, tuple(names)):
        raise DataError(
            f"the classes {', '.join(names)} are not those of the network: {', '.join(network.class_names)}"
        )
    return tuple(names)


def release_pages(x: Array) -> None:
    """Give back the memory of what was read of a mapped file; does nothing for other arrays."""
    base: Any = x
    while isinstance(base, np.ndarray):
        base = base.base
    if isinstance(base, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
        base.madvise(mmap.MADV_DONTNEED)


def _expect_finite(x: Array, rows: range) -> None:
    if x.dtype == np.uint8:
        return
    for start in range(rows.start, rows.stop, CHUNK):
        bad = np.argwhere(~np.isfinite(x[start : min(start + CHUNK, rows.stop)]))
        if len(bad):
            row, column = bad[0]
            raise DataError(
                f"input {column} of example {start + row} is {x[start + row, column]}: expected a finite number"
            )
        release_pages(x)


def _weights(
    network: Network, targets: Array, t: Array, sample_weight: Any, class_weight: dict[int, float] | None
) -> Array | None:
    """The weight (n,) of each example: its own times that of its class."""
    if sample_weight is None and class_weight is None:
        return None
    weight = np.ones(len(t), network.dtype)
    if sample_weight is not None:
        given = np.asarray(sample_weight, network.dtype)
        if given.shape != weight.shape or not (np.isfinite(given) & (given >= 0)).all():
            raise TrainingError(f"sample_weight has shape {given.shape}: expected {len(t)} finite numbers, 0 or above")
        weight *= given
    if class_weight is not None:
        n_classes = network.n_classes
        if not network.is_classifier:
            raise TrainingError("class_weight needs classes: a network with linear outputs has none")
        of_class = np.ones(n_classes, network.dtype)
        for label, value in class_weight.items():
            if label not in range(n_classes) or not 0 <= value < np.inf:
                raise TrainingError(
                    f"class_weight[{label!r}] is {value!r}: expected labels 0 to {n_classes - 1} and finite weights"
                )
            of_class[label] = value
        weight *= of_class[encode_labels(network.labels(t), n_classes)]
    return weight


def fingerprint(examples: Examples, settings: dict[str, Any], ranks: Ranks = ALONE) -> dict[str, Any]:
    """What must be the same for a run to go on: the network's description, the settings, a checksum of the data.

    It does not depend on how many ranks there are; each reads its own part of the inputs.
    """
    inputs = np.zeros(-(-len(examples) // CHUNK), np.int64)  # the checksum of each chunk
    for i in own_part(ranks, len(inputs)):
        inputs[i] = zlib.crc32(np.ascontiguousarray(examples.x[i * CHUNK : (i + 1) * CHUNK]).data)
        release_pages(examples.x)
    ranks.add_up(inputs)
    checksum = 0
    for array in (inputs, examples.t, examples.weight):
        checksum = checksum if array is None else zlib.crc32(np.ascontiguousarray(array).data, checksum)
    run = {"network": examples.network.description, "settings": settings, "data": [len(examples), checksum]}
    return json.loads(json.dumps(run, default=repr))
