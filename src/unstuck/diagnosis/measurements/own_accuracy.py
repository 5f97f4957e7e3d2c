"""The user's accuracy beside counting, in states where the two cannot agree by chance."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from unstuck.diagnosis.measurements.counting import Counted, is_right
from unstuck.diagnosis.measurements.once import once
from unstuck.diagnosis.measurements.plain_data import classes, test_classes, test_inputs
from unstuck.diagnosis.program import work
from unstuck.diagnosis.program.handed_over import all_finite

if TYPE_CHECKING:
    from unstuck.diagnosis.examination.examination import Examination
    from unstuck.diagnosis.program.program import Program

Array = np.ndarray

REPEATED = 1e-5  # relative difference between two predictions that are the same


@dataclass
class Evaluations:
    """counted    with labels as they are and as made from the network's own answers, under several parameters
    one_label  with one label for all examples; made only where `counted` shows a difference
    random     two evaluations with other random numbers differ
    """

    counted: list[Counted]
    one_label: list[Counted] = field(default_factory=list)
    random: bool = False

    @property
    def clear(self) -> list[Counted]:
        """Those of `counted` in which no two outputs of a row are equally large."""
        return [c for c in self.counted if c.truth[0] == c.truth[1]]

    @property
    def right(self) -> bool:
        return all(is_right(c) for c in self.counted)


@dataclass(frozen=True)
class LabelForm:
    """How labels are handed over: what stands for each class, in one column or in rows of `width`."""

    values: dict[int, Any]
    width: int = 0
    column: bool = False

    def write(self, y: Array) -> Array:
        if self.width:
            rows = np.full((len(y), self.width), self.values[0])
            rows[np.arange(len(y)), y] = self.values[1]
            return rows
        given = np.array([self.values.get(int(c), int(c)) for c in y])
        return given[:, None] if self.column else given


@once
def spread_of_predictions(e: Examination) -> tuple[float, float]:
    """How far two predictions of the same examples lie apart with other random numbers: relative to their size, and the
    share of other answers. (0, 0) where they repeat, from the parameters as found and, as weights of 0 hide everything,
    from drawn ones."""
    seen = _spread(e.program, None)
    return seen if seen[0] or not e.program.writable else _spread(e.program, e.program.draw_parameters(1))


def _spread(program: Program, parameters: list[Array] | None) -> tuple[float, float]:
    outputs = []
    for seed in (1, 2):
        if parameters is not None:
            program.set_parameters(parameters)
        program.perturb_randomness(seed)
        outputs.append(program.predict(program.x[:50]))
    first, second = outputs
    if first is None or second is None or not (np.isfinite(first).all() and np.isfinite(second).all()):
        return 0.0, 0.0
    apart = float(np.sqrt(np.mean((first - second) ** 2)) / (np.sqrt(np.mean(first**2)) or 1.0))
    if apart <= REPEATED:
        return 0.0, 0.0
    others = float(np.mean(first.argmax(axis=1) != second.argmax(axis=1))) if first.shape[1] > 1 else 0.0
    return apart, others


@once
def evaluations(e: Examination) -> Evaluations | None:
    """None without an accuracy that returns a number for labels that are classes of these outputs."""
    if e.case.accuracy is None:
        e.leave_unchecked("whether the accuracy counts right answers", "accuracy=… (your own evaluation)")
        return None
    x, y, given = test_inputs(e), test_classes(e), _first_given(e.case.labels_test, e.case.targets_test)
    if x is None or y is None:
        x, y, given = e.program.x[:2000], classes(e), _first_given(e.case.labels, e.case.targets)
        y = None if y is None else y[: len(x)]
    if x is None or y is None or len(x) < 2 or not all_finite(x) or e.outputs is None:
        return None
    if _several_at_once(given if given is not None else e.program.targets):
        return None
    if spread_of_predictions(e)[0]:
        return None
    outputs = e.program.predict(x)
    if outputs is None:
        return None
    k = max(outputs.shape[1], 2)
    if y.min() < 0 or y.max() >= k:
        return None
    made = [_Readings(e, x, y, outputs, form).make() for form in _forms(e, given, y, outputs.shape[1])]
    found = [m for m in made if m is not None]
    if not found:
        e.leave_unchecked("whether the accuracy counts right answers", "accuracy(x, labels) that returns a number")
        return None
    return next((m for m in found if m.right), found[0])


def _first_given(labels: Any, targets: Any) -> Any:
    return targets if labels is None else labels


def _several_at_once(given: Any) -> bool:
    """Whether examples may belong to several classes: rows with different numbers of the largest value."""
    rows = np.asarray(given)
    if rows.ndim != 2 or rows.shape[1] < 2 or rows.dtype.kind not in "biuf":
        return False
    return len(np.unique((rows == rows.max(axis=1, keepdims=True)).sum(axis=1))) > 1


def _forms(e: Examination, given: Any, y: Array, k: int) -> list[LabelForm]:
    """Forms that the user's evaluation may want its labels in, the one that was given first."""
    values: dict[int, Any] = {int(c): int(c) for c in np.unique(y)}
    column = False
    shape = np.shape(given) if given is not None else ()
    if given is not None and (len(shape) == 1 or shape[1:] == (1,)):
        flat, column = np.asarray(given)[: len(y)].reshape(-1), len(shape) == 2
        values = {int(c): flat[y == c][0] for c in np.unique(y)}
    forms, targets = [LabelForm(values, column=column)], e.program.targets
    if k == 1:
        forms += [LabelForm(as_targets, column=column) for as_targets in _levels_of(targets) if as_targets != values]
    else:
        levels = (0.0, 1.0)
        if targets.ndim == 2 and targets.shape[1] == k and targets.dtype.kind in "iuf" and np.isfinite(targets).all():
            levels = (float(targets.min()), float(targets.max()))
        forms.append(LabelForm({0: levels[0], 1: levels[1]}, width=k))
    return forms


