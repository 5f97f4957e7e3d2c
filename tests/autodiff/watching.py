"""Runs a script under the recorder, in this process, and gives the updates that were seen."""

import contextlib
import io
import os
import random
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from unstuck.adapters.scripts.parameters import Chain, find_chains
from unstuck.adapters.scripts.recorder import Recorder, Recording, Settings
from unstuck.adapters.watch import Stopped
from unstuck.autodiff.step import Parameter, Step, step_of


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
    return Watched(recorder.recording, find_chains(recorder.tape), error)


def step_at(seen: Watched, update: int) -> Step | None:
    """The update of this number, counted from 0; None where it was not seen."""
    chains = [chain for chain in seen.chains if chain.updates > update]
    versions = [node for chain in seen.chains for node in (*chain.versions, *chain.changes)]
    single = [chain for chain in chains if np.size(chain.root.value) == 1]
    parameters = [
        Parameter(name_of(chain), (chain.versions[update],), (chain.versions[update + 1],), (chain.changes[update],))
        for chain in chains
        if np.size(chain.root.value) > 1
    ]
    groups: dict[object, list[Chain]] = {}
    for chain in single:
        groups.setdefault(chain.changes[update].site, []).append(chain)
    for group in groups.values():
        parameters.append(
            Parameter(
                name_of(group[0]),
                tuple(chain.versions[update] for chain in group),
                tuple(chain.versions[update + 1] for chain in group),
                tuple(chain.changes[update] for chain in group),
            )
        )
    return step_of(seen.recording.tape, parameters, versions) if parameters else None


def name_of(chain: Chain) -> str:
    """The expression that changes the parameter, as written."""
    site = chain.changes[0].site
    return f"{site.text} (line {site.line}, {np.shape(chain.root.value)})" if site else str(np.shape(chain.root.value))
