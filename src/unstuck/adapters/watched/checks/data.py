"""The data as they reach the model."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np

from unstuck.adapters.watched.check import Seen, check
from unstuck.adapters.watched.events import Discarded, LoaderMade, ModelCalled, Validated
from unstuck.adapters.watched.history import History
from unstuck.adapters.watched.values import Array, Place
from unstuck.diagnosis.examination.evidence import MEASURED, PROVED, SUSPECTED

FAR = 5.0  # deviations or units that inputs of a network are seldom away from 0 by
FAR_WITHIN = 0.05  # times the inputs, which were of the size of 1
OTHERWISE = 2.5  # times as widely spread: no accident among a hundred examples
ENOUGH = 100
FEW = 20  # examples of a whole table, such as those of XOR, are validated with as well as learnt from
OVERLAP = 0.5  # of the validation: examples that occur twice in a data set are fewer
LEARNT = 0.9  # of a validation: only what is left out of the part of a training that was seen is not known to be learnt
AMONG = 0.1  # of the examples of every validation: only a part of what is learnt from is seen
RARE = 0.02  # of the examples learnt from: a class that a model cannot be validated on
IN_ORDER = 0.1  # of the changes of class that a shuffled order has


def _inputs(calls: list[ModelCalled]) -> Array | None:
    """The numbers that reached the model, (n, features)."""
    shown = [call.inputs for call in calls if call.inputs is not None and call.inputs.dtype.kind == "f"]
    shown = [x.reshape(len(x), -1) for x in shown if x.ndim > 1]
    return np.concatenate([x for x in shown if x.shape[1] == shown[0].shape[1]]) if shown else None


@check("D01")
def inputs_not_finite(h: History) -> Iterator[Seen]:
    """NaN or infinity reaches the model.

    Cure: Find where it comes from (a column without a number, a division by a deviation of 0) and put it right there.
    """
    x = _inputs(h.training_calls)
    if x is not None and not np.isfinite(x).all():
        bad = int((~np.isfinite(x)).any(axis=1).sum())
        place = h.training_calls[0].place
        yield Seen("D01", PROVED, f"{bad} of {len(x)} inputs are not finite", {"examples": bad}, place, certain=True)


@check("D02")
def inputs_unscaled(h: History) -> Iterator[Seen]:
    """The inputs reach the model in a range that its initialisation and rate cannot bear.

    Cure: Scale them: pixels by 255, columns to mean 0 and deviation 1 with the numbers of the training set.
    """
    thrown = h.all(Discarded)
    if thrown:
        said = f"what {thrown[0].by} returns is thrown away: the data stay as they were"
        yield Seen("D02", PROVED, said, {"calls": len(thrown)}, thrown[0].place, certain=True)
        return
    x = _inputs(h.training_calls)
    if x is None or not np.isfinite(x).all() or len(x) < 2:
        return
    size = float(np.sqrt((x.astype(float) ** 2).mean()))
    columns = x.shape[1] <= 64 and len(x) >= ENOUGH // 4
    centre, spread = x.mean(axis=0 if columns else None), x.std(axis=0 if columns else None)
    within = [call.reached / size for call in h.training_calls if call.reached is not None and 1 / FAR < size < FAR]
    if within and 0 < max(within) < FAR_WITHIN:
        said = f"inputs that lie {size:.3g} from 0 in the mean square are scaled once more inside of the model: "
        said += f"its first layer is given {max(within):.3g} times as much"
        repair = ("scale", (0.0, 1 / max(within)))
        yield Seen("D02", MEASURED, said, {"scaled_by": max(within)}, h.training_calls[0].place, repair)
        return
    uneven = columns and spread.max() > 20 * max(float(np.median(spread)), 1e-300)
    narrow = x.std() < FAR_WITHIN * size
    if (1 / (4 * FAR) < size < FAR and not uneven and not narrow) or np.isin(x, (0, 1)).all():
        return
    factor = np.where(spread > 0, 1 / np.where(spread > 0, spread, 1), 0.0)
    said = f"inputs from {x.min():.4g} to {x.max():.4g}, {size:.3g} from 0 in the mean square"
    said += f", and only {x.std():.2g} apart from each other" if narrow else ""
    shape = h.training_calls[0].input_shapes[0][1:]
    flat = columns and len(shape) == 1
    whole = int(np.prod(shape)) == x.shape[1]  # and not several inputs side by side
    repair = (
        "scale",
        (centre.tolist() if flat else float(x.mean()), factor.tolist() if flat else 1 / max(float(x.std()), 1e-9)),
    )
    numbers = {"lowest": float(x.min()), "highest": float(x.max()), "root_mean_square": size}
    yield Seen("D02", MEASURED, said, numbers, h.training_calls[0].place, repair if whole else None)


@check("D05")
def test_inputs_prepared_differently(h: History) -> Iterator[Seen]:
    """The evaluation's inputs are scaled otherwise than those of the training.

    Cure: One function that prepares inputs, with the training set's numbers, for both.
    """
    first, second = _inputs(h.training_calls), _inputs(h.evaluation_calls)
    if first is None or second is None or first.shape[1] != second.shape[1]:
        return
    if min(len(first), len(second)) < ENOUGH // 4 or not (np.isfinite(first).all() and np.isfinite(second).all()):
        return
    ratio = float(second.std() / max(float(first.std()), 1e-300))
    shift = float(abs(second.mean() - first.mean()) / max(float(first.std()), 1e-300))
    if 1 / OTHERWISE < ratio < OTHERWISE and shift < OTHERWISE:
        return
    said = f"inputs of the evaluation are {ratio:.3g} times as widely spread as those of the training"
    said += f", and {shift:.2g} deviations away" if shift >= 1 else ""
    place = next(call.place for call in h.evaluation_calls if call.inputs is not None)
    grade = MEASURED if max(ratio, 1 / ratio, shift) > 2 * OTHERWISE else SUSPECTED
    yield Seen("D05", grade, said, {"spread": ratio, "shift": shift}, place, certain=grade == MEASURED)


@check("D06")
def validated_on_training_examples(h: History) -> Iterator[Seen]:
    """The examples that the model is validated with are those that it learns from.

    Cure: Hold examples back before training, and validate with these alone.

    Cure in Keras: `fit(…, validation_split=0.2)`, or `validation_data` of examples that are not in the training set.
    """
    for event in h.all(Validated):
        if event.examples >= FEW and event.learnt >= OVERLAP * event.examples:
            said = f"{event.learnt} of the {event.examples} examples of the validation are among those learnt from"
            numbers = {"validated": event.examples, "learnt": event.learnt}
            yield Seen("D06", PROVED, said, numbers, event.place, certain=True)
            return
    yield from _judged_on_training_examples(h)


def _judged_on_training_examples(h: History) -> Iterator[Seen]:
    """Calls that the script names a validation or a test, of examples that the same model has learnt from.

    Either no call at all sees an example that is not learnt from; or such a call comes after what it sees was learnt,
    while what it saw at first was held back: a model that goes on from fold to fold. Only a part of the training
    examples is seen learnt from, so that a part of the others is known to be among them.
    """
    calls = [call for call in h.evaluation_calls if call.rows is not None and len(call.rows) >= FEW]
    training = [call for call in h.learnt_calls if call.rows is not None]
    for which in dict.fromkeys(call.which for call in calls):
        judged = [call for call in calls if call.which == which]
        learnt = [(call.update, call.rows) for call in training if call.which == which]
        rows = np.unique(np.concatenate([rows for _, rows in learnt])) if learnt else np.zeros(0)
        named = [(call, place) for call in judged if (place := _named_a_test(call)) is not None]
        if len(rows) < FEW or not named:
            continue
        before = [_share(call, [rows for update, rows in learnt if update < call.update]) for call, _ in named]
        if min(_share(call, [rows]) for call in judged) >= AMONG:
            call, place = named[0]
        elif before[0] < AMONG and before[-1] >= LEARNT and _share(named[-1][0], [named[0][0].rows]) < AMONG:
            call, place = named[-1]
        else:
            continue
        n = len(np.unique(call.rows))  # type: ignore[arg-type]
        known = round(n * _share(call, [rows]))
        said = f"{known} of the {n} examples of this validation were learnt from in the updates seen"
        yield Seen("D06", PROVED, said, {"validated": n, "learnt": known}, place, certain=True)
        return


def _share(call: ModelCalled, learnt: Sequence[Array | None]) -> float:
    """The share of a call's examples that are among these."""
    known = np.concatenate([rows for rows in learnt if rows is not None] or [np.zeros(0, np.uint64)])
    return float(np.isin(np.unique(call.rows), known).mean())  # type: ignore[arg-type]


