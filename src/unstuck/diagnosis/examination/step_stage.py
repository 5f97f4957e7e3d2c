"""The stages of a step: output delta, way back and gradients from single steps, the update rule from runs of three."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from unstuck.diagnosis.examination.assembly import build_twin
from unstuck.diagnosis.examination.examination import FAITHFUL, Examination
from unstuck.diagnosis.examination.factors import decays_of, scales_of, weighed
from unstuck.diagnosis.examination.given_gradients import Given, guesses_like, read_gradients
from unstuck.diagnosis.identification.adaptive import (
    identify_adaptive,
    identify_moments,
    identify_unrooted,
    looks_adaptive,
    takes_root_of_gradients,
)
from unstuck.diagnosis.identification.adaptive_search import COARSE, MAGNIFIED, Adaptive
from unstuck.diagnosis.identification.backward import SearchOptions, identify_backward
from unstuck.diagnosis.identification.fit import rounding_floor
from unstuck.diagnosis.identification.following import departure, departures, find_look_ahead, finite_part
from unstuck.diagnosis.identification.forward import Forward
from unstuck.diagnosis.identification.results import Backward
from unstuck.diagnosis.identification.schedule import find_rate_law
from unstuck.diagnosis.identification.stepping import Stepping, find_unmoved, observe, observe_runs, probe_stepping
from unstuck.diagnosis.identification.update import (
    Update,
    identify_responses,
)
from unstuck.diagnosis.program.observations import Record
from unstuck.diagnosis.twin.twin import Twin

Array = np.ndarray
LONGER_RUN = 8  # steps in a row
CHANGED = 1e-6  # share by which a rate must differ from another to be another


def examine_step(e: Examination) -> Examination:
    """Output delta, way back, gradients and update rule, from single steps and runs of three; where these do not tell,
    from what gradients() returns."""
    if not e.forward_proved or e.forward is None:
        if e.case.step is None:
            return e
        stepping = probe_stepping(e.program)
        return replace(e, stepping=_with_unmoved(e, stepping) if e.chains else stepping)
    if e.case.step is None and e.case.gradients is None:
        e.leave_unchecked("loss, gradients and update", "step=… (one update on a batch), or gradients=…")
        return e
    forward, given = e.forward, None
    missing = "step=… (one update on a batch)"
    if e.case.step is not None:
        stepping, records, missing = _observe_changes(e, forward)
        e = replace(e, stepping=stepping)
        given = read_gradients(e) if looks_adaptive(records) else None
        if records:
            e, missing = _explain_changes(e, forward, stepping, records, given)
    told = e.backward is not None and e.backward.explained
    if not told and (missing or e.backward is not None):
        given = given or read_gradients(e)
    if not told and given is not None and (e.case.step is None or given.backward.explained):
        e = _with_given_gradients(e, given)
        e.leave_unchecked("update", missing or "an update rule that makes these changes of the gradients given")
    elif missing:
        e.leave_unchecked("loss, gradients and update", missing)
    if e.backward is not None:
        layers = e.backward.layers
        e = _with_twin(e)
        if any(layer.stopped and not layer.explained for layer in layers):
            e.leave_unchecked("all combinations of formulas", "a larger search: it was ended before all had been tried")
    return e


def _with_unmoved(e: Examination, stepping: Stepping) -> Stepping:
    """Which arrays never move, where no formula of the step can be known."""
    if not stepping.acts or any(dtype.kind in "iu" for dtype in e.program.dtypes):
        return stepping
    return replace(stepping, unmoved=find_unmoved(e.program, stepping.batch_size, e.epsilon))


def _observe_changes(e: Examination, forward: Forward) -> tuple[Stepping, list[Record], str]:
    """How the step acts, and single steps from fresh states, or what is missing for them."""
    stepping = probe_stepping(e.program)
    if any(e.program.dtypes[layer.weights].kind in "iu" for layer in forward.chain):
        return stepping, [], "weights of a floating point type"
    if not stepping.acts:
        return stepping, [], f"a step that runs: {stepping.failed}" if stepping.failed else ""
    if stepping.random:
        missing = "a step that makes the same update from the same state (random numbers inside: dropout or noise?)"
        return _with_unmoved(e, stepping), [], missing
    if "x" not in stepping.takes:
        return stepping, [], _what_step_should_take(stepping)
    few = sum(array.size for array in e.program.as_found) < 50
    records = observe(e.program, stepping.batch_size, 10 if few else 4)
    return stepping, records, "a step that runs: " + "; ".join(p.what for p in e.program.problems)


def _what_step_should_take(stepping: Stepping) -> str:
    if "predict" in stepping.takes:
        return "a step that runs the forward pass itself: it goes by the inputs that predict was called with last"
    if not stepping.takes:
        return "a step that learns from the x and targets it is given: whatever they are, it makes the same update"
    return "a step whose update depends on the x it is given"


def _explain_changes(
    e: Examination, forward: Forward, stepping: Stepping, records: list[Record], given: Given | None
) -> tuple[Examination, str]:
    """Formulas, factors and update rule from the changes; what is missing where the rule is none that is known."""
    e = replace(e, sight=replace(e.sight, steps=records), update=Update(batch_size=stepping.batch_size))
    if looks_adaptive(records):
        return _explain_adaptive_changes(e, forward, stepping, records, given)
    backward, rooted = identify_backward(records, forward, e.epsilon, e.n_outputs), False
    if not backward.layers[-1].explained and _lost_in_rounding(e, records):
        records = observe(e.program, stepping.batch_size, 4, biases=0.0)  # a change of 0 is exact
        e = replace(e, sight=replace(e.sight, steps=records))
        backward = identify_backward(records, forward, e.epsilon, e.n_outputs)
    if not backward.layers[-1].explained and not backward.layers[-1].weights_frozen:
        found = identify_moments(_longer_runs(e, stepping), forward, e.epsilon, e.n_outputs)
        if found.backward is None:
            found = identify_unrooted(records, forward, e.epsilon, e.n_outputs)
        if found.backward is not None:
            return _with_adaptive_rule(e, found, found.backward), ""
        if any(np.isnan(array).any() for record in records for array in record.after):
            rooted = takes_root_of_gradients(records, forward, e.epsilon, e.n_outputs)
    update = Update(batch_size=stepping.batch_size, root_of_gradients=rooted)
    return weighed(e, backward, update, records), ""


def _explain_adaptive_changes(
    e: Examination, forward: Forward, stepping: Stepping, records: list[Record], given: Given | None
) -> tuple[Examination, str]:
    """The same for changes that are not proportional to any gradient."""
    runs = observe_runs(e.program, stepping.batch_size, 2, 3)
    plan = guesses_like(given)
    found = identify_adaptive(runs, forward, e.epsilon, e.n_outputs, plan, lambda: _longer_runs(e, stepping))
    if found.backward is not None:
        return _with_adaptive_rule(e, found, found.backward), ""
    still = identify_backward(records, forward, e.epsilon, e.n_outputs, SearchOptions(plan=()))  # which layers stay
    rules = "an update rule among SGD, momentum, Adam, RMSProp and AdaGrad in their usual forms"
    return replace(e, backward=still), f"{rules}; not all were tried" if found.stopped else rules


def _longer_runs(e: Examination, stepping: Stepping) -> list[list[Record]]:
    """Runs long enough to tell the corrections of running means from a rate that changes."""
    return observe_runs(e.program, stepping.batch_size, 2, LONGER_RUN)


def _with_adaptive_rule(e: Examination, found: Adaptive, backward: Backward) -> Examination:
    assert e.stepping is not None
    update = Update(
        scales=scales_of(backward),
        reduction="each" if e.stepping.one_by_one else "mean",
        decays=decays_of(backward),
        adaptive=found.rule,
        rate_law=found.law,
        batch_size=e.stepping.batch_size,
    )
    return replace(e, backward=backward, update=update)


def _lost_in_rounding(e: Examination, records: list[Record]) -> bool:
    """Whether the parameters move by less than their own rounding hides."""
    before = [array for record in records for array in record.before]
    changes = [change for record in records for change in record.changes]
    return e.program.writable and rounding_floor(before, changes, e.epsilon) > 0.02


def _with_given_gradients(e: Examination, given: Given) -> Examination:
    """What gradients() says, and which layers a step leaves as they are."""
    rooted = e.update is not None and e.update.root_of_gradients
    backward, update = given.backward, Update(batch_size=len(given.records[0].x), root_of_gradients=rooted)
    if e.backward is not None:
        layers = [
            replace(
                layer,
                weights_frozen=layer.weights_frozen or seen.weights_frozen,
                bias_frozen=layer.bias_frozen or seen.bias_frozen,
            )
            for layer, seen in zip(backward.layers, e.backward.layers, strict=True)
        ]
        backward = replace(backward, layers=layers)
    e = replace(
        e,
        source="gradients",
        sight=replace(e.sight, steps=given.records, rate_unseen=True),
        departure=np.inf,  # without the update no training run speaks for the program
    )
    return weighed(e, backward, update, given.records)


def follow(e: Examination, updates: int = 20) -> list[float]:
    """How far the twin departs from the user's own training, update by update."""
    if not e.faithful or e.twin is None or e.forward is None or e.stepping is None:
        return []
    far = departures(e.twin, e.program, e.forward, e.stepping.batch_size, updates)
    return [apart for apart in far if np.isfinite(apart)]


