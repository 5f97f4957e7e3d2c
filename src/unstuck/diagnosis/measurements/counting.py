"""Ways to count right answers: the right one in the units people use, and the wrong ones they write."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

Array = np.ndarray


@dataclass(frozen=True)
class Counted:
    """One evaluation: outputs (n, n_outputs), classes of the labels handed over (n,), and the number that came back.

    truth is the number of right answers at least and at most (they differ where several outputs are the largest).
    """

    outputs: Array
    classes: Array
    value: float
    names: tuple[int, int] = (0, 1)  # classes that one output below and above its threshold stands for
    threshold: float = 0.5

    @property
    def n(self) -> int:
        return len(self.outputs)

    @property
    def answers(self) -> Array:
        if self.outputs.shape[1] > 1:
            return self.outputs.argmax(axis=1)
        return np.where(self.outputs[:, 0] > self.threshold, self.names[1], self.names[0])

    @property
    def truth(self) -> tuple[int, int]:
        if self.outputs.shape[1] == 1:
            edge = np.abs(self.outputs[:, 0] - self.threshold) < 1e-12
            right = self.answers == self.classes
            return int(np.sum(right & ~edge)), int(np.sum(right | edge))
        top = np.nan_to_num(self.outputs.max(axis=1), nan=np.inf)
        largest = self.outputs >= top[:, None] - 1e-12 * np.abs(top[:, None])
        largest |= ~np.isfinite(self.outputs).all(axis=1, keepdims=True)
        inside = (self.classes >= 0) & (self.classes < self.outputs.shape[1])
        hit = np.zeros(self.n, dtype=bool)
        hit[inside] = largest[np.flatnonzero(inside), self.classes[inside]]
        return int(np.sum(hit & (largest.sum(axis=1) == 1))), int(np.sum(hit))

    @property
    def desired(self) -> Array:
        """(n, n_outputs) one-hot rows, or one column."""
        if self.outputs.shape[1] == 1:
            return (self.classes == self.names[1]).astype(float)[:, None]
        return (self.classes[:, None] == np.arange(self.outputs.shape[1])).astype(float)


def is_right(counted: Counted) -> bool:
    """Whether the number is the count of right answers, its share, or its percentage, also rounded or cut off."""
    if not np.isfinite(counted.value):
        return False
    low, high = counted.truth
    for unit in (1 / counted.n, 100 / counted.n, 1.0):
        if low * unit * (1 - 2e-6) - 1e-12 <= counted.value <= high * unit * (1 + 2e-6) + 1e-12:
            return True
        for digits in (2, 3, 4) if unit * counted.n == 1 else (0, 1, 2, 3):
            if abs(counted.value - round(counted.value, digits)) < 1e-9 and any(
                abs(form(right * unit, digits) - counted.value) < 1e-9
                for right in {low, high}
                for form in (_rounded, _cut)
            ):
                return True
    return False


def _rounded(value: float, digits: int) -> float:
    return round(value, digits)


def _cut(value: float, digits: int) -> float:
    return float(np.floor(value * 10**digits + 1e-9) / 10**digits)


Form = Callable[[Counted], float]


def _share(hits: Array) -> float:
    return float(np.mean(hits))


def _whole_batch(c: Counted) -> float:
    return _share(np.all((c.outputs == c.outputs.max()) == (c.desired > 0.5), axis=1))


def _wrong_axis(c: Counted) -> float:
    return _share(c.outputs.argmax(axis=0) == c.desired.argmax(axis=0))


def _last(size: int) -> Form:
    def last(c: Counted) -> float:
        rest = c.n % size or size
        return _share((c.answers == c.classes)[-rest:])

    return last


def wrong_forms(batch_size: int | None) -> dict[str, Form]:
    """Shares of right answers as wrong formulas have them, by what they do."""
    forms: dict[str, Form] = {
        "looks for the largest output in the whole batch, not in each row": _whole_batch,
        "compares every output with its target and counts them all": lambda c: _share(
            (c.outputs > 0.5) == (c.desired > 0.5)
        ),
        "counts every rounded output that equals its target": lambda c: _share(np.round(c.outputs) == c.desired),
        "asks for all rounded outputs of a row to equal the target": lambda c: _share(
            np.all(np.round(c.outputs) == c.desired, axis=1)
        ),
        "asks for all outputs of a row to lie on the right side of 0.5": lambda c: _share(
            np.all((c.outputs > 0.5) == (c.desired > 0.5), axis=1)
        ),
        "asks for every output of a row to equal its target exactly": lambda c: _share(
            np.all(c.outputs == c.desired, axis=1)
        ),
        "counts outputs that equal their target exactly": lambda c: _share(c.outputs == c.desired),
        "counts a row if any rounded output equals its target": lambda c: _share(
            np.any(np.round(c.outputs) == c.desired, axis=1)
        ),
        "takes the largest along the examples, not along the classes": _wrong_axis,
        "takes the smallest output for the answer": lambda c: _share(c.outputs.argmin(axis=1) == c.classes),
        "counts the wrong answers": lambda c: _share(c.answers != c.classes),
        "counts answers one above the label": lambda c: _share(c.answers == c.classes + 1),
        "counts answers one below the label": lambda c: _share(c.answers == c.classes - 1),
        "compares the number of the answer with the one-hot targets": lambda c: _share(c.answers[:, None] == c.desired),
        "compares every answer with every label": all_pairs,
        "counts a label whose own output is above 0.5": lambda c: _share(
            np.any((c.outputs > 0.5) & (c.desired > 0.5), axis=1)
        ),
        "counts rows whose largest output is above 0.5": lambda c: _share(c.outputs.max(axis=1) > 0.5),
        "averages the outputs of the labels": lambda c: float(np.sum(c.outputs * c.desired) / c.n),
        "takes one minus the mean absolute error": lambda c: 1 - float(np.mean(np.abs(c.outputs - c.desired))),
        "takes one minus the mean squared error": lambda c: 1 - float(np.mean((c.outputs - c.desired) ** 2)),
        "reads the outputs with rows and columns exchanged": lambda c: _share(
            c.outputs.T.reshape(c.n, -1).argmax(axis=1) == c.classes
        ),
        "counts the last example only": lambda c: float(c.answers[-1] == c.classes[-1]),
    }
    if batch_size and batch_size > 1:
        forms[f"counts the last batch of {batch_size} only"] = _last(batch_size)
        forms[f"counts the first {batch_size} only"] = lambda c: _share((c.answers == c.classes)[:batch_size])
    return forms


def all_pairs(c: Counted) -> float:
    """What an answer beside a label drawn at random would score; also what broadcasting (n, 1) against (n,) gives."""
    names = np.union1d(c.answers, c.classes)
    return float(sum(np.mean(c.answers == k) * np.mean(c.classes == k) for k in names))


def orders() -> dict[str, Form]:
    """Shares of right answers where the answers stand in another order than the labels."""
    return {
        "the answers are sorted": lambda c: _share(np.sort(c.answers) == c.classes),
        "the labels are sorted": lambda c: _share(c.answers == np.sort(c.classes)),
        "the answers are in reverse": lambda c: _share(c.answers[::-1] == c.classes),
        "the answers are one place late": lambda c: _share(np.roll(c.answers, 1) == c.classes),
        "the answers are one place early": lambda c: _share(np.roll(c.answers, -1) == c.classes),
    }


def reproduces(form: Form, evaluations: list[Counted]) -> bool:
    """Whether this form gives every number, in the same unit: share, percentage, count, or hundredths of a share."""
    with np.errstate(all="ignore"):
        try:
            shares = [form(c) for c in evaluations]
        except (ValueError, IndexError):
            return False
    values = [c.value for c in evaluations]
    n = evaluations[0].n
    return any(
        all(abs(share * unit - value) <= 2e-6 * max(abs(value), 1e-3 * unit) for share, value in zip(shares, values))
        for unit in (1.0, 100.0, float(n), 0.01)
    )


def constant_divisor(evaluations: list[Counted]) -> float | None:
    """What the number of right answers is always divided by, where that is neither 1, n nor n / 100; else None."""
    rights = np.array([c.truth[1] for c in evaluations], dtype=float)
    values = np.array([c.value for c in evaluations])
    if any(c.truth[0] != c.truth[1] for c in evaluations) or np.any(rights == 0) or np.any(values == 0):
        return None
    divisors = rights / values
    if len(set(rights)) < 2 or np.ptp(divisors) > 1e-5 * abs(divisors[0]):
        return None
    return float(divisors[0])


def _always(k: int) -> Form:
    return lambda c: _share(c.classes == k)


def constant_answer(evaluations: list[Counted]) -> int | None:
    """The class k where every number is the share of label k: as if all answers were k."""
    names = np.unique(np.concatenate([c.classes for c in evaluations]))
    return next((int(k) for k in names if reproduces(_always(int(k)), evaluations)), None)