def _named_a_test(call: ModelCalled) -> Place | None:
    """The line that calls what it evaluates a test, or else that makes the loader of it under such a name."""
    named = next((place for place in call.callers if _names_a_test(place.text)), None)
    loader = call.loader
    return named or (loader if loader is not None and _names_a_test(loader.text.split("DataLoader")[0]) else None)


def _names_a_test(text: str) -> bool:
    """Whether a line's values, and not only the function it calls, are named a test."""
    values = re.sub(r"\w+\(", "(", text)
    return bool(re.search(r"(?<![a-z])(te?st|val|valid|validation|dev|eval)(?![a-z])", values, re.IGNORECASE)) and not (
        re.search(r"train", values, re.IGNORECASE)
    )


@check("D07")
def targets_collapsed(h: History) -> Iterator[Seen]:
    """Every example has the same target.

    Cure: Look at the labels as they are loaded: they may have been scaled with the pixels, or cut to whole numbers.
    """
    labels, made = h.labels, _labels_of_data(h)
    known = made if made is not None and len(made) >= len(labels) else labels
    if len(known) >= ENOUGH and len(np.unique(known)) == 1 and (made is not None or len(h.learnt) > 1):
        said = f"all of {len(known)} targets seen are {known[0]}"
        given = [loader.place for loader in h.all(LoaderMade) if loader.labels is not None]
        place, grade = given[0] if given else h.learnt[0].place, PROVED if made is not None else MEASURED
        yield Seen("D07", grade, said, {"targets": len(known)}, place, certain=True)


