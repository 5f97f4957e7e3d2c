"""The stages of a step: output delta, way back and gradients from single steps, the update rule from runs of three."""

from __future__ import annotations

import numpy as np

from unstuck.diagnosis.examination.assembly import build_twin
from unstuck.diagnosis.examination.examination import FAITHFUL, Examination
from unstuck.diagnosis.examination.given_gradients import Given, guesses_like, read_gradients
from unstuck.diagnosis.identification.adaptive import (
    identify_adaptive,
    identify_moments,
    identify_unrooted,
    looks_adaptive,
    takes_root_of_gradients,
)
from unstuck.diagnosis.identification.adaptive_search import COARSE, MAGNIFIED, Adaptive
from unstuck.diagnosis.identification.backward import identify_backward
from unstuck.diagnosis.identification.fit import fit, rounding_floor, stack
from unstuck.diagnosis.identification.following import departure, departures, find_look_ahead, finite_part
from unstuck.diagnosis.identification.forward import Forward
from unstuck.diagnosis.identification.results import Backward
from unstuck.diagnosis.identification.schedule import find_rate_law
from unstuck.diagnosis.identification.stepping import Stepping, find_unmoved, observe, observe_runs, probe_stepping
from unstuck.diagnosis.identification.update import (
    Key,
    Update,
    gradients_along,
    identify_responses,
    power_of,
)
from unstuck.diagnosis.program.observations import Record
from unstuck.diagnosis.twin.twin import Twin

Array = np.ndarray
LONGER_RUN = 8  # steps in a row
CHANGED = 1e-6  # share by which a rate must differ from another to be another


def examine_step(e: Examination) -> None:
    """Output delta, way back, gradients and update rule, from single steps and runs of three; where these do not tell,
    from what gradients() returns."""
    if not e.forward_proved or e.forward is None:
        if e.case.step is not None and e.chains:
            _see_what_stays(e)
        return
    if e.case.step is None and e.case.gradients is None:
        e.leave_unchecked("loss, gradients and update", "step=… (one update on a batch), or gradients=…")
        return
    given = None
    missing = "step=… (one update on a batch)"
    if e.case.step is not None:
        records, missing = _observe_changes(e)
        given = read_gradients(e) if looks_adaptive(records) else None
        missing = _examine_changes(e, records, given) if records else missing
    told = e.backward is not None and e.backward.explained
    if not told and (missing or e.backward is not None):
        given = given or read_gradients(e)
    if not told and given is not None and (e.case.step is None or given.backward.explained):
        _take(e, given)
        e.leave_unchecked("update", missing or "an update rule that makes these changes of the gradients given")
    elif missing:
        e.leave_unchecked("loss, gradients and update", missing)
    if e.backward is not None:
        _assemble(e)
        if any(layer.stopped and not layer.explained for layer in e.backward.layers):
            e.leave_unchecked("all combinations of formulas", "a larger search: it was ended before all had been tried")


def _see_what_stays(e: Examination) -> None:
    """Which arrays never move, where no formula of the step can be known."""
    e.stepping = e.stepping or probe_stepping(e.program)
    if e.stepping.acts and not any(dtype.kind in "iu" for dtype in e.program.dtypes):
        e.stepping.unmoved = find_unmoved(e.program, e.stepping.batch_size, e.epsilon)


def _observe_changes(e: Examination) -> tuple[list[Record], str]:
    """Single steps from fresh states, or what is missing for them."""
    assert e.forward is not None
    e.stepping = probe_stepping(e.program)
    if any(e.program.dtypes[layer.weights].kind in "iu" for layer in e.forward.chain):
        return [], "weights of a floating point type"
    if not e.stepping.acts:
        return [], f"a step that runs: {e.stepping.failed}" if e.stepping.failed else ""
    if e.stepping.random:
        _see_what_stays(e)
        return [], "a step that makes the same update from the same state (random numbers inside: dropout or noise?)"
    if "x" not in e.stepping.takes:
        return [], _what_step_should_take(e.stepping)
    few = sum(array.size for array in e.program.as_found) < 50
    records = observe(e.program, e.stepping.batch_size, 10 if few else 4)
    return records, "a step that runs: " + "; ".join(p.what for p in e.program.problems)


def _what_step_should_take(stepping: Stepping) -> str:
    if "predict" in stepping.takes:
        return "a step that runs the forward pass itself: it goes by the inputs that predict was called with last"
    if not stepping.takes:
        return "a step that learns from the x and targets it is given: whatever they are, it makes the same update"
    return "a step whose update depends on the x it is given"