def _levels_of(targets: Array) -> list[dict[int, Any]]:
    """The two numbers that targets for one output are made of, by class."""
    levels = np.unique(targets[:2000]) if targets.dtype.kind in "biuf" else np.array([])
    return [dict(enumerate(levels))] if len(levels) == 2 and np.isfinite(levels).all() else []


class _Readings:
    """The evaluations of one program on some examples, with labels in one form."""

    def __init__(self, e: Examination, x: Array, y: Array, outputs: Array, form: LabelForm) -> None:
        self.e, self.x, self.y, self.outputs, self.form = e, x, y, outputs, form
        self.lines = 0  # of the longest evaluation

    def make(self) -> Evaluations | None:
        program = self.e.program
        first = self._read(self.outputs, self.y)
        program.restore()
        if first is None:
            return None
        quick = program.writable and self.lines * work.LINE < work.QUICK_EVALUATION
        made = self._at_best_threshold(Evaluations([first, *(self._under(71) if quick else [])]))
        if quick and made.right:
            return made
        second = self._read(self.outputs, _mixed(self._answers(self.outputs), self.outputs.shape[1], 0.4, 1))
        program.restore()
        alone = self._at_best_threshold(Evaluations([first]))
        if second is not None and second.value == first.value and alone.right and alone.clear:
            return alone  # the labels handed over are not looked at
        made.counted += [second] if second is not None else []
        if not self._at_best_threshold(made).right:
            made.random = self._is_random()
            if quick:
                made.counted += self._under(72)
                made.one_label = self._under(71, one_label=True)
        return self._at_best_threshold(made)

    def _read(self, outputs: Array, y: Array) -> Counted | None:
        program = self.e.program
        most = int(work.EVALUATION / work.LINE)
        call = program.call("accuracy", program.typed(self.x), self.form.write(y), lines=most)
        self.lines = max(self.lines, call.lines)
        value = None if call.failed else as_number(call.value)
        return None if value is None else Counted(outputs, y, value)

    def _under(self, seed: int, one_label: bool = False) -> list[Counted]:
        """Evaluations under other parameters, with labels made from the answers there."""
        program = self.e.program
        try:
            self._set_varied(seed)
            outputs = program.predict(self.x, restore=False)
            if outputs is None or not np.isfinite(outputs).all():
                return []
            own, k = self._answers(outputs), max(outputs.shape[1], 2)
            if one_label:
                common = np.argsort(-np.bincount(own, minlength=k))[:2]
                labels = [np.full(len(own), label) for label in common]
            else:
                labels = [_mixed(own, k, 0.3, seed)]
            return [read for y in labels if (read := self._read(outputs, y)) is not None]
        finally:
            program.restore()

    def _set_varied(self, seed: int) -> None:
        """Random parameters under which the answers are not nearly all the same, if some of a few draws are."""
        program, few = self.e.program, self.x[:100]
        for attempt in range(6):
            program.set_parameters(program.draw_parameters(seed + 10 * attempt))
            outputs = program.predict(few, restore=False)
            if outputs is None or np.unique(self._answers(outputs), return_counts=True)[1].max() < 0.6 * len(few):
                return

    def _is_random(self) -> bool:
        values = []
        for seed in (12345, 54321):
            self.e.program.perturb_randomness(seed)
            read = self._read(self.outputs, self.y)
            values.append(None if read is None else read.value)
            self.e.program.restore()
        return values[0] != values[1] and not any(v is None or np.isnan(v) for v in values)

    def _answers(self, outputs: Array) -> Array:
        if outputs.shape[1] > 1:
            return outputs.argmax(axis=1)
        inside = outputs.min() >= 0 and outputs.max() <= 1
        return (outputs[:, 0] > (0.5 if inside else float(np.median(outputs)))).astype(int)

    def _at_best_threshold(self, made: Evaluations) -> Evaluations:
        """With one output: the threshold that fits best, of those that a program may mean."""
        if self.outputs.shape[1] > 1:
            return made
        every = np.concatenate([c.outputs.ravel() for c in made.counted])
        thresholds = (0.5,) if every.min() >= 0 and every.max() <= 1 else (0.5, 0.0)

        def at(threshold: float, counted: list[Counted]) -> list[Counted]:
            return [replace(c, threshold=threshold) for c in counted]

        best = max(thresholds, key=lambda t: sum(is_right(c) for c in at(t, made.counted)))
        return Evaluations(at(best, made.counted), at(best, made.one_label), made.random)


def _mixed(answers: Array, k: int, share: float, seed: int) -> Array:
    """The answers, a share of them changed to another class."""
    generator = np.random.default_rng(seed)
    n_classes = max(k, 2)
    other = (answers + generator.integers(1, n_classes, len(answers))) % n_classes
    return np.where(generator.random(len(answers)) < share, other, answers)


def as_number(value: Any) -> float | None:
    """The number in what an evaluation returned: alone, first of several, or in a text."""
    if value is None:
        return None
    if isinstance(value, str):
        found = re.search(r"-?\d+(\.\d+)?([eE]-?\d+)?", value)
        return float(found.group()) if found else None
    if isinstance(value, (tuple, list)) and value:
        return as_number(value[0])
    if isinstance(value, dict):
        return as_number(next(iter(value.values()), None))
    try:
        array = np.asarray(value.detach().cpu() if hasattr(value, "detach") else value, dtype=float)
    except (TypeError, ValueError):
        return None
    return float(array.reshape(-1)[0]) if array.size == 1 else None
