"""What the model's outputs are made of."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from unstuck.adapters.watched.check import Seen, check
from unstuck.adapters.watched.events import LossTaken, ModelCalled, ModeSet, Normalised, Reshaped, Silenced, StateKept
from unstuck.adapters.watched.history import History, is_poor
from unstuck.adapters.watched.values import Place
from unstuck.diagnosis.examination.evidence import MEASURED, PROVED, SUSPECTED

CLOSE = 1e-4
IN_A_ROW = 3  # updates that a layer is silent in
MIXED = 1e-5  # change of an answer, as a share, that is no rounding in float32


@check("A03")
def layer_silent(h: History) -> Iterator[Seen]:
    """Every rectifier of a layer is 0 for every example, so that no gradient passes it: its inputs are all below 0.

    Cure: Initial weights of the right size (`nn.init.kaiming_normal_`) and biases of 0, a smaller rate, or `LeakyReLU`.
    """
    silent = h.all(Silenced)
    for place in dict.fromkeys(event.place for event in silent):
        here = [event for event in silent if event.place == place]
        if len({event.update for event in here}) >= IN_A_ROW:
            said = (
                f"all {here[0].shape[-1]} rectifiers are 0 for every example of the first updates: nothing passes them"
            )
            yield Seen(
                "A03", PROVED, said, {"updates_seen": len(here)}, place, certain=is_poor(h), asleep=not is_poor(h)
            )
            return


@check("F02")
def softmax_over_examples(h: History) -> Iterator[Seen]:
    """The softmax runs along the examples: `dim=0` (or no `dim`) where the classes are axis 1.

    Cure: `softmax(x, dim=1)`, or `dim=-1`.

    Cure in Keras: `axis=-1`.
    """
    events, tables = _tables(h, "nll_loss", "kl_div")
    if not tables or not all(_columns(p) and not _columns(p.T) for p in tables):
        return
    event = events[0]
    place = event.last_place or event.place
    said = "each column of the outputs sums to 1 over the batch, and no row does: the softmax runs along the examples"
    worst = max(float(abs(p.sum(axis=0) - 1).max()) for p in tables)
    repair = ("softmax axis", [place.line]) if place is not None else None
    yield Seen("F02", PROVED, said, {"residual": worst, "batches_seen": len(tables)}, place, repair, certain=True)


@check("F01")
def softmax_over_batch(h: History) -> Iterator[Seen]:
    """Exponentials are divided by one sum over the whole batch: `e / e.sum()`.

    Cure: `e / e.sum(dim=1, keepdim=True)`, or `softmax(z, dim=1)`.

    Cure in Keras: `axis=-1`.
    """
    events, tables = _tables(h, "nll_loss")
    if tables and all((p >= 0).all() and abs(p.sum() - 1) < CLOSE for p in tables):
        event = events[0]
        divided = event.places[event.last.index("Div")] if "Div" in event.last else None
        said = "all outputs of a batch together sum to 1, and no row does: one sum is taken over the whole batch"
        place = divided or event.last_place or event.place
        yield Seen("F01", PROVED, said, {"batches_seen": len(tables)}, place, certain=True)


@check("F02")
def softmax_over_examples_inside(h: History) -> Iterator[Seen]:
    """A softmax inside of the model, such as that of attention, runs along the axis of the examples.

    Cure: `softmax(scores, dim=-1)`.
    """
    mixed = {call.input_shapes[0][0]: call.mixed for call in h.training_calls if call.mixed and call.input_shapes[0]}
    for event in h.all(Normalised):
        n = event.shape[0] if len(event.shape) > 2 else 0
        if event.axis == 0 and mixed.get(n, 0.0) > MIXED:
            said = f"a softmax of numbers of shape {event.shape} runs along the first axis, which counts the examples: "
            said += f"with one of them replaced by another, the answers to all others change by {mixed[n]:.1%}"
            repair = ("softmax axis", [event.place.line]) if event.place is not None else None
            yield Seen("F02", PROVED, said, {"change": mixed[n]}, event.place, repair, certain=True)
            return


def _tables(h: History, *of_logarithms: str) -> tuple[list[LossTaken], list[np.ndarray]]:
    """Losses of several examples and outputs, and these outputs; their exponentials for losses of some kinds."""
    shown = [(e, e.prediction) for e in h.shown if e.prediction is not None]
    shown = [(e, p) for e, p in shown if p.ndim == 2 and min(p.shape) > 1]
    return [e for e, _ in shown], [np.exp(p) if e.kind in of_logarithms else p for e, p in shown]


def _columns(p: np.ndarray) -> bool:
    return bool((p >= -CLOSE).all()) and bool((abs(p.sum(axis=0) - 1) < CLOSE).all())


@check("F05")
def activation_missing(h: History) -> Iterator[Seen]:
    """Two linear layers follow each other without an activation between them: together they are one.

    Cure: An activation, such as `ReLU`, between linear layers; or leave one of them out.
    """
    taken = [event for event in h.shown if ("linear", "linear") in zip(event.last, event.last[1:], strict=False)]
    if taken and len(taken) == len(h.shown):
        first = taken[0]
        earlier = 1 + list(zip(first.last, first.last[1:], strict=False)).index(("linear", "linear"))
        place = (first.places[earlier] if len(first.places) > earlier else None) or first.last_place
        said = f"the outputs are made by {' of '.join(first.last)}: two linear layers without anything between them"
        yield Seen("F05", MEASURED, said, {"losses_seen": len(taken)}, place, ("activate", True), often_meant=True)


@check("F08")
def softmax_in_hidden_layer(h: History) -> Iterator[Seen]:
    """A softmax stands between two linear layers: the units of the first share one unit of signal among them.

    Cure: `ReLU` between linear layers; a softmax at the end only.

    Cure in Keras: `activation="relu"` in hidden layers; `"softmax"` in the last one only.
    """
    found = [_hidden_softmaxes(event) for event in h.shown]
    if found and all(found):
        places = [place for place in found[0] if place is not None]
        said = f"the outputs are made by {' of '.join(h.shown[0].last)}: a softmax stands between two linear layers"
        repair = ("rectify", [(place.line, place.column) for place in places]) if places else None
        yield Seen("F08", PROVED, said, {"losses_seen": len(found)}, places[-1] if places else None, repair)


def _hidden_softmaxes(event: LossTaken) -> list[Place | None]:
    """Where each softmax is that a linear layer follows."""
    pairs = zip(event.last, event.last[1:], event.places[1:], strict=False)
    return [place for name, above, place in pairs if (name, above) == ("linear", "softmax")]


@check("F13")
def trained_in_evaluation_mode(h: History) -> Iterator[Seen]:
    """`model.eval()` was called and never taken back by `model.train()`: dropout is off while the model learns, and
    batch normalisation uses the statistics it started with.

    Cure: `model.train()` at the start of every pass over the training data.

    Cure in Keras: Call the model with `training=True` in your own `train_step`.
    """
    calls = [call for call in h.learnt_calls if call.random]
    off = [call for call in calls if not call.in_training]
    if not off:
        return
    before = h.events[: h.events.index(off[0])]
    modes = [event for event in before if isinstance(event, ModeSet) and not event.training]
    place = modes[-1].place if modes else off[0].place
    said = (
        f"{len(off)} of {len(calls)} training calls are in evaluation mode, where dropout and batch normalisation rest"
    )
    numbers, whole = {"calls": len(calls), "in_evaluation_mode": len(off)}, not any(call.frozen for call in calls)
    yield Seen("F13", MEASURED, said, numbers, place, ("train mode", True), certain=whole)


@check("F14")
def examples_mixed(h: History) -> Iterator[Seen]:
    """The answer to one example depends on the others in its batch: a recurrent or attention layer takes the axis of
    the examples for time.

    Cure: `batch_first=True`, or inputs with time first and the examples second.
    """
    calls = [call for call in h.training_calls if call.mixed is not None]
    mixed = [call for call in calls if call.mixed is not None and call.mixed > MIXED]
    if not mixed or len(mixed) < len(calls):
        return
    worst = max(call.mixed or 0.0 for call in mixed)
    said = f"with the first example of a batch replaced by another, the answers to all others change by {worst:.1%}"
    by_layer = mixed[0].sequence_first
    yield Seen("F14", PROVED if by_layer else SUSPECTED, said, {"change": worst}, mixed[0].place, asleep=not by_layer)


AGAIN = ("backward through the graph a second time", "modified by an inplace operation")  # as PyTorch says it


@check("F14")
def state_kept(h: History) -> Iterator[Seen]:
    """A recurrent layer starts each batch of sequences from the state that other sequences left behind.

    Cure: Start every batch with a fresh state (`None`, or zeros); where sequences do go on from batch to batch, keep
    the state with `detach()`.
    """
    kept = h.all(StateKept)
    refused = [event for event in h.backwards if any(words in event.refused for words in AGAIN)]
    kept = [event for event in kept if not event.stepwise] or (kept if refused else [])
    if not kept:
        return
    said = f"{len(kept)} times a recurrent layer starts from the state that it had before the last update"
    said += ", and derivatives are asked for through that update's graph again" if refused else ""
    others = _starts_anew(h)
    said += ", which was that of other sequences" if others else ""
    grade = PROVED if refused or others else MEASURED
    repair = ("fresh state", True)
    calls = [call for call in h.training_calls if call.update == kept[0].update]
    place = calls[0].place if calls else kept[0].place
    yield Seen("F14", grade, said, {"times": len(kept)}, place, repair, certain=bool(refused) or others)


def _starts_anew(h: History) -> bool:
    """Whether each batch holds other sequences than the last, and not what follows in the same ones.

    So it is where a whole sequence has one target, and where sequences of tokens do not begin with the token that was
    the last target of the batch before.
    """
    follow, pairs = 0, 0
    ended: np.ndarray | None = None
    first: np.ndarray | None = None
    shape: tuple[int, ...] = ()
    for event in h.events:
        if isinstance(event, ModelCalled) and event.learning:
            known = event.inputs if event.inputs is not None and event.inputs.ndim > 1 else None
            first, shape = known, event.input_shapes[0] if event.input_shapes else ()
            tokens = known is not None and known.ndim == 2 and known.dtype.kind in "iu"
            if tokens and ended is not None and known is not None and len(ended) == len(known):
                pairs, follow = pairs + len(known), follow + int((known[:, 0] == ended).sum())
        if isinstance(event, LossTaken) and event.learning and event.target is not None and first is not None:
            n, length = shape[:2]
            if event.target_shape in ((n,), (n, 1)) and event.prediction_shape[0] == n:
                return True
            ended = event.target.reshape(n, length)[:, -1] if event.target.size == n * length else None
    return pairs > 0 and 2 * follow < pairs


@check("F15")
def axes_mixed_by_reshape(h: History) -> Iterator[Seen]:
    """`view` or `reshape` gives the shape of a transposed array, and leaves every number where it was.

    Cure: `permute` or `transpose` exchanges axes; `view` only draws other borders.
    """
    for event in h.all(Reshaped)[:1]:
        if event.place is None:
            continue
        said = f"a reshape from {event.before} to {event.after} gives the axes another order, "
        said += "and leaves the numbers in theirs"
        repair = ("exchange", [event.place.line])
        numbers = {"before": list(event.before), "after": list(event.after)}
        yield Seen("F15", MEASURED, said, numbers, event.place, repair)
