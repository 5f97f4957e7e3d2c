"""Whether the targets belong to their inputs."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from unstuck.adapters.watched.check import Seen, check
from unstuck.adapters.watched.events import LossTaken, ModelCalled, ShuffledApart
from unstuck.adapters.watched.history import History
from unstuck.adapters.watched.scores import SHOWN
from unstuck.adapters.watched.values import Array
from unstuck.diagnosis.examination.evidence import MEASURED, PROVED

ENOUGH = 100
RELATED = 4.0  # deviations above chance
MOST_TOKENS = 2000  # of a vocabulary, whose counts are features
AT_ONCE, FEW, MANY = 2, 4, 0.5  # updates; inputs, and their share of those seen again: more than a pass's two ends
ROUNDING = 1e-5  # of answers in float32
NEARLY_ALL = 0.95  # of the targets: all but those at the ends of sequences
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
            f"of {len(x)} examples learnt from, neither the nearest other input nor any single feature tells the class "
        )
        said += f"better than chance ({above:.1f} deviations above it)"
        numbers = {"examples": len(x), "deviations_above_chance": above}
        yield Seen("D10", MEASURED, said, numbers, apart[-1].place, certain=True)


@check("F16")
def target_is_seen(h: History) -> Iterator[Seen]:
    """The targets of a model of sequences are its inputs, entry by entry, and not the entries that follow: each answer
    has only to repeat what was just read.

    Cure: Inputs `text[:-1]` and targets `text[1:]`.
    """
    batches = list(_sequences(h))
    if len(batches) >= FEW and all(np.array_equal(y, x.reshape(-1)[: len(y)]) for _, x, y in batches):
        said = "the targets are the inputs, entry by entry, and no answer depends on entries after its own: "
        said += "each has only to repeat the entry that it has just read"
        yield Seen("F16", PROVED, said, {"batches_seen": len(batches)}, batches[0][0].place, certain=True)


@check("D10")
def targets_in_order_of_time(h: History) -> Iterator[Seen]:
    """The targets of a model of sequences come entry by entry where its predictions come example by example.

    Cure: Flatten both in the same order: `logits.reshape(-1, n_classes)` and `y.reshape(-1)`, without a `.t()`.
    """
    batches = [batch for batch in _sequences(h) if batch[1].shape[0] != batch[1].shape[1]]
    as_predicted = [_follow(x[:, 1:].reshape(-1), _without_last(y, x.shape[1])) for _, x, y in batches]
    by_time = [_follow(x[:, 1:].T.reshape(-1), y) for _, x, y in batches]
    if len(batches) >= FEW and min(by_time) > NEARLY_ALL and max(as_predicted) < AS_CHANCE:
        said = "each target is the entry that follows in the inputs only where the targets are read entry by entry: "
        said += f"read as the predictions are, {np.mean(as_predicted):.0%} of them are"
        numbers = {"batches_seen": len(batches), "following": float(np.mean(as_predicted))}
        yield Seen("D10", PROVED, said, numbers, batches[0][0].place, certain=True)


def _sequences(h: History) -> Iterator[tuple[LossTaken, Array, Array]]:
    """Losses of a model that reads (n, length) tokens and looks at none ahead, with these and as many class numbers.

    The class numbers are flat; of many the first are known.
    """
    call: ModelCalled | None = None
    reads = {one.which for one in h.training_calls if one.ahead is not None and one.ahead < ROUNDING}
    for event in h.events:
        if isinstance(event, ModelCalled) and event.learning:
            call = event if event.which in reads else None
        elif isinstance(event, LossTaken) and event.learning and call is not None:
            x, target = call.inputs, event.target
            whole = int(np.prod(event.target_shape)) == int(np.prod(call.input_shapes[0]))
            if x is not None and target is not None and whole and target.dtype.kind in "iu":
                yield event, x, target.reshape(-1)
            call = None


def _without_last(target: Array, length: int) -> Array:
    """The targets of whole sequences without the last of each, flat."""
    return target[: len(target) // length * length].reshape(-1, length)[:, :-1].reshape(-1)


def _follow(following: Array, target: Array) -> float:
    """The share of targets that are the entries which follow in the inputs, in the same order."""
    n = min(len(following), len(target))
    return float((following[:n] == target[:n]).mean()) if n else 0.0


def _labelled(h: History) -> Iterator[tuple[ModelCalled, LossTaken, Array]]:
    """Each call that was learnt from, with the first loss of classes after it, one for each example; and these."""
    call: ModelCalled | None = None
    for event in h.events:
        if isinstance(event, ModelCalled) and event.learning:
            call = event
        if isinstance(event, LossTaken) and event.learning and event.classes is not None and call is not None:
            if event.prediction_shape[:1] == event.target_shape[:1] and _one_each(event):
                yield call, event, event.classes
            call = None


def _one_each(event: LossTaken) -> bool:
    """Whether the class numbers of a loss are one for each example, and not the numbers of a picture, say."""
    n, *rest = event.target_shape
    return rest in ([], [1]) or (event.classes is not None and len(event.classes) == n < SHOWN)


def _pairs(h: History) -> tuple[Array | None, Array | None]:
    """(n, features) inputs learnt from, and (n,) their class numbers; of tokens how often each is among an input's."""
    found: list[tuple[Array, Array]] = []
    for call, _, classes in _labelled(h):
        if call.inputs is not None and call.inputs.dtype.kind in "fiu" and call.inputs.ndim > 1:
            n = min(len(call.inputs), len(classes))
            found.append((call.inputs.reshape(len(call.inputs), -1)[:n], classes[:n]))
    tokens = bool(found) and all(x.dtype.kind in "iu" and x.size and x.min() >= 0 for x, _ in found)
    if tokens and (words := 1 + max(int(x.max()) for x, _ in found)) <= MOST_TOKENS:
        found = [(np.stack([np.bincount(row, minlength=words) for row in x]), classes) for x, classes in found]
    if not found or len({x.shape[1] for x, _ in found}) > 1:
        return None, None
    x, labels = np.concatenate([x for x, _ in found]).astype(float), np.concatenate([c for _, c in found])
    once = np.sort(np.unique(x, axis=0, return_index=True)[1])[:512]  # the nearest to what comes again is itself
    return x[once], labels[once]


