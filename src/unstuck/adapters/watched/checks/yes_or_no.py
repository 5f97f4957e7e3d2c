"""Losses of separate answers, yes or no."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from unstuck.adapters.watched.check import Seen, check
from unstuck.adapters.watched.history import History
from unstuck.diagnosis.examination.evidence import PROVED

CLOSE = 1e-4  # sums of float32 probabilities


@check("L04")
def loss_of_one_class(h: History) -> Iterator[Seen]:
    """A binary cross-entropy that is written out has no term for the examples of class 0: nothing in it pulls an answer
    down, so that the answer to everything comes to be 1.

    Cure: `F.binary_cross_entropy(p, y)`, which is `-(y * log(p) + (1 - y) * log(1 - p)).mean()`.

    Cure in Keras: `loss="binary_crossentropy"`.
    """
    taken = [event for event in h.learnt if event.options.get("one_sided")]
    if taken and len(taken) == len(h.learnt):
        said = "the loss is minus y log(p) alone: examples of class 0 add nothing to it, whatever they are answered"
        yield Seen("L04", PROVED, said, {"losses_seen": len(taken)}, taken[0].place, certain=True)


@check("L02")
def shares_for_separate_answers(h: History) -> Iterator[Seen]:
    """A softmax shares one answer among labels that may hold several at a time.

    Cure: A sigmoid for each label, or plain scores and `BCEWithLogitsLoss`.

    Cure in Keras: `activation="sigmoid"` in the last layer.
    """
    taken = [event for event in h.shown if event.kind == "binary_cross_entropy" and event.last[:1] == ("softmax",)]
    targets = [event.target for event in taken if event.target is not None and event.target.ndim == 2]
    if not targets or len(taken) < len(h.shown) or any(target.shape[1] < 2 for target in targets):
        return
    several = float(np.mean([(target.sum(axis=1) > 1 + CLOSE).mean() for target in targets]))
    if several > 0:
        said = f"a softmax gives the labels of an example 1 in all, and {several:.0%} of the examples have several"
        event = taken[0]
        place = event.last_place or event.place
        yield Seen("L02", PROVED, said, {"examples_of_several_labels": several}, place, certain=True)
