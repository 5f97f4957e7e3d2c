"""A script run under a watch, as often as the examination wants it, each time as if for the first time."""

from __future__ import annotations

import linecache
import os
import random
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from unstuck.adapters.scripts.manners.overlay import Overlay
from unstuck.adapters.scripts.manners.quiet import quiet_output
from unstuck.adapters.scripts.manners.remarks import Remarks
from unstuck.adapters.scripts.source import Source
from unstuck.adapters.scripts.stand_ins.libraries import StandInFinder
from unstuck.adapters.scripts.watch import Outcome, Stopped, Watch
from unstuck.diagnosis.deadline import Deadline
from unstuck.diagnosis.origin import is_user_file

SEED = 0


class ScriptRun:
    """Runs one script under one watch after the other: the `run` that `watch` speaks of.

    outcomes  of all runs so far
    """

    def __init__(
        self, source: Source, arguments: tuple[str, ...], overlay: Overlay, finder: StandInFinder, ends: float
    ) -> None:
        self.source = source
        self.arguments = arguments
        self.overlay = overlay
        self.finder = finder
        self.ends = ends
        self.folder = os.path.dirname(source.filename)
        self.outcomes: list[Outcome] = []
        lines = source.text.splitlines(keepends=True)
        linecache.cache[source.filename] = (len(source.text), None, lines, source.filename)

    def __call__(self, watch: Watch) -> Outcome:
        """One run, from a fresh start: its folder, arguments, modules, random numbers and files as at the first."""
        started = time.perf_counter()
        self.overlay.forget()
        self._forget_modules()
        main = self._main(watch)
        watching = watch.finder(self.folder)
        sys.meta_path.insert(0, watching)
        ended = _Ending()
        try:
            ended.error = self._execute(watch, main)
            ended.wait(self.ends - time.perf_counter())
        finally:
            sys.meta_path.remove(watching)
            ended.close()
        outcome = Outcome(
            ended.stopped, ended.error, time.perf_counter() - started, self.finder.supply.given.sentences()
        )
        self.outcomes.append(outcome)
        return outcome
