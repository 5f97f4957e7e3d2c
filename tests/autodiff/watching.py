"""Runs a script under the recorder, in this process, and gives the updates that were seen."""

import contextlib
import io
import os
import random
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from unstuck.adapters.scripts.reading import steps
from unstuck.adapters.scripts.reading.parameters import Chain, find_chains
from unstuck.adapters.scripts.recording.recorder import Recorder
from unstuck.adapters.scripts.recording.recording import Recording, Settings
from unstuck.adapters.watch import Stopped
from unstuck.autodiff.step import Step


@dataclass(frozen=True)
class Watched:
    """What was recorded of a script."""

    recording: Recording
    chains: list[Chain]
    error: BaseException | None


def watched(path: Path, text: str | None = None, updates: int = 2, seconds: float = 60.0) -> Watched:
    """Run a script, or this text in its place, until every parameter was updated so many times."""

    def count(recording: Recording) -> int:
        return max((chain.updates for chain in find_chains(recording.tape)), default=0)

    recorder = Recorder(count, Settings(seconds=seconds, updates=updates + 1))
    np.random.seed(0)  # noqa: NPY002 - what scripts draw from
    random.seed(0)
    main = {"__name__": "__main__", "__file__": str(path), **recorder.namespace}
    error: BaseException | None = None
    before, folder = sys.path[:], os.getcwd()
    sys.path.insert(0, str(path.parent))
    with (
        contextlib.redirect_stdout(io.StringIO()),
        contextlib.redirect_stderr(io.StringIO()),
        np.errstate(all="ignore"),
    ):
        try:
            exec(recorder.compile(text if text is not None else path.read_text(), str(path)), main)
        except Stopped:
            pass
        except BaseException as raised:
            error = raised
        finally:
            sys.path[:] = before
            os.chdir(folder)
    return Watched(recorder.recording, find_chains(recorder.recording.tape), error)


def step_at(seen: Watched, update: int) -> Step | None:
    """The update of this number, counted from 0; None where it was not seen."""
    return steps.step_at(seen.recording.tape, seen.chains, update)
