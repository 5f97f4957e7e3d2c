"""What a script is run under, and what came of the run: the agreement between who runs and who watches.

A script is run from its start several times, each time under another watch: first under a Recorder, which records its
operations and stops it after a few updates; then under a Pause, which runs it as it stands and stops it where its
training begins, so that a Case can be made of the living program. Who runs it (the process, its limits, stand-in data,
diverted writes) gives one function `run(watch) -> Outcome`, which

- makes a fresh `__main__`: a dict with `__name__`, `__file__` and all of `watch.namespace`; sets argv, folder and path;
- seeds NumPy's and Python's global generators, the same for each run;
- installs `watch.finder(folder)` at the head of `sys.meta_path`, and forgets the modules beside the script afterwards
  (and before the next run), so that each run imports them anew;
- calls `exec(watch.compile(text, filename), main)`; `filename` is the path of the script, which `linecache` can read;
- catches `Stopped` (a BaseException: how a watch ends a script) and everything else that the script raises.

With that, `unstuck.adapters.scripts.examine(run, …)` does the rest.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.abc import MetaPathFinder
from types import CodeType
from typing import Any, Protocol


class Stopped(BaseException):
    """A watch has seen enough."""


class Watch(Protocol):
    """What a script is run under."""

    @property
    def namespace(self) -> dict[str, Any]:
        """The names that compiled code calls, for the globals of every module that is watched."""
        ...

    def compile(self, text: str, filename: str) -> CodeType:
        """The script with the watch's calls in it. Raises SyntaxError as `compile` does."""
        ...

    def finder(self, folder: str) -> MetaPathFinder:
        """An import hook that watches the Python modules of this folder like the script."""
        ...


@dataclass(frozen=True)
class Outcome:
    """How a run ended: stopped by the watch, by an exception of the script, or (neither) at its own end."""

    stopped: bool
    error: BaseException | None = None
    seconds: float = 0.0
    stand_ins: tuple[str, ...] = ()  # sentences: which data were put in the place of which


Run = Callable[[Watch], Outcome]


def outcome_of(training: Callable[[], object]) -> Outcome:
    """Call `training` and return how it ended: stopped by the watch, by an exception, or at its own end."""
    started = time.perf_counter()
    error: BaseException | None = None
    stopped = False
    try:
        training()
    except Stopped:
        stopped = True
    except Exception as raised:
        error = raised
    return Outcome(stopped, error, time.perf_counter() - started)
