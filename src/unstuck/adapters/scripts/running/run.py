"""A script run under a watch, as often as the examination wants it, each time as if for the first time."""

from __future__ import annotations

import builtins
import gc
import linecache
import os
import random
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import numpy as np

from unstuck.adapters.scripts.manners.overlay import Overlay
from unstuck.adapters.scripts.manners.quiet import quiet_output
from unstuck.adapters.scripts.manners.remarks import Remarks
from unstuck.adapters.scripts.stand_ins.libraries import StandInFinder
from unstuck.adapters.scripts.stand_ins.supply import Supply
from unstuck.adapters.scripts.text.source import Source
from unstuck.adapters.watch import Outcome, Stopped, Watch
from unstuck.sandbox import clock
from unstuck.sandbox.deadline import Deadline
from unstuck.sandbox.origin import is_user_file

LOOK = 0.1  # seconds


@dataclass(eq=False)
class ScriptRun:
    """Runs one script under one watch after the other: the `run` that `watch` speaks of.

    seed      of the random numbers at the start of each run
    outcomes  of all runs so far
    """

    source: Source
    arguments: tuple[str, ...]
    overlay: Overlay
    finder: StandInFinder
    remarks: Remarks
    ends: float
    send: Callable[[str], None]
    seed: int = 0
    outcomes: list[Outcome] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.folder = os.path.dirname(self.source.filename)
        lines = self.source.text.splitlines(keepends=True)
        linecache.cache[self.source.filename] = (len(self.source.text), None, lines, self.source.filename)

    @property
    def supply(self) -> Supply:
        """What gives stand-ins."""
        return self.finder.supply

    @property
    def wanted(self) -> tuple[str, ...]:
        """The stand-ins that were asked for and not allowed."""
        return self.supply.wanted.sentences()

    def __call__(self, watch: Watch) -> Outcome:
        """One run, from a fresh start: its folder, arguments, modules, random numbers and files as at the first."""
        started = clock.real_now()
        self.overlay.forget()
        self._forget_modules()
        main = self._main(watch)
        self.supply.fill_folders(self.overlay.put)
        gc.collect()  # the data of the run before, which lie in circles
        watching = watch.finder(self.folder)
        sys.meta_path.insert(0, watching)
        ended, known = _Ending(), dict(vars(builtins))
        noticing = threading.Thread(
            target=self._notice_training, args=(watch, finished := threading.Event()), daemon=True
        )
        noticing.start()
        try:
            ended.error = self._execute(watch, main)
            ended.wait(self.ends - clock.now())
        finally:
            finished.set()
            sys.meta_path.remove(watching)
            ended.close()
            vars(builtins).update(known)
        outcome = Outcome(ended.stopped, ended.error, clock.real_now() - started, self.supply.given.sentences())
        self.outcomes.append(outcome)
        return outcome

    def _main(self, watch: Watch) -> dict[str, Any]:
        """The namespace of a fresh `__main__`, in the folder of the script."""
        module = ModuleType("__main__")
        module.__file__ = self.source.filename
        vars(module).update(watch.namespace)
        if self.source.cells:
            vars(module)["display"] = lambda *objects, **options: None
        sys.modules["__main__"] = module
        sys.argv = [str(self.source.path), *self.arguments]
        os.chdir(self.folder)
        if self.folder not in sys.path:
            sys.path.insert(0, self.folder)
        quiet_output()
        random.seed(self.seed)
        np.random.seed(self.seed)  # noqa: NPY002 - the generator that scripts use
        return vars(module)

    def _execute(self, watch: Watch, main: dict[str, Any]) -> BaseException | None:
        """Runs the script to its end, or to the end of its time; what it raised, if it did."""
        deadline = Deadline(max(self.ends - clock.now(), 0.1))
        error: BaseException | None = None
        try:
            with deadline:
                exec(watch.compile(self.source.text, self.source.filename), main)
        except BaseException as raised:
            error = raised
        deadline.lift()
        return error

    def _notice_training(self, watch: Watch, finished: threading.Event) -> None:
        """Tells as soon as a first update was seen, or the run has ended."""
        while not finished.wait(LOOK) and not getattr(watch, "updates_seen", 0):
            pass
        self.send("trains")

    def _forget_modules(self) -> None:
        """Has the modules beside the script, and stand-ins, imported anew."""
        self.finder.forget()
        below = self.folder + os.sep
        for name, module in list(sys.modules.items()):
            file = getattr(module, "__file__", None)
            if isinstance(file, str) and file.startswith(below) and is_user_file(file):
                del sys.modules[name]


class _Ending:
    """How a run ends: in the main thread, and in those that the script started."""

    def __init__(self) -> None:
        self.error: BaseException | None = None
        self.stopped = False
        self._before = threading.excepthook
        threading.excepthook = self._on_error

    def wait(self, seconds: float) -> None:
        """For the script's threads, as Python does at its end."""
        if isinstance(self.error, Stopped):
            self.stopped, self.error = True, None
        countdown = clock.Countdown(seconds)
        for thread in threading.enumerate():
            if thread is not threading.current_thread() and not thread.daemon and not self.stopped:
                while thread.is_alive() and (lasts := countdown.lasts()) > 0:
                    thread.join(lasts)

    def close(self) -> None:
        """Puts back what was changed."""
        threading.excepthook = self._before

    def _on_error(self, arguments: Any) -> None:
        if arguments.exc_type is not None and issubclass(arguments.exc_type, Stopped):
            self.stopped = True
        elif self.error is None:
            self.error = arguments.exc_value
