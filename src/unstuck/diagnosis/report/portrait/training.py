"""A twin's training, watched: the learning curve, and what the trained network confuses."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from unstuck.diagnosis.program import work
from unstuck.diagnosis.report.portrait.data import as_pictures
from unstuck.diagnosis.twin.parameters import Parameters
from unstuck.diagnosis.twin.training import Setup, affordable, batches, decide, score
from unstuck.diagnosis.twin.update_rule import State

Array = np.ndarray
N_POINTS = 24
MOST_CLASSES = 20  # more would make a confusion matrix that nobody can read


@dataclass(frozen=True)
class Training:
    """One training run: scores on the held-out examples after so many updates, and the parameters at the end.

    score  share of right labels; for real targets the share of their variance explained
    """

    setup: Setup
    updates: tuple[int, ...]
    scores: tuple[float, ...]
    parameters: Parameters
    finite: bool
    complete: bool  # False where the work ended the run early

    @cached_property
    def predicted(self) -> Array | None:
        """The classes given to the held-out examples, (n,); None for real targets."""
        if self.setup.labels_held is None:
            return None
        with np.errstate(all="ignore"):
            outputs = self.setup.twin.predict(self.parameters, self.setup.x_held)
        return decide(outputs, self.setup.twin.output)


def train(setup: Setup, allowed: float = work.CURVE, n_points: int = N_POINTS) -> Training:
    """Train a copy for setup.updates updates, with a look at about n_points evenly spaced moments, the first before
    any update; stops when numbers are no longer finite or when the work is spent."""
    parameters, state, source = setup.parameters.copy(), State(), batches(setup)
    marks = sorted({round(mark) for mark in np.linspace(0, setup.updates, min(n_points, setup.updates + 1))})
    updates, scores, last = [0], [score(setup, parameters)], affordable(setup, allowed)
    with np.errstate(all="ignore"):
        for mark in marks[1:]:
            done = updates[-1]
            while done < min(mark, last):
                setup.twin.step(parameters, state, *next(source))
                done += 1
            updates.append(done)
            scores.append(score(setup, parameters))
            if done == last or not parameters.finite:
                break
    return Training(setup, tuple(updates), tuple(scores), parameters, parameters.finite, updates[-1] == setup.updates)


def confusion(training: Training) -> Array | None:
    """How often each true class (row) was taken for which (column), (n_classes, n_classes); None for real targets."""
    labels, predicted = training.setup.labels_held, training.predicted
    if labels is None or predicted is None or not len(labels) or min(labels.min(), predicted.min()) < 0:
        return None
    n_classes = int(max(labels.max(), predicted.max())) + 1
    if n_classes > MOST_CLASSES:
        return None
    counts = np.zeros((n_classes, n_classes), int)
    np.add.at(counts, (labels, predicted), 1)
    return counts


def most_confused(counts: Array, n: int = 3) -> list[tuple[int, int, int]]:
    """(true class, predicted class, how often) of the most frequent mistakes."""
    mistakes = counts - np.diag(np.diag(counts))
    order = np.argsort(-mistakes, axis=None, kind="stable")[:n]
    pairs = [divmod(int(place), len(counts)) for place in order]
    return [(true, predicted, int(mistakes[true, predicted])) for true, predicted in pairs if mistakes[true, predicted]]


@dataclass(frozen=True)
class Mistake:
    """A held-out example with the wrong answer: its inputs as a square picture (side, side)."""

    picture: Array
    label: int
    predicted: int


def mistakes(training: Training, n: int = 12) -> list[Mistake]:
    """The first n held-out examples answered wrongly, where inputs are as many as the pixels of a square picture."""
    labels, predicted, pictures = training.setup.labels_held, training.predicted, as_pictures(training.setup.x_held)
    if labels is None or predicted is None or pictures is None:
        return []
    wrong = np.flatnonzero(predicted != labels)[:n]
    return [Mistake(pictures[i], int(labels[i]), int(predicted[i])) for i in wrong]
