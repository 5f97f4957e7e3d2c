"""The updates of a recorded script as steps whose gradients can be proved."""

import linecache
import re
from collections.abc import Sequence

import numpy as np

from unstuck.adapters.scripts.reading.parameters import Chain
from unstuck.autodiff.step import Parameter, Step, step_of
from unstuck.autodiff.tape import Tape
from unstuck.autodiff.turns import taken_in_turn

ASSIGNMENT = re.compile(r"\s*((?:self\.)?\w+)\s*=(?!=)")


def steps_at(tape: Tape, chains: Sequence[Chain], update: int, names: Sequence[str] | None = None) -> list[Step]:
    """The update of this number as one step, or as one for each network where these are updated in turn."""
    step = step_at(tape, chains, update, names)
    parts = taken_in_turn(step) if step is not None else ()
    if step is None or len(parts) == 1:
        return [step] if step is not None else []
    versions = [node for chain in chains for node in (*chain.versions, *chain.changes)]
    return [step_of(tape, part, versions) for part in parts]


def step_at(tape: Tape, chains: Sequence[Chain], update: int, names: Sequence[str] | None = None) -> Step | None:
    """The update of this number, counted from 0; None where it was not seen.

    `names` are those of the chains. Single numbers that one expression updates are one parameter.
    """
    named = {id(chain): name for chain, name in zip(chains, names or [name_of(chain) for chain in chains])}
    seen = [chain for chain in chains if chain.updates > update]
    versions = [node for chain in chains for node in (*chain.versions, *chain.changes)]
    groups: dict[object, list[Chain]] = {}
    for chain in seen:
        single = np.size(chain.root.value) == 1
        groups.setdefault(chain.changes[update].site if single else id(chain), []).append(chain)
    arrays = [group for group in groups.values() if np.size(group[0].root.value) > 1]
    numbers = [group for group in groups.values() if np.size(group[0].root.value) == 1]
    parameters = [
        Parameter(
            named[id(group[0])],
            tuple(chain.versions[update] for chain in group),
            tuple(chain.versions[update + 1] for chain in group),
            tuple(chain.changes[update] for chain in group),
        )
        for group in (*arrays, *numbers)
    ]
    return step_of(tape, parameters, versions) if parameters else None


def name_of(chain: Chain) -> str:
    """The name that a parameter's first value is given where it is made; else the expression that changes it."""
    made, site = chain.root.site, chain.changes[0].site
    given = ASSIGNMENT.match(linecache.getline(made.file, made.line)) if made is not None else None
    shape = np.shape(chain.root.value)
    if given is not None:
        return given[1]
    return f"{site.text} (line {site.line}, {shape})" if site else str(shape)
