"""Whether a script is evaluated in the form that is meant for training: it is run again, with short loops of training,
up to what it does with the network besides."""

from __future__ import annotations

import operator
from collections.abc import Iterator

import numpy as np

from unstuck.adapters.scripts.reading.lines import location
from unstuck.adapters.scripts.reading.parameters import Chain, ancestors, find_chains
from unstuck.adapters.scripts.reading.training_loop import TrainingLoop, find_loop
from unstuck.adapters.scripts.reading.update import read_update
from unstuck.adapters.scripts.recording.recorder import Recorder
from unstuck.adapters.scripts.recording.recording import Recording, Settings
from unstuck.adapters.watch import Run
from unstuck.autodiff.forward.drawn import is_drawn_mask
from unstuck.autodiff.forward.training_form import averaged, dropped
from unstuck.autodiff.proof import Proof, forward_pass
from unstuck.autodiff.tape import LEAF, Node, Site, Tape
from unstuck.diagnosis.examination.evidence import PROVED
from unstuck.diagnosis.report.contents import Finding
from unstuck.diagnosis.rules import RULES

UPDATES, EPOCHS = 2, 10  # turns of the training loop, and of each loop around it
COMPARING = (operator.gt, operator.ge, operator.lt, operator.le)
ANSWERING = frozenset({np.argmax, np.ndarray.argmax, np.round, np.rint, round, *COMPARING})
"""What answers are made by."""
DROPPING, AVERAGING = "drops entries at random", "takes the statistics of its batch, though averages are kept for this"

Key = tuple[object, ...]


def training_form(proof: Proof) -> dict[Key, str]:
    """What the forward pass does in training only, by the place of the expression; empty where there is no such."""
    step, forward = proof.step, forward_pass(proof)
    found: dict[Key, str] = {}
    for nodes, what in ((dropped(step, forward), DROPPING), (averaged(step, forward), AVERAGING)):
        found.update({node.site.key: what for node in nodes if node.site is not None})
    return found


def evaluated_as_in_training(
    run: Run, recording: Recording, trained: list[Chain], proof: Proof, seconds: float
) -> Iterator[Finding]:
    """A finding where answers to other examples than those of an update are made in the form of training.

    The answers to the examples of an update may be: they are told of while the network is trained.
    """
    form = training_form(proof)
    update = read_update(recording, trained, 1) if form else None
    loop = None if update is None else find_loop(recording, trained, update)
    if loop is None:
        return
    tape = with_short_loops(run, recording, loop, seconds)
    chains = find_chains(tape)
    training = ancestors([node for chain in chains for node in (*chain.versions, *chain.changes)])
    numbers = {node.number for node in training}
    values = {node.number for chain in chains for node in chain.versions}
    depends = _depending(tape, chains)
    for answer in _answers(tape, depends, numbers):
        made_of = ancestors([answer], goes_on=lambda node: node.number not in values)
        examples = _examples(made_of, depends)
        if not examples or not examples.isdisjoint(numbers):
            continue
        for node in made_of:
            if node.site is not None and node.number not in numbers and _is_in_form(node, form):
                entrance = _entrance(node, training)
                text = node.site.in_one_line
                words = f"answers are made here as in training: `{text}` in line {node.site.line} {form[node.site.key]}"
                place = location(entrance)
                yield Finding(RULES["E03"], PROVED, words, {"line": node.site.line}, True, None, place)
                return


def with_short_loops(run: Run, recording: Recording, loop: TrainingLoop, seconds: float) -> Tape:
    """The recording of a run whose training loops end after a few turns."""
    recorder = Recorder(lambda _: 0, Settings(seconds=seconds))
    for place in (loop.place, *loop.enclosing):
        turns = UPDATES * loop.turns_per_update if place is loop.place else EPOCHS
        recorder.loops.limits[recording.places.index(place)] = turns
    run(recorder)
    recorder.let_go()
    return recorder.recording.tape


def _depending(tape: Tape, chains: list[Chain]) -> list[bool]:
    """For each node whether it depends on a parameter."""
    depends = [False] * len(tape)
    for chain in chains:
        depends[chain.root.number] = True
    for node in tape:
        depends[node.number] |= any(depends[parent.number] for parent in node.parents())
    return depends


def _answers(tape: Tape, depends: list[bool], training: set[int]) -> Iterator[Node]:
    """What is decided by values that depend on parameters, apart from the updates; once for each expression and way
    there."""
    seen: set[tuple[int, ...]] = set()
    for node in tape:
        way = (id(node.site), *map(id, node.stack))
        apart = depends[node.number] and node.number not in training and way not in seen
        if node.op in ANSWERING and apart and not _is_a_slope(node):
            seen.add(way)
            yield node


def _is_a_slope(node: Node) -> bool:
    """Whether this compares with zero, as rectifiers do."""
    return node.op in COMPARING and np.size(node.args[1]) == 1 and node.args[1] in (0, 0.0)


def _examples(made_of: list[Node], depends: list[bool]) -> set[int]:
    """The tables that meet parameters on the way to something, but for those that the program makes of nothing."""
    met = {p.number: p for node in made_of if depends[node.number] for p in node.parents() if not depends[p.number]}
    tables = [node for node in met.values() if np.ndim(node.value) > 1]
    return {node.number for node in tables if any(_is_from_outside(one) for one in ancestors([node]))}


def _is_from_outside(node: Node) -> bool:
    return node.op is LEAF and "made" not in node.kwargs and np.size(node.value) > 1


def _is_in_form(node: Node, form: dict[Key, str]) -> bool:
    """Whether an expression does here what it does in training: a mask may be all ones."""
    what = form.get(node.site.key) if node.site is not None and node.op is not LEAF else None
    return what == AVERAGING or (what == DROPPING and any(is_drawn_mask(parent) for parent in node.parents()))


def _entrance(node: Node, training: list[Node]) -> Site:
    """The innermost call on the way to an expression that training does not make."""
    assert node.site is not None
    shared = {site.key for other in training if other.site is node.site for site in other.stack}
    own = [site for site in node.stack if site.key not in shared]
    return own[-1] if own else node.site
