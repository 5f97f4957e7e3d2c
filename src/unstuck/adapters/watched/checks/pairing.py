"""Whether the targets belong to their inputs."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from unstuck.adapters.watched.check import Seen, check
from unstuck.adapters.watched.events import LossTaken, ModelCalled, ShuffledApart
from unstuck.adapters.watched.history import History
from unstuck.adapters.watched.values import Array
from unstuck.diagnosis.examination.evidence import MEASURED, PROVED

ENOUGH = 100
RELATED = 4.0  # deviations above chance
AT_ONCE = 2  # updates
OFTEN, AS_CHANCE = 20, 0.5  # inputs seen again; how often they come with other labels, as a share of chance


@check("D10")
def labels_unrelated(h: History) -> Iterator[Seen]:
    """Inputs and labels are brought into different orders: the same input comes with another label in each pass, or the
    labels of near inputs are those of any others.

    Cure: One order for both: `order = torch.randperm(n)`, then `x[order]` and `y[order]`.

    Cure in Keras: One order for both: `order = rng.permutation(n)`, then `x[order]` and `y[order]`.
    """
    apart = h.all(ShuffledApart)
    again, others, by_chance = _relabelled(h)
    if again >= OFTEN and others and others >= AS_CHANCE * by_chance * again:
        said = (
            f"{again} times an input is learnt from again, and {others} of these times with another label than before"
        )
        place = apart[-1].place if apart else h.learnt[0].place
        numbers = {"seen_again": again, "with_another_label": others, "by_chance": by_chance * again}
        yield Seen("D10", PROVED, said, numbers, place, certain=True)
        return
    x, labels = _pairs(h)
    if not apart or x is None or labels is None or len(x) < ENOUGH:
        return
    above = _above_chance(x, labels)
    if above is not None and above < RELATED:
        said = (
            f"of {len(x)} examples learnt from, the nearest other input has the same class no more often than chance "
        )
        said += f"({above:.1f} deviations above it)"
        numbers = {"examples": len(x), "deviations_above_chance": above}
        yield Seen("D10", MEASURED, said, numbers, apart[-1].place, certain=True)


def _pairs(h: History) -> tuple[Array | None, Array | None]:
    """(n, features) inputs learnt from, and (n,) their class numbers."""
    found: list[tuple[Array, Array]] = []
    inputs: Array | None = None
    for event in h.events:
        if isinstance(event, ModelCalled) and event.learning and event.inputs is not None:
            inputs = event.inputs.reshape(len(event.inputs), -1) if event.inputs.dtype.kind == "f" else None
        if isinstance(event, LossTaken) and event.learning and inputs is not None and event.classes is not None:
            n = min(len(inputs), len(event.classes))
            if event.prediction_shape[:1] == event.target_shape[:1]:
                found.append((inputs[:n], event.classes[:n]))
            inputs = None
    if not found or len({x.shape[1] for x, _ in found}) > 1:
        return None, None
    return np.concatenate([x for x, _ in found])[:512], np.concatenate([c for _, c in found])[:512]


def _above_chance(x: Array, labels: Array) -> float | None:
    """How many deviations above chance the nearest other input has the same class; None for one class."""
    spread = x.std(axis=0)
    z = (x - x.mean(axis=0)) / np.where(spread > 0, spread, 1)
    near = (z**2).sum(axis=1)[:, None] + (z**2).sum(axis=1) - 2 * z @ z.T
    np.fill_diagonal(near, np.inf)
    nearest = near.argmin(axis=1)
    generator = np.random.default_rng(0)
    chance = [float((mixed == mixed[nearest]).mean()) for mixed in (generator.permutation(labels) for _ in range(100))]
    if np.std(chance) == 0:
        return None
    return float(((labels == labels[nearest]).mean() - np.mean(chance)) / np.std(chance))


def _relabelled(h: History) -> tuple[int, int, float]:
    """How often an input was learnt from again, how often with another label than before, and that share by chance.

    Inputs that come again at once are left out, such as those that an adversarial pair is shown in turn.
    """
    if len({event.place for event in h.learnt}) > 1:
        return 0, 0, 0.0
    rows: Array | None = None
    keys: list[Array] = []
    classes: list[Array] = []
    updates: list[Array] = []
    for event in h.events:
        if isinstance(event, ModelCalled) and event.learning:
            rows = event.rows
        if isinstance(event, LossTaken) and event.learning and rows is not None and event.classes is not None:
            if event.prediction_shape[:1] == event.target_shape[:1] == rows.shape:
                n = min(len(rows), len(event.classes))
                keys.append(rows[:n])
                classes.append(event.classes[:n])
                updates.append(np.full(n, event.update))
            rows = None
    if not keys:
        return 0, 0, 0.0
    key, label, update = np.concatenate(keys), np.concatenate(classes), np.concatenate(updates)
    order = np.argsort(key, kind="stable")
    key, label, update = key[order], label[order], update[order]
    same = (key[1:] == key[:-1]) & (np.diff(update) > AT_ONCE)
    shares = np.unique(label, return_counts=True)[1] / len(label)
    return int(same.sum()), int((same & (label[1:] != label[:-1])).sum()), 1 - float((shares**2).sum())