def _examine_changes(e: Examination, records: list[Record], given: Given | None) -> str:
    """Formulas, factors and update rule from the changes; what is missing where the rule is none that is known."""
    assert e.forward is not None
    assert e.stepping is not None
    e.sight.steps = records
    e.update = Update(batch_size=e.stepping.batch_size)
    if not looks_adaptive(records):
        e.backward = identify_backward(records, e.forward, e.epsilon, e.n_outputs)
        if not e.backward.layers[-1].explained and _lost_in_rounding(e, records):
            records = observe(e.program, e.stepping.batch_size, 4, biases=0.0)  # a change of 0 is exact
            e.sight.steps = records
            e.backward = identify_backward(records, e.forward, e.epsilon, e.n_outputs)
        if not e.backward.layers[-1].explained and not e.backward.layers[-1].weights_frozen:
            found = identify_moments(_longer_runs(e), e.forward, e.epsilon, e.n_outputs)
            if found.backward is None:
                found = identify_unrooted(records, e.forward, e.epsilon, e.n_outputs)
            if found.backward is not None:
                return _take_adaptive(e, found)
            if any(np.isnan(array).any() for record in records for array in record.after):
                e.update.root_of_gradients = takes_root_of_gradients(records, e.forward, e.epsilon, e.n_outputs)
        _weigh(e, records)
        return ""
    runs = observe_runs(e.program, e.stepping.batch_size, 2, 3)
    plan = guesses_like(given)
    found = identify_adaptive(runs, e.forward, e.epsilon, e.n_outputs, plan, lambda: _longer_runs(e))
    if found.backward is None:
        e.backward = identify_backward(records, e.forward, e.epsilon, e.n_outputs, plan=())  # which layers stay
        rules = "an update rule among SGD, momentum, Adam, RMSProp and AdaGrad in their usual forms"
        return f"{rules}; not all were tried" if found.stopped else rules
    return _take_adaptive(e, found)


def _longer_runs(e: Examination) -> list[list[Record]]:
    """Runs long enough to tell the corrections of running means from a rate that changes."""
    assert e.stepping is not None
    return observe_runs(e.program, e.stepping.batch_size, 2, LONGER_RUN)


def _take_adaptive(e: Examination, found: Adaptive) -> str:
    assert e.update is not None
    assert e.stepping is not None
    assert found.backward is not None
    e.backward, e.update.adaptive, e.update.rate_law = found.backward, found.rule, found.law
    e.update.reduction = "mean" if not e.stepping.one_by_one else "each"
    e.update.scales, e.update.decays = _scales(e.backward), _decays(e.backward)
    return ""


def _lost_in_rounding(e: Examination, records: list[Record]) -> bool:
    """Whether the parameters move by less than their own rounding hides."""
    before = [array for record in records for array in record.before]
    changes = [change for record in records for change in record.changes]
    return e.program.writable and rounding_floor(before, changes, e.epsilon) > 0.02


def _take(e: Examination, given: Given) -> None:
    """What gradients() says, and which layers a step leaves as they are."""
    for layer, seen in zip(given.backward.layers, e.backward.layers if e.backward else [], strict=False):
        layer.weights_frozen |= seen.weights_frozen
        layer.bias_frozen |= seen.bias_frozen
    root_of_gradients = e.update is not None and e.update.root_of_gradients
    e.source, e.backward, e.update = "gradients", given.backward, Update(batch_size=len(given.records[0].x))
    e.update.root_of_gradients = root_of_gradients
    e.sight.steps, e.sight.rate_unseen = given.records, True
    _weigh(e, given.records)
    e.departure = np.inf  # without the update no training run speaks for the program


def follow(e: Examination, updates: int = 20) -> None:
    """How far the twin departs from the user's own training, update by update."""
    if e.faithful and e.twin is not None and e.forward is not None and e.stepping is not None:
        far = departures(e.twin, e.program, e.forward, e.stepping.batch_size, updates)
        e.followed = [apart for apart in far if np.isfinite(apart)]


def _weigh(e: Examination, records: list[Record]) -> None:
    """Factors and decay of every array, at this batch size and at others."""
    update, backward = e.update, e.backward
    assert update is not None
    assert backward is not None
    assert e.forward is not None
    size = len(records[0].x)
    update.scales = _scales(backward)
    update.scales_by_size = {size: update.scales}
    update.decays = _decays(backward)
    if e.source == "step" and e.stepping is not None and not e.stepping.one_by_one:
        twin = build_twin(e)
        for other in (1, 2 * size if size > 1 else 6):
            if twin is None or (other == 1 and 1 not in e.stepping.acts_on):
                continue
            more = observe(e.program, other, 2)
            if more:
                update.scales_by_size[other], decays = _scales_with(twin, more, e.forward)
                update.decay_over_batch |= _falls_with_size(update.decays, size, decays, other)
    if e.stepping is not None and e.stepping.one_by_one:
        update.reduction = "each"
        return
    rate = 1.0 if e.source == "gradients" else e.case.learning_rate
    powers = {
        key: power_of({n: scales.get(key, 0.0) for n, scales in update.scales_by_size.items()}, rate, e.n_outputs)
        for key in sorted(update.scales, reverse=True)  # output weights first
    }
    known = [power for power in powers.values() if power is not None]
    update.reduction = "unknown" if not known else "mean" if known[0] else "sum"
    update.powers = {key: known[0] if power is None else power for key, power in powers.items() if known}