def _with_twin(e: Examination) -> Examination:
    """The twin with its update rule, after looking at what the optimiser remembers."""
    assert e.update is not None
    assert e.forward is not None
    twin = build_twin(e)
    if twin is None:
        return e
    runs: list[list[Record]] = []
    if e.source == "step" and e.stepping is not None:
        few = sum(array.size for array in e.program.as_found) < 50
        runs = observe_runs(e.program, e.stepping.batch_size, 8 if few else 4, 3)
    whole = [run for run in runs if len(finite_part(run)) == len(run)]
    if whole and e.update.adaptive is None:
        responses = identify_responses(whole, e.forward, twin, e.update.scales, e.update.decays, e.epsilon)
        e = replace(e, update=replace(e.update, responses=responses))
        twin = build_twin(e)
    e = replace(e, twin=twin, sight=replace(e.sight, runs=runs))
    return _compared(e, twin, runs) if twin is not None and runs else e


def _compared(e: Examination, twin: Twin, runs: list[list[Record]]) -> Examination:
    """How far the twin ends from the program, by the rule that brings it nearest."""
    assert e.forward is not None
    assert e.update is not None
    forward, update = e.forward, e.update
    apart = departure(twin, runs, forward)
    starts, ends = ([array for run in runs for array in side(run)] for side in (_start, _end))
    rounding = rounding_floor(starts, [b - a for a, b in zip(starts, ends, strict=True)], e.epsilon)
    if update.adaptive is not None and e.epsilon > COARSE and e.backward is not None:
        left_over = [layer.weight_fit.residual for layer in e.backward.layers if layer.explained]
        rounding = max(rounding, *(min(residual, MAGNIFIED) for residual in left_over))
    e = replace(e, departure=apart, rounding=rounding)
    hidden = [str(layer.layer + 1) for layer in e.backward.layers if layer.hidden] if e.backward else []
    if hidden:
        e.leave_unchecked(
            f"the gradients of layers {', '.join(hidden)}",
            "changes that are not lost in the rounding of the parameters: a higher rate, or 64-bit floats",
        )
    if e.departure > FAITHFUL and update.adaptive is None:
        rule, apart = find_look_ahead(twin, runs, forward)
        if apart < min(FAITHFUL, 0.1 * e.departure):
            e = replace(e, twin=twin.plant(update=rule), departure=apart)
    if e.departure > FAITHFUL:
        e = _with_rate_law(e, twin, forward, update)
    if not e.faithful:
        e.leave_unchecked(
            "settings such as the rate and the initialisation",
            "an update rule that it can follow: the network rebuilt from what was found is off by "
            f"{e.departure:.0%} of the way after three steps",
        )
    return e


def _with_rate_law(e: Examination, twin: Twin, forward: Forward, update: Update) -> Examination:
    """Where the rate of the third update is another than that of the first, longer runs say how it changes."""
    assert e.stepping is not None
    responses = [response for _, response in sorted(update.responses.items(), reverse=True) if response.rate]
    if not responses or abs(responses[0].rate - 1) < CHANGED:
        return e
    runs = observe_runs(e.program, e.stepping.batch_size, 2, 8)
    twin, apart = find_rate_law(twin, responses[0].rate, runs, forward)
    return replace(e, twin=twin, departure=apart) if apart < FAITHFUL else e


def _start(run: list[Record]) -> list[Array]:
    return run[0].before


def _end(run: list[Record]) -> list[Array]:
    return run[-1].after
