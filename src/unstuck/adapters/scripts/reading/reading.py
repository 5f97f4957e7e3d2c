"""How a script was read: what it learns from what, with lines; as data for the report."""

from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from unstuck.adapters.scripts.reading.parameters import Chain
from unstuck.adapters.scripts.reading.rates import learning_rate
from unstuck.adapters.scripts.reading.update import Meeting, Update
from unstuck.adapters.scripts.recording.recording import Recording
from unstuck.autodiff.tape import Node

Array = np.ndarray


@dataclass(frozen=True)
class Value:
    """Something that was read: data, inputs, targets, outputs or a parameter."""

    name: str | None = None
    role: str | None = None  # of data: training or test
    shape: tuple[int, ...] | None = None
    dtype: str | None = None
    layout: str | None = None
    coding: str | None = None
    range: tuple[float, float] | None = None
    line: int | None = None
    updated_at: int | None = None
    stand_in: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Without what is not known."""
        return {key: value for key, value in asdict(self).items() if value is not None}


@dataclass(frozen=True)
class UpdateRead:
    """How parameters are updated; with the lines where the rate is written, batches are taken and the loops begin."""

    line: int | None = None
    batch_size: int | None = None
    learning_rate: float | None = None
    updates_planned: int | None = None
    rate_line: int | None = None
    batch_line: int | None = None
    loop_line: int | None = None


@dataclass
class Reading:
    """What was understood of a script; `unread` says what was not, and what would help."""

    framework: str = "numpy"
    data: list[Value] = field(default_factory=list)
    inputs: Value | None = None
    targets: Value | None = None
    outputs: Value | None = None
    parameters: list[Value] = field(default_factory=list)
    loss: dict[str, Any] | None = None
    update: UpdateRead | None = None
    network: str | None = None
    accuracy: dict[str, Any] | None = None
    hints: list[dict[str, Any]] = field(default_factory=list)
    unread: list[dict[str, str]] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    @property
    def complete(self) -> bool:
        """Whether all that a step consists of was found."""
        return bool(self.parameters and self.inputs and self.targets and self.outputs and self.update)

    def miss(self, what: str, missing: str) -> None:
        """Note what could not be found, and what would help."""
        self.unread.append({"what": what, "missing": missing})

    def to_dict(self) -> dict[str, Any]:
        """As the report's JSON has it."""
        return {
            "framework": self.framework,
            "data": [value.to_dict() for value in self.data],
            **{name: value and value.to_dict() for name, value in self._values()},
            "parameters": [value.to_dict() for value in self.parameters],
            "loss": self.loss,
            "update": self.update and asdict(self.update),
            "network": self.network,
            "accuracy": self.accuracy,
            "hints": list(self.hints),
            "unread": list(self.unread),
            "remarks": list(self.remarks),
        }

    def _values(self) -> list[tuple[str, Value | None]]:
        return [("inputs", self.inputs), ("targets", self.targets), ("outputs", self.outputs)]


def read_parameters(chains: list[Chain], names: list[str | None]) -> list[Value]:
    """The parameters with the lines where they are made and updated."""
    return [
        Value(
            name=name,
            shape=tuple(np.shape(chain.root.value)),
            dtype=str(np.asarray(chain.root.value).dtype),
            line=_line(chain.root),
            updated_at=_line(chain.changes[0]),
        )
        for chain, name in zip(chains, names, strict=True)
    ]


def read_inputs(meeting: Meeting, rows: Array | None = None, name: str | None = None) -> Value:
    """The inputs where they meet the first weights."""
    first = np.asarray(meeting.values[0])
    array = first if rows is None else rows
    shape = tuple(array.shape)
    layout = None
    if first.ndim == 1:
        layout = "one example at a time"
    elif first.ndim == 2:
        layout = "rows" if meeting.position == 0 else "columns"
    finite = array[np.isfinite(array)] if array.dtype.kind == "f" else array
    bounds = (float(finite.min()), float(finite.max())) if finite.size else None
    return Value(name, shape=shape, dtype=str(first.dtype), layout=layout, range=bounds, line=meeting.line)


def read_targets(meeting: Meeting, rows: Array | None = None, name: str | None = None) -> Value:
    """The targets where they meet the outputs, with their coding."""
    first = np.asarray(meeting.values[0])
    array = first if rows is None else rows
    shape, dtype = tuple(array.shape), str(first.dtype)
    return Value(name, shape=shape, dtype=dtype, coding=coding(array), line=meeting.line)


def coding(rows: Array) -> str:
    """How targets are coded: one-hot, ±1, class numbers, numbers."""
    if rows.ndim == 2 and rows.shape[1] > 1:
        values = np.unique(rows)
        if set(values.tolist()) <= {0, 1} and (rows.sum(axis=1) == 1).all():
            return "one-hot"
        return "±1" if set(values.tolist()) <= {-1, 1} else "numbers"
    values = np.unique(rows)
    if set(values.tolist()) <= {0, 1}:
        return "0 or 1"
    if set(values.tolist()) <= {-1, 1}:
        return "±1"
    return "class numbers" if rows.dtype.kind in "iu" and len(values) <= 100 else "numbers"


def read_outputs(update: Update) -> Value:
    """The outputs, where they are made."""
    node = update.outputs[0]
    shape = tuple(np.shape(node.value)) if np.ndim(node.value) else (len(update.outputs),)
    return Value(shape=shape, dtype=str(np.asarray(node.value).dtype), line=_line(node))


def read_update(recording: Recording, chains: list[Chain], examples: int, planned: int | None) -> UpdateRead:
    """The update's line, batch, rate and number."""
    rate = learning_rate(chains, recording.places, examples)
    return UpdateRead(_line(chains[-1].changes[0]), examples, rate, planned)


def _line(node: Node) -> int | None:
    return node.site.line if node.site else None
