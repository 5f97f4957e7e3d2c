"""The loss holds what it is given against what it takes it for."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from unstuck.adapters.watched.check import Seen, check
from unstuck.adapters.watched.events import Broadcast, Compared, LossTaken
from unstuck.adapters.watched.history import History
from unstuck.adapters.watched.losses import COMPARES_NUMBERS
from unstuck.adapters.watched.values import Array, Place
from unstuck.diagnosis.examination.evidence import MEASURED, PROVED

CLOSE = 1e-4  # sums of float32 probabilities
OF_CLASS_NUMBERS = ("cross_entropy", "nll_loss", "sparse_categorical_crossentropy")
OF_ONE_CHOICE = ("categorical_crossentropy", "sparse_categorical_crossentropy")
YES_OR_NO = ("binary_cross_entropy", "binary_cross_entropy_with_logits")
RANGES = {"sigmoid": (0.0, 1.0), "softmax": (0.0, 1.0), "tanh": (-1.0, 1.0), "relu": (0.0, np.inf)}


def _rows_sum_to_one(p: Array) -> bool:
    """Whether these are probabilities along axis 1: none below 0, and every sum 1."""
    return p.ndim >= 2 and p.shape[1] > 1 and bool((p >= 0).all()) and bool((abs(p.sum(axis=1) - 1) < CLOSE).all())


def _of(h: History, *kinds: str) -> list[LossTaken]:
    return [event for event in h.shown if event.kind in kinds]


def _classes_of(h: History, *kinds: str) -> Array:
    """The class numbers among the targets of losses of these kinds, each once."""
    found = [event.classes for event in h.learnt if event.kind in kinds and event.classes is not None]
    return np.unique(np.concatenate(found)) if found else np.zeros(0, np.int32)


def _place(event: LossTaken) -> Place | None:
    return event.last_place or event.made or event.place


def _worst_sum(events: list[LossTaken], of: str = "probabilities") -> float:
    """How far the sums of the rows lie from 1, at most."""
    tables = [np.exp(e.prediction) if of == "log" else e.prediction for e in events if e.prediction is not None]
    return max(float(abs(p.sum(axis=1) - 1).max()) for p in tables)


@check("L01")
def softmax_twice(h: History) -> Iterator[Seen]:
    """`CrossEntropyLoss` and `BCEWithLogitsLoss` (in Keras losses with `from_logits=True`) apply the softmax or sigmoid
    themselves, and are given its result.

    Cure: Leave the softmax or sigmoid out of the model and give the loss the plain scores.

    Cure in Keras: Leave the activation of the last layer out, or set `from_logits=False`.
    """
    taken = _of(h, "cross_entropy")
    if taken and all(_rows_sum_to_one(e.prediction) for e in taken if e.prediction is not None):
        n = sum(len(e.prediction) for e in taken if e.prediction is not None)
        said = (
            "the loss applies a softmax to numbers that are probabilities already: none is below 0, each row sums to 1"
        )
        numbers = {"rows_seen": n, "residual": _worst_sum(taken)}
        repair = ("loss cross_entropy", "log of probabilities")
        yield Seen("L01", PROVED, said, numbers, _place(taken[0]), repair)
    taken = _of(h, "binary_cross_entropy_with_logits")
    if taken and all(e.last[:1] in (("sigmoid",), ("softmax",)) for e in taken):
        said = f"the loss applies a sigmoid to the result of a {taken[0].last[0]}"
        repair = ("loss binary_cross_entropy_with_logits", "scores of yes or no")
        yield Seen("L01", PROVED, said, {"losses_seen": len(taken)}, _place(taken[0]), repair)


@check("L02")
def loss_output_mismatch(h: History) -> Iterator[Seen]:
    """`NLLLoss` wants log-probabilities and is given probabilities or scores; `BCELoss` wants probabilities and is
    given scores; a categorical loss is given separate sigmoids.

    Cure: `log_softmax` before `NLLLoss`, plain scores before `CrossEntropyLoss`, a sigmoid before `BCELoss`.

    Cure in Keras: softmax with `categorical_crossentropy`, sigmoid with `binary_crossentropy`, or `from_logits=True`.
    """
    taken = [e for e in _of(h, "nll_loss") if e.prediction is not None and e.prediction.ndim >= 2]
    if taken and all(_rows_sum_to_one(e.prediction) for e in taken if e.prediction is not None):
        said = "NLLLoss is given probabilities, not logarithms: it is minus the mean probability of the right class"
        numbers = {"residual": _worst_sum(taken), "loss": taken[-1].value}
        yield Seen("L02", PROVED, said, numbers, _place(taken[0]), ("loss nll_loss", "log of probabilities"))
    elif taken and _worst_sum(taken, "log") > 10 * CLOSE:
        said = "NLLLoss is given numbers that are no log-probabilities: their exponentials do not sum to 1"
        numbers = {"sum_of_exponentials_off_by": _worst_sum(taken, "log"), "loss": taken[-1].value}
        place = taken[0].made or taken[0].place
        yield Seen("L02", PROVED, said, numbers, place, ("loss nll_loss", "log-softmax of scores"))
    taken = [e for e in _of(h, "binary_cross_entropy") if e.prediction is not None]
    outside = [e for e in taken if e.prediction is not None and ((e.prediction < 0) | (e.prediction > 1)).any()]
    if outside:
        said = "the binary cross-entropy of probabilities is given scores: some lie outside of 0 to 1"
        low, high = float(outside[0].prediction.min()), float(outside[0].prediction.max())  # type: ignore[union-attr]
        repair = ("loss binary_cross_entropy", "sigmoid of scores")
        place = outside[0].made or outside[0].place
        yield Seen("L02", PROVED, said, {"lowest": low, "highest": high}, place, repair, certain=True)
    taken = _of(h, "cross_entropy")
    if taken and all(e.last[:1] == ("sigmoid",) for e in taken) and not _rows_sum_to_one(taken[0].prediction):  # type: ignore[arg-type]
        said = "a cross-entropy over classes is given separate sigmoids: no score can be above 1 or below 0"
        repair = ("loss cross_entropy", "scores of yes or no")
        yield Seen("L02", PROVED, said, {"losses_seen": len(taken)}, _place(taken[0]), repair)
    taken = _of(h, "categorical_crossentropy", "sparse_categorical_crossentropy")
    rows = [e for e in taken if e.prediction is not None and e.prediction.ndim >= 2 and e.prediction.shape[-1] > 1]
    if rows and all(e.prediction is not None and not _last_axis_sums_to_one(e.prediction) for e in rows):
        said = "a cross-entropy of probabilities is given numbers whose rows do not sum to 1"
        yield Seen("L02", PROVED, said, {"losses_seen": len(rows)}, _place(rows[0]), _keras_repair(rows[0]))


def _last_axis_sums_to_one(p: Array) -> bool:
    return bool((p >= -CLOSE).all()) and bool((abs(p.sum(axis=-1) - 1) < 10 * CLOSE).all())


def _keras_repair(event: LossTaken) -> tuple[str, str]:
    return (f"loss {event.kind}", "softmax of scores" if event.last[:1] != ("sigmoid",) else "scores of yes or no")


@check("F06")
def activation_on_logits(h: History) -> Iterator[Seen]:
    """A ReLU (or another activation) stands between the last layer and a loss that takes plain scores.

    Cure: End the model with the linear layer.
    """
    taken = _of(h, "cross_entropy", "binary_cross_entropy_with_logits")
    found = [e for e in taken if e.last[:1] in (("relu",), ("tanh",), ("elu",), ("leaky_relu",), ("gelu",))]
    if taken and len(found) == len(taken):
        place = _place(found[0])
        said = f"the scores go through {found[0].last[0]} before the loss, which takes them as they are"
        repair = ("skip", [place.line]) if place is not None else None
        yield Seen("F06", PROVED, said, {"losses_seen": len(found)}, place, repair)


@check("F10")
def output_too_narrow(h: History) -> Iterator[Seen]:
    """One output unit stands for several classes: one sigmoid for ten digits, a categorical loss of a single column.

    Cure: One output unit for each class, with `CrossEntropyLoss` and class numbers.

    Cure in Keras: `Dense(n_classes, activation="softmax")` with `sparse_categorical_crossentropy`.
    """
    categorical = _of(h, "cross_entropy", "nll_loss", *OF_ONE_CHOICE)
    single = [e for e in categorical if e.prediction_shape[1:] == (1,)]
    kinds = _classes_of(h, "cross_entropy", "nll_loss", *OF_ONE_CHOICE)
    if single and len(single) == len(categorical):
        said = "a cross-entropy over classes is given one output: it is the same whatever the network answers"
        numbers = {"outputs": 1, "classes": len(kinds), "loss": single[-1].value}
        yield Seen("F10", PROVED, said, numbers, _place(single[0]), certain=True)
        return
    binary = _of(h, *YES_OR_NO)
    narrow = [e for e in binary if e.prediction_shape[1:] in ((), (1,))]
    kinds = _classes_of(h, *YES_OR_NO)
    if narrow and len(narrow) == len(binary) and len(kinds) > 2 and kinds.max() > 1:
        said = f"one yes-or-no output stands for {len(kinds)} classes, {kinds.min()} to {kinds.max()}"
        yield Seen("F10", PROVED, said, {"outputs": 1, "classes": len(kinds)}, _place(narrow[0]), certain=True)
        return
    one = [e for e in _of(h, *COMPARES_NUMBERS) if e.prediction_shape[1:] in ((), (1,)) and e.last]
    kinds = _classes_of(h, *COMPARES_NUMBERS)
    judged = [event for event in h.all(Compared) if event.how.startswith(("argmax", "max"))]
    if one and len(one) == len(h.shown) and judged and len(kinds) > 2 and kinds.min() == 0 and kinds.max() < len(kinds):
        said = f"one output is taught the numbers of {len(kinds)} classes as values, and judged as classes"
        yield Seen("F10", PROVED, said, {"outputs": 1, "classes": len(kinds)}, _place(one[0]), certain=True)


@check("A04")
def outputs_identical(h: History) -> Iterator[Seen]:
    """A softmax over a single output unit: it is 1, whatever the network does.

    Cure: A sigmoid for one unit with two classes, or as many units as classes for a softmax.
    """
    for event in h.shown[:1]:
        p = event.prediction
        one = event.prediction_shape[1:] in ((), (1,))
        if (
            p is not None
            and event.last[:1] in (("softmax",), ("log_softmax",))
            and one
            and p.size > 1
            and np.ptp(p) == 0
        ):
            said = "a softmax of one unit is 1 for every example: nothing can be learnt"
            yield Seen("A04", PROVED, said, {"output": float(p.flat[0])}, _place(event), certain=True)


@check("D08")
def targets_outside_output_range(h: History) -> Iterator[Seen]:
    """The last activation cannot reach the targets: a sigmoid or ReLU where values beyond its range are wanted, or
    targets other than 0 to 1 in a binary cross-entropy.

    Cure: No activation on the output of a regression, or targets scaled into its range; labels 0 and 1 for a binary
    cross-entropy.
    """
    for event in _of(h, *COMPARES_NUMBERS)[:1]:
        low, high = RANGES.get(event.last[0] if event.last else "", (-np.inf, np.inf))
        targets = np.concatenate(
            [e.target.reshape(-1) for e in h.shown if e.kind == event.kind and e.target is not None]
        )
        outside = float(((targets < low - 1e-3) | (targets > high + 1e-3)).mean())
        if outside > 0:
            said = f"{outside:.0%} of the targets, {targets.min():.4g} to {targets.max():.4g}, lie outside of what "
            said += f"{event.last[0]} can answer"
            place = _place(event)
            repair = ("skip", [place.line]) if place is not None else None
            yield Seen("D08", PROVED, said, {"share_outside": outside}, place, repair)
    binary = _of(h, *YES_OR_NO)
    targets = np.concatenate([e.target.reshape(-1) for e in binary if e.target is not None]) if binary else np.zeros(1)
    kinds = _classes_of(h, *YES_OR_NO)
    if len(kinds) <= 2 or not (kinds >= 0).all():
        outside = float(((targets < 0) | (targets > 1)).mean())
        if outside > 0:
            said = f"{outside:.0%} of the targets of a binary cross-entropy lie outside of 0 to 1, "
            said += f"at {targets.min():.4g} to {targets.max():.4g}"
            yield Seen("D08", PROVED, said, {"share_outside": outside}, binary[0].place, certain=True)


@check("D09")
def targets_malformed(h: History) -> Iterator[Seen]:
    """Predictions (n, 1) and targets (n,) are combined to n × n: every prediction is held against every target, and the
    network learns their mean.

    Cure: Give both the same shape: `loss(prediction.squeeze(1), y)` or `y.unsqueeze(1)`.

    Cure in Keras: Give both the same shape: `y.reshape(-1, 1)`.
    """
    for event in h.all(LossTaken):
        wrong = _unfit(event) if event.value is None and event.prediction is not None else ""
        if wrong:
            numbers = {"prediction": list(event.prediction_shape), "target": list(event.target_shape)}
            yield Seen("D09", PROVED, wrong, numbers, event.place, certain=True)
            return
    taken = _of(h, *COMPARES_NUMBERS)
    unlike = [
        e for e in taken if e.prediction_shape != e.target_shape and not _alike(e.prediction_shape, e.target_shape)
    ]
    if unlike and len(unlike) == len(taken):
        event = unlike[0]
        said = (
            f"predictions of shape {event.prediction_shape} and targets of shape {event.target_shape} are spread over "
        )
        said += "each other: every prediction is held against every target"
        numbers = {"prediction": list(event.prediction_shape), "target": list(event.target_shape)}
        repair = (f"loss {event.kind}", "shape of the target")
        yield Seen("D09", PROVED, said, numbers, event.place, repair, certain=_every_pair(event))
        return
    for spread in h.all(Broadcast)[:1]:
        said = f"a {spread.by} of shapes {spread.shapes[0]} and {spread.shapes[1]} is a table of n × n numbers"
        numbers = {"first": list(spread.shapes[0]), "second": list(spread.shapes[1])}
        aligned = ("align", [spread.place.line]) if spread.place is not None else None
        yield Seen("D09", PROVED, said, numbers, spread.place, aligned)


def _unfit(event: LossTaken) -> str:
    """Why targets are none that a loss can be held against; nothing where they are."""
    target, shape = event.target, event.prediction_shape
    if "refused" in event.options and event.kind not in OF_CLASS_NUMBERS and event.target_shape != shape:
        return f"targets of shape {event.target_shape} are given where predictions have the shape {shape}"
    if target is None or event.kind not in OF_CLASS_NUMBERS or len(shape) < 2 or not target.size:
        return ""
    if event.kind.startswith("sparse") and target.shape == shape:
        return f"rows of {shape[1]} numbers are given as targets where one class number for each example is wanted"
    if target.dtype.kind not in "iu":
        if target.shape == shape:
            return ""
        return f"targets of type {event.target_dtype} and shape {target.shape} are given where class numbers are wanted"
    low, high = int(target.min()), int(target.max())
    if low < 0 or high >= shape[1]:
        return f"class numbers from {low} to {high} are given to {shape[1]} outputs, which count from 0"
    return ""


def _every_pair(event: LossTaken) -> bool:
    """Whether each prediction is held against many targets, and each target against many predictions."""
    shapes = (event.prediction_shape, event.target_shape)
    return int(np.prod(np.broadcast_shapes(*shapes))) > max(int(np.prod(shape)) for shape in shapes)


def _alike(first: tuple[int, ...], second: tuple[int, ...]) -> bool:
    """Whether shapes differ by nothing that spreads: a single example or a single number."""
    return int(np.prod(first)) == int(np.prod(second)) and max([*first, 1]) == int(np.prod(first)) == 1


@check("L03")
def loss_not_finite(h: History) -> Iterator[Seen]:
    """The loss is NaN or infinite.

    Cure: Use the losses that take scores, and a smaller rate; look for a division or logarithm of zero in the data.
    """
    values = [(e.update, e.value, e) for e in h.learnt if e.value is not None]
    bad = [(update, event) for update, value, event in values if not np.isfinite(value)]
    if bad:
        finite = len(values) - len(bad)
        said = f"the loss is not finite after {bad[0][0]} updates"
        yield Seen("L03", MEASURED, said, {"updates": bad[0][0], "finite": finite}, bad[0][1].place, certain=True)