def _above_chance(x: Array, labels: Array) -> float | None:
    """How many deviations above chance labels are related to their inputs; None for one class.

    The larger of two: how often the nearest other input has the same class, and how far the best single feature is
    correlated with the largest class.
    """
    spread = x.std(axis=0)
    z = (x - x.mean(axis=0)) / np.where(spread > 0, spread, 1)
    near = (z**2).sum(axis=1)[:, None] + (z**2).sum(axis=1) - 2 * z @ z.T
    np.fill_diagonal(near, np.inf)
    nearest = near.argmin(axis=1)
    largest = np.bincount(labels - labels.min()).argmax() + labels.min()
    generator = np.random.default_rng(0)
    orders = [generator.permutation(labels) for _ in range(100)]
    measures = (
        lambda classes: (classes == classes[nearest]).mean(),
        lambda classes: abs(((classes == largest) - (classes == largest).mean()) @ z).max(),
    )
    found = []
    for measure in measures:
        chance = [float(measure(order)) for order in orders]
        if np.std(chance) > 0:
            found.append(float((measure(labels) - np.mean(chance)) / np.std(chance)))
    return max(found, default=None)


def _relabelled(h: History) -> tuple[int, int, float]:
    """How often an input was learnt from again, how often with another label than before, and that share by chance.

    Inputs that come again at once are left out, such as those that an adversarial pair is shown in turn.
    """
    if len({event.place for event in h.learnt}) > 1:
        return 0, 0, 0.0
    found: list[tuple[Array, Array, Array]] = []
    for call, loss, classes in _labelled(h):
        if call.rows is not None and call.rows.shape == loss.target_shape[:1]:
            n = min(len(call.rows), len(classes))
            found.append((call.rows[:n], classes[:n], np.full(n, loss.update)))
    if not found:
        return 0, 0, 0.0
    key, label, update = (np.concatenate(arrays) for arrays in zip(*found, strict=True))
    order = np.argsort(key, kind="stable")
    key, label, update = key[order], label[order], update[order]
    same, others = key[1:] == key[:-1], label[1:] != label[:-1]
    at_once = np.diff(update) <= AT_ONCE
    if int((same & at_once & others).sum()) > max(FEW, MANY * int(same.sum())):
        return 0, 0, 0.0  # the same input has several labels by itself
    same &= ~at_once
    shares = np.unique(label, return_counts=True)[1] / len(label)
    return int(same.sum()), int((same & others).sum()), 1 - float((shares**2).sum())
