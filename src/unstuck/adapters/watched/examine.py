"""A script examined: watched once, checked, and run again as often as it takes to tell what matters."""

from __future__ import annotations

import gc
import time
import warnings
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from unstuck.adapters.watch import Outcome, Run
from unstuck.adapters.watch import Watch as ScriptWatch
from unstuck.adapters.watched.check import Seen
from unstuck.adapters.watched.conclusion import CONSEQUENCES, Decided, conclude, learns, look
from unstuck.adapters.watched.events import Event, LossTaken, OptimizerMade, Penalised, Raised
from unstuck.adapters.watched.experiments import LONGER, Comparison, Repairs, Result, compare, decide, is_far, merged
from unstuck.adapters.watched.history import History, how_well, is_poor, known_beforehand
from unstuck.adapters.watched.places import innermost_of
from unstuck.adapters.watched.reading import read
from unstuck.diagnosis.examination.evidence import MEASURED, PROVED
from unstuck.diagnosis.report.report import Report
from unstuck.sandbox.deadline import OutOfTime

WORK = 1e10  # multiplications of the forward passes of one experiment
FEWEST, MOST = 40, 300  # updates of one experiment
LATER = 5000  # updates after which something should have been learnt
FAR_LOWER = (0.01,)  # times the rate of a script that gets better, from a poor start
LOWER, HIGHER = (0.1, 0.01, 0.001), (10.0, 100.0, 1e3, 1e4)  # times the rate used

STOPS = ("B13", "U05", "U11", "U16")  # with these nothing is learnt, so that no experiment tells of a second fault
ENOUGH = 200  # updates that are watched, where their work allows
Listener = Callable[[str], None]


class Watch(ScriptWatch, Protocol):
    """What a framework's watch offers: it is made anew for each run."""

    events: list[Event]
    updates: int
    work: float

    @property
    def remarks(self) -> tuple[str, ...]:
        """What else was done so that the script could run, in sentences."""
        ...

    def at_work(self) -> AbstractContextManager[Any]:
        """Everything inside is watched."""
        ...

    def note(self, event: Event) -> None:
        """One more event."""
        ...


@dataclass(frozen=True)
class Framework:
    """A framework by its name, and what makes its watch: (enough, repairs, seed, exact) -> Watch."""

    name: str
    watch: Callable[[int, Repairs, int, bool], Watch]


def examine(
    framework: Framework,
    run: Run,
    name: str,
    cures: bool = True,
    listen: Listener | None = None,
    show: Callable[[dict[str, Any]], None] | None = None,
) -> Report:
    """Diagnose a script.

    run     runs it from its start under a watch, as often as it is asked to
    cures   whether to run what was proved to matter again, put right
    listen  called with a line of text as soon as something is known
    show    called with the reading as soon as it is known
    """
    started = time.perf_counter()
    watch = framework.watch(ENOUGH, {}, 0, False)
    outcome = run_under(run, watch)
    h = History(watch.events, watch.updates)
    reading = read(h, framework.name, (*watch.remarks, *outcome.stand_ins))
    if show is not None:
        show(reading.to_dict())
    seen = look(h)
    for one in seen:
        if listen is not None and not one.asleep:
            listen(f"{one.code} ({one.grade}): {one.summary}")
    try:
        seen, decided = decided_by_experiment(h, seen, Experiments(framework, run, updates_of(watch)), cures)
    except OutOfTime:
        decided = Decided({}, [], learns(h), unfinished=True)
    return conclude(name, h, reading, seen, decided, time.perf_counter() - started)