@check("D12")
def examples_in_label_order(h: History) -> Iterator[Seen]:
    """The examples come sorted by class and are not shuffled: `DataLoader(…, shuffle=False)` on data in the order of
    their folders or classes.

    Cure: `DataLoader(…, shuffle=True)` for the training data.

    Cure in Keras: `fit(…, shuffle=True)`; `validation_split` takes the last examples before any shuffling.
    """
    places = [event.place for event in h.learnt]
    if sum(place != following for place, following in pairwise(places)) >= max(2, len(set(places))):
        return  # losses that take turns, such as those of an adversarial pair
    apart = [made for made in h.all(LoaderMade) if made.held_back is not None and _without_its_classes(made)]
    if apart:
        said = "the examples are in the order of their classes, and the last are held back: "
        said += "most of the validation are of classes that hardly occur among those learnt from"
        parts = {"learnt": len(apart[0].labels), "held_back": len(apart[0].held_back)}  # type: ignore[arg-type]
        yield Seen("D12", PROVED, said, parts, apart[0].place, certain=True)
        return
    labels = h.labels
    loaders = [made for made in h.all(LoaderMade) if made.labels is not None and not made.shuffles]
    order = loaders[0].labels if loaders and len(labels) and _starts_with(loaders[0].labels, h.batches[0]) else labels
    if order is None or len(order) < ENOUGH:
        return
    sizes = [len(batch) for batch in h.batches]
    size = max(sizes)
    shares = np.unique(order, return_counts=True)[1] / len(order)
    if len(shares) < 2 or size * 2 > len(order):
        return
    changes = int((np.diff(order) != 0).sum())
    by_chance = (len(order) - 1) * (1 - float((shares**2).sum()))
    alone = np.mean([len(np.unique(batch)) == 1 for batch in h.batches if len(batch) > 1] or [changes < by_chance / 10])
    if changes < IN_ORDER * by_chance and alone > 0.5:
        said = (
            f"the class changes {changes} times over {len(order)} examples in the order of training, where a shuffled "
        )
        said += f"order has about {by_chance:.0f}"
        numbers = {"changes": changes, "by_chance": by_chance, "examples": len(order)}
        place = loaders[0].place if loaders else h.training_calls[0].place if h.training_calls else None
        yield Seen("D12", MEASURED, said, numbers, place, certain=True)


def _without_its_classes(made: LoaderMade) -> bool:
    """Whether most examples held back are of classes that make up next to nothing of those learnt from."""
    learnt, held_back = made.labels, made.held_back
    if learnt is None or held_back is None or min(len(learnt), len(held_back)) < FEW:
        return False
    kinds, counts = np.unique(learnt, return_counts=True)
    known = kinds[counts >= RARE * len(learnt)]
    are_classes = np.isin(learnt, known).mean() > LEARNT  # and not whole numbers of all sizes
    return bool(are_classes and np.isin(held_back, known).mean() < OVERLAP)


def _labels_of_data(h: History) -> Array | None:
    made = [made for made in h.all(LoaderMade) if made.labels is not None]
    return made[0].labels if made else None


def _starts_with(labels: Array | None, batch: Array) -> bool:
    return labels is not None and len(labels) >= len(batch) and np.array_equal(labels[: len(batch)], batch)
