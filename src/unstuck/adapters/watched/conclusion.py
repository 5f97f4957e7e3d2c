"""From what was seen and what experiments said to a report."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from unstuck.adapters.watched import checks  # noqa: F401 - collects the checks
from unstuck.adapters.watched.check import CHECKS, Seen, in_words_of
from unstuck.adapters.watched.events import Raised
from unstuck.adapters.watched.experiments import Comparison
from unstuck.adapters.watched.history import History, how_well, known_beforehand, last_stage
from unstuck.adapters.watched.reading import Reading
from unstuck.adapters.watched.values import Place
from unstuck.diagnosis.examination.evidence import SUSPECTED
from unstuck.diagnosis.examination.examination import Missing
from unstuck.diagnosis.report.contents import Cure, Finding
from unstuck.diagnosis.report.report import Report
from unstuck.diagnosis.rules import RULES, in_order

LEARNS = 0.03  # more of the score at the end than at the start
FALLS = 0.98  # of the first loss
GOOD = 0.75  # of all that could be learnt: what was learnt before, by a part that is trained on, need not get better

CONSEQUENCES = ("L03",)  # numbers that stop being finite: where there is another finding, its work

# A fault -> what is only its consequence, or another name of the same.
COVERS: dict[str, tuple[str, ...]] = {
    "U11": ("B13", "U05"),
    "U05": ("B13",),
    "L01": ("F06",),
    "D01": ("L03",),
    "F10": ("D08", "L02", "A04"),
    "F01": ("F14", "L02"),
    "F02": ("F14", "L02"),
    "A04": ("L02", "L01", "F10"),
    "D08": ("L03", "A03"),
    "F06": ("A03",),
    "F14": ("F15",),
}


def look(h: History) -> list[Seen]:
    """What all checks see, in the order data flow, without what is only the consequence of another."""
    seen = [one for code in in_order(list(CHECKS)) for function in CHECKS[code] for one in function(h)]
    hidden = {code for one in seen if not one.asleep for code in COVERS.get(one.code, ())}
    return [one for one in seen if one.code not in hidden]


@dataclass(frozen=True)
class Decided:
    """What experiments said: by code whether it matters, and the comparisons; unfinished: the time did not suffice."""

    matters: dict[str, bool | None]
    comparisons: list[Comparison]
    learns: bool = False
    unfinished: bool = False


def conclude(name: str, h: History, reading: Reading, seen: list[Seen], decided: Decided, seconds: float) -> Report:
    """The report: what matters or falsifies what is read is a finding, everything else true a note."""
    findings: list[Finding] = []
    notes: list[Finding] = []
    for one in seen:
        matters = True if one.certain else False if one.asleep else decided.matters.get(one.code)
        rule = in_words_of(RULES[one.code], reading.framework)
        numbers = {**one.numbers, **explained(one.code, decided.comparisons)}
        finding = Finding(rule, one.grade, one.summary, numbers, matters, None, located(one.place))
        undecided = matters is None and one.grade != SUSPECTED and not RULES[one.code].setting
        (findings if matters or undecided else notes).append(finding)
    if any(finding.rule.code not in CONSEQUENCES for finding in findings):
        notes += [finding for finding in findings if finding.rule.code in CONSEQUENCES]
        findings = [finding for finding in findings if finding.rule.code not in CONSEQUENCES]
    raised = h.all(Raised)
    unchecked = [Missing("which of this matters, by experiment", "a larger --budget")] if decided.unfinished else []
    if raised:
        where = f" in line {raised[-1].place.line}" if raised[-1].place else ""
        unchecked.append(
            Missing("what follows in the script", f"a run that does not raise{where}: {raised[-1].message}")
        )
    report = Report(
        name=name,
        verdict=verdict(findings, decided.learns and not raised),
        seconds=seconds,
        network=network(reading),
        findings=findings,
        notes=notes,
        cures=[cure for comparison in decided.comparisons if (cure := as_cure(comparison)) is not None],
        unchecked=unchecked,
    )
    report.reading = reading.to_dict()
    return report


def verdict(findings: list[Finding], learns: bool) -> str:
    """Faulty with a finding, healthy where it was seen to learn, else inconclusive."""
    return "faulty" if findings else "healthy" if learns else "inconclusive"


def learns(h: History) -> bool:
    """Whether the script got better while it was watched, or is good, and beyond what the targets alone tell.

    Answers that only come to be the most frequent class, or the mean of the targets, are no learning.
    """
    first, end = last_stage(h)
    third = max(1, (end - first) // 3)
    (score, loss), (last_score, last_loss) = (
        how_well(h.events, first, first + third),
        how_well(h.events, end - third, end),
    )
    falls = None
    if loss is not None and last_loss is not None:
        falls = last_loss < FALLS * loss if loss > 0 else last_loss < loss
    if score is not None and last_score is not None:
        known = known_beforehand(History([event for event in h.events if first <= event.update < end], end - first))
        beyond = last_score >= known.score + LEARNS
        if not beyond and known.loss is not None and last_loss is not None:
            beyond = last_loss < FALLS * known.loss
        good = last_score >= known.score + GOOD * (1 - known.score)
        return beyond and (last_score - score >= LEARNS or bool(falls) or good)
    if falls is not None:
        return falls
    values = [event.value for event in h.backwards if event.value is not None]
    cut = max(1, len(values) // 3)
    return bool(len(values) >= 6 and np.mean(values[-cut:]) < np.mean(values[:cut]))


def located(place: Place | None) -> Any:
    """The place as a report has it, None for none."""
    return place if place is not None and place.text else None


def as_cure(comparison: Comparison) -> Cure | None:
    """The comparison as an experiment of the report, where it helped and has scores."""
    before, after = ([r.score for r in side] for side in (comparison.before, comparison.after))
    if not comparison.helps or any(score is None for score in [*before, *after]) or _of_squares(comparison):
        return None
    first, second = np.array(before, float), np.array(after, float)
    spread = (float(first.std()), float(second.std()))
    seeds = len(first)
    return Cure(comparison.codes, float(first.mean()), float(second.mean()), comparison.updates, 0, 0.0, seeds, spread)


def _of_squares(comparison: Comparison) -> bool:
    return any(result.kind == "squares" for result in comparison.after)


def explained(code: str, comparisons: list[Comparison]) -> dict[str, float]:
    """What a network for numbers explains of its targets before and after, where the change of this code helps."""
    for comparison in comparisons:
        sides = [[r.score for r in side if r.score is not None] for side in (comparison.before, comparison.after)]
        if code in comparison.codes and comparison.helps and _of_squares(comparison) and all(sides):
            before, after = (float(np.mean(side)) for side in sides)
            return {"squares_explained_as_it_is": before, "squares_explained_put_right": after}
    return {}


def network(reading: Reading) -> dict[str, Any]:
    """The network in the words of the report."""
    shapes = [one.shape for one, _, _ in reading.parameters]
    dense: list[tuple[int, ...]] = [shape for shape in shapes if len(shape) == 2]
    sizes = [dense[0][1], *(shape[0] for shape in dense)] if dense and _chained(dense) else None
    rate = reading.optimizer.learning_rate if reading.optimizer else None
    update = {"learning_rate": rate, "reduction": None, "momentum": None, "l2": None}
    return {
        "sizes": sizes,
        "hidden": None,
        "output": reading.outputs.what if reading.outputs else None,
        "loss": reading.loss.what if reading.loss else None,
        "update": {**update, "rule": reading.update.what if reading.update else None},
        "followed": None,
    }


def _chained(shapes: list[tuple[int, ...]]) -> bool:
    return all(first[0] == second[1] for first, second in pairwise(shapes))