@dataclass(frozen=True)
class Experiments:
    """Runs of the script with repairs: each a counted number of updates."""

    framework: Framework
    run: Run
    updates: int

    def train(self, repairs: Repairs, seed: int, updates: int) -> Result:
        """The script run again, with these repairs and this seed."""
        watch = self.framework.watch(updates, repairs, seed, True)
        outcome = run_under(self.run, watch)
        if isinstance(outcome.error, OutOfTime):
            raise OutOfTime
        score, loss = how_well(watch.events, watch.updates // 2, watch.updates + 1)
        kinds = {event.score.kind for event in watch.events if isinstance(event, LossTaken) and event.score is not None}
        known = known_beforehand(History(watch.events, watch.updates))
        kind = "squares" if "squares" in kinds else "accuracy"
        return Result(score, loss, watch.updates, kind, max(0.0, known.score), known.loss)

    def learns_later(self) -> bool:
        """Whether the script as it is gets better in a longer run, or in the whole of its own."""
        watch = self.framework.watch(min(LATER, LONGER * self.updates * MOST // FEWEST), {}, 0, True)
        outcome = run_under(self.run, watch)
        if isinstance(outcome.error, OutOfTime):
            raise OutOfTime
        return learns(History(watch.events, watch.updates))


def run_under(run: Run, watch: Watch) -> Outcome:
    """One run under a watch; what it raised is the watch's last event."""
    with warnings.catch_warnings(), watch.at_work():
        warnings.simplefilter("ignore")
        outcome = run(watch)
    if outcome.error is not None and not isinstance(outcome.error, SystemExit):
        said = str(outcome.error).strip().splitlines() or [""]
        kind, place = type(outcome.error).__name__, innermost_of(outcome.error)
        watch.note(Raised(watch.updates, place, kind, f"{kind}: {said[0]}"))
    gc.collect()
    return outcome


def updates_of(watch: Watch) -> int:
    """Updates of one experiment, from the work that one takes."""
    each = watch.work / max(1, watch.updates)
    return int(min(MOST, max(FEWEST, WORK / max(each, 1.0))))


def decided_by_experiment(
    h: History, seen: list[Seen], experiments: Experiments, cures: bool
) -> tuple[list[Seen], Decided]:
    """What matters of what was seen; where little is learnt for no reason seen, longer training and other rates."""
    open_ = [one for one in seen if one.repair is not None and not one.asleep and (cures or not one.certain)]
    if open_ and (h.updates or any(one.certain for one in open_)):
        certain = [one for one in seen if one.certain and one not in open_]
        matters, comparisons = decide(experiments.train, open_, experiments.updates, merged(certain))
        if not learns(h) and any(one.repair is None and one.code in STOPS for one in certain):
            proved = {one.code for one in open_ if one.grade == PROVED}
            matters = {code: True if told else None if code in proved else told for code, told in matters.items()}
        if any(matters.values()) or not h.updates:
            return seen, Decided(matters, comparisons, learns(h))
    else:
        matters, comparisons = {}, []
    if not h.updates or any(one.certain and one.code not in CONSEQUENCES for one in seen):
        return seen, Decided(matters, comparisons, learns(h))
    if h.all(Raised) and h.updates < ENOUGH // 2:
        return seen, Decided(matters, comparisons, learns(h))  # too little was made to judge what was learnt
    improves = learns(h) or experiments.learns_later()
    if not improves:  # nothing is learnt: what helps by itself is in the way, however far
        helped = {comparison.codes[0] for comparison in comparisons if comparison.helps and len(comparison.codes) == 1}
        matters = {code: told or code in helped for code, told in matters.items()}
        if any(matters.values()):
            return seen, Decided(matters, comparisons, improves)
    if not improves or is_poor(h):
        found = another_rate(h, experiments, FAR_LOWER if improves else (*LOWER, *HIGHER))
        if found is not None:
            return [*seen, found[0]], Decided({**matters, found[0].code: True}, [*comparisons, found[1]], improves)
    return seen, Decided(matters, comparisons, improves)


def another_rate(h: History, experiments: Experiments, factors: tuple[float, ...]) -> tuple[Seen, Comparison] | None:
    """A rate, or no decay, with which the same script learns far more; None where none of those tried does."""
    made = [event for event in h.all(OptimizerMade) if event.learning_rate > 0]
    if not made or not any(isinstance(event, LossTaken) for event in h.events):
        return None
    decay, penalties = made[-1].weight_decay, h.all(Penalised)
    if decay > 0 or penalties:
        found = compare(experiments.train, {}, {"decay": 0.0}, ("U10",), experiments.updates)
        if found.helps and is_far("U10", found):
            by = f"the penalty {penalties[0].by} on the weights" if penalties else f"a weight decay of {decay:.3g}"
            said, place = f"with {by} little is learnt; without it is", (penalties or made[-1:])[0].place
            return Seen("U10", MEASURED, said, {"weight_decay": decay}, place, ("decay", 0.0)), found
    for factor in factors:
        code = "U07" if factor < 1 else "U08"
        found = compare(experiments.train, {}, {"rate": factor}, (code,), experiments.updates)
        if found.helps and is_far(code, found):
            rate = made[-1].learning_rate
            said = f"at the rate {rate:.3g} little is learnt in {found.updates} updates; at {rate * factor:.3g} it is"
            numbers = {"learning_rate": rate, "tried": rate * factor}
            return Seen(code, MEASURED, said, numbers, made[-1].place, ("rate", factor)), found
    return None