def _decays(backward: Backward) -> dict[Key, float]:
    weights = {("w", layer.layer): layer.weight_fit.decay for layer in backward.layers}
    return weights | {("b", layer.layer): layer.bias_fit.decay for layer in backward.layers}


def _scales(backward: Backward) -> dict[Key, float]:
    found: dict[Key, float] = {}
    for layer in backward.layers:
        if layer.weights is not None:
            found["w", layer.layer] = layer.weight_fit.scale
        if layer.bias is not None:
            found["b", layer.layer] = layer.bias_fit.scale
    return found


def _falls_with_size(decays: dict[Key, float], size: int, others: dict[Key, float], other: int) -> bool:
    """Whether the decay is in inverse proportion to the batch size."""
    key = max(decays, key=lambda k: abs(decays[k]))
    return bool(decays[key]) and abs(others.get(key, 0.0) * other / (decays[key] * size) - 1) < 1e-3


def _scales_with(twin: Twin, records: list[Record], forward: Forward) -> tuple[dict[Key, float], dict[Key, float]]:
    """Factors and decays at another batch size, with the formulas known; 0 where they do not explain the change."""
    steps = gradients_along(records, forward, twin)
    found: dict[Key, float] = {}
    decays: dict[Key, float] = {}
    for key in steps[0][0]:
        changes = stack([step[1][key] for step in steps])
        values = stack([step[2][key] for step in steps])
        made = fit(changes, stack([step[0][key] for step in steps]), values)
        found[key], decays[key] = (made.scale, made.decay) if made.residual < 1e-3 else (0.0, 0.0)
    return found, decays


def _assemble(e: Examination) -> None:
    """The twin with its update rule, after looking at what the optimiser remembers."""
    assert e.update is not None
    assert e.forward is not None
    twin = build_twin(e)
    if twin is None:
        return
    runs: list[list[Record]] = []
    if e.source == "step" and e.stepping is not None:
        few = sum(array.size for array in e.program.as_found) < 50
        runs = observe_runs(e.program, e.stepping.batch_size, 8 if few else 4, 3)
    whole = [run for run in runs if len(finite_part(run)) == len(run)]
    if whole and e.update.adaptive is None:
        e.update.responses = identify_responses(whole, e.forward, twin, e.update.scales, e.update.decays, e.epsilon)
    e.twin, e.sight.runs = build_twin(e), runs
    if e.twin is None or not runs:
        return
    e.departure = departure(e.twin, runs, e.forward)
    starts, ends = ([array for run in runs for array in side(run)] for side in (_start, _end))
    e.rounding = rounding_floor(starts, [b - a for a, b in zip(starts, ends, strict=True)], e.epsilon)
    if e.update.adaptive is not None and e.epsilon > COARSE and e.backward is not None:
        left_over = [layer.weight_fit.residual for layer in e.backward.layers if layer.explained]
        e.rounding = max(e.rounding, *(min(residual, MAGNIFIED) for residual in left_over))
    hidden = [str(layer.layer + 1) for layer in e.backward.layers if layer.hidden] if e.backward else []
    if hidden:
        e.leave_unchecked(
            f"the gradients of layers {', '.join(hidden)}",
            "changes that are not lost in the rounding of the parameters: a higher rate, or 64-bit floats",
        )
    if e.departure > FAITHFUL and e.update.adaptive is None:
        rule, apart = find_look_ahead(e.twin, runs, e.forward)
        if apart < min(FAITHFUL, 0.1 * e.departure):
            e.twin, e.departure = e.twin.plant(update=rule), apart
    if e.departure > FAITHFUL:
        _look_for_rate_law(e, e.update)
    if not e.faithful:
        e.leave_unchecked(
            "settings such as the rate and the initialisation",
            "an update rule that it can follow: the network rebuilt from what was found is off by "
            f"{e.departure:.0%} of the way after three steps",
        )


def _look_for_rate_law(e: Examination, update: Update) -> None:
    """Where the rate of the third update is another than that of the first, longer runs say how it changes."""
    assert e.twin is not None
    assert e.forward is not None
    assert e.stepping is not None
    responses = [response for _, response in sorted(update.responses.items(), reverse=True) if response.rate]
    if not responses or abs(responses[0].rate - 1) < CHANGED:
        return
    runs = observe_runs(e.program, e.stepping.batch_size, 2, 8)
    twin, apart = find_rate_law(e.twin, responses[0].rate, runs, e.forward)
    if apart < FAITHFUL:
        e.twin, e.departure = twin, apart


def _start(run: list[Record]) -> list[Array]:
    return run[0].before


def _end(run: list[Record]) -> list[Array]:
    return run[-1].after
