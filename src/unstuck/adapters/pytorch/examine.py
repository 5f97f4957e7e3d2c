"""A PyTorch script examined: watched once, checked, and run again as often as it takes to tell what matters."""

from __future__ import annotations

import gc
import sys
import time
import traceback
import warnings
from collections.abc import Callable, Mapping
from typing import Any

from unstuck.adapters.pytorch.watch import Watch
from unstuck.adapters.watched.conclusion import Decided, conclude, learns, look
from unstuck.adapters.watched.events import LossTaken, Place, Raised
from unstuck.adapters.watched.experiments import Comparison, Result, compare, decide
from unstuck.adapters.watched.history import History, how_well
from unstuck.adapters.watched.places import innermost_of
from unstuck.adapters.watched.reading import Reading, read
from unstuck.adapters.watched.running import Run
from unstuck.diagnosis.report import Report

WORK = 1.5e10  # multiplications of the forward passes of one experiment
FEWEST, MOST = 40, 400  # updates of one experiment
POOR = 0.5  # of what can be had beyond chance: below, rates are tried

RATES = (0.1, 10.0, 0.01, 100.0)


def examine(run: Run, name: str, cures: bool = True, listen: Callable[[str], None] | None = None) -> Report:
    """Diagnose a script. run: runs it from its start under a watch, as often as it is asked to."""
    started = time.perf_counter()
    watch = Watch()
    outcome = run_watched(run, watch)
    h = History(watch.events, watch.updates)
    reading = read(h, "pytorch", outcome)
    seen = look(h)
    if listen is not None:
        for one in seen:
            if one.certain or one.grade == "proved":
                listen(f"{one.code} ({one.grade}): {one.summary}")
    updates = updates_of(watch)
    experiments = Experiments(run)
    decided = Decided({}, [])
    open_ = [one for one in seen if one.repair is not None and not one.asleep and (cures or not one.certain)]
    if open_ and watch.updates:
        decided = Decided(*decide(experiments.train, open_, updates))
    elif not seen and watch.updates and not learns(h):
        rate = try_rates(experiments, updates)
        if rate is not None:
            seen, decided = [*seen, rate[0]], Decided({rate[0].code: True}, [rate[1]])
    return conclude(name, h, reading, seen, decided, time.perf_counter() - started)


def updates_of(watch: Watch) -> int:
    """Updates of one experiment, from the work that one takes."""
    each = watch.work / max(1, watch.updates)
    return int(min(MOST, max(FEWEST, WORK / max(each, 1.0))))
