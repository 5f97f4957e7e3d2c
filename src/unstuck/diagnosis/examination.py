"""What an examination of a program found, stage by stage; the rules read it, nobody else interprets it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from unstuck.diagnosis.assembly import build_twin
from unstuck.diagnosis.case import Case
from unstuck.diagnosis.identification.backward import Backward, identify_backward
from unstuck.diagnosis.identification.fit import fit, rounding_floor, stack
from unstuck.diagnosis.identification.following import departure, departures, find_look_ahead
from unstuck.diagnosis.identification.forward import Forward, identify_forward
from unstuck.diagnosis.identification.layout import Chain, find_chains, read_chain
from unstuck.diagnosis.identification.stepping import Stepping, batch, observe, observe_runs, probe_stepping
from unstuck.diagnosis.identification.unrolled import cut, cuts
from unstuck.diagnosis.identification.update import (
    Key,
    Update,
    gradients_along,
    identify_adaptive,
    identify_responses,
    looks_adaptive,
    reduction_of,
)
from unstuck.diagnosis.portrait.comparison import Sight
from unstuck.diagnosis.program import Program, Record
from unstuck.diagnosis.twin import Parameters, Twin

Array = np.ndarray
FAITHFUL = 1e-3  # a twin that departs further in three steps cannot speak for the program


@dataclass
class Missing:
    """Something that could not be examined, and what would allow it."""

    what: str
    missing: str


@dataclass
class Examination:
    """The program under examination and everything identified so far; None where a stage did not get that far."""

    case: Case
    program: Program
    epsilon: float = float(np.finfo(float).eps)
    chains: list[Chain] = field(default_factory=list)
    outputs: Array | None = None  # (n, n_outputs) of the parameters as found, first examples
    forward: Forward | None = None
    forward_tolerance: float = 1e-9
    stepping: Stepping | None = None
    backward: Backward | None = None
    update: Update | None = None
    twin: Twin | None = None
    initial: Parameters | None = None
    unchecked: list[Missing] = field(default_factory=list)
    departure: float = 0.0  # of the twin from the program over three steps, as a share of the way
    rounding: float = 0.0  # what rounding of the stored parameters makes of that way
    followed: list[float] = field(default_factory=list)  # the same after each of the first updates of the user's own
    source: str = "step"  # whether changes came from step() or gradients()
    sight: Sight = field(default_factory=Sight)  # what was observed, for those who draw it

    def leave_unchecked(self, what: str, missing: str) -> None:
        if all(known.what != what for known in self.unchecked):
            self.unchecked.append(Missing(what, missing))

    @property
    def n_features(self) -> int:
        return self.program.x.shape[1]

    @property
    def n_outputs(self) -> int:
        return self.outputs.shape[1] if self.outputs is not None else 0

    @property
    def sizes(self) -> list[int]:
        if self.initial is None:
            return []
        return [self.initial.weights[0].shape[0], *(w.shape[1] for w in self.initial.weights)]

    @property
    def faithful(self) -> bool:
        """Whether the twin may stand in for the program in experiments."""
        return self.twin is not None and self.departure <= max(FAITHFUL, min(3 * self.rounding, 1.0))

    @property
    def forward_proved(self) -> bool:
        return self.forward is not None and self.forward.residual <= self.forward_tolerance


def rounding_unit(dtypes: list[np.dtype]) -> float:
    """The coarsest rounding unit among the types; float64's for anything finer or not floating."""
    return max([float(np.finfo(d).eps) for d in dtypes if d.kind == "f"] + [float(np.finfo(float).eps)])


def examine_forward(e: Examination) -> None:
    """Layout and activations: which hypothesis gives the user's own outputs under controlled parameters."""
    program = e.program
    e.outputs = program.predict(program.x[:50])
    if e.outputs is None:
        e.leave_unchecked(
            "everything that needs the network's outputs", "a predict(x) that returns (n, n_outputs) numbers"
        )
        return
    if e.case.parameters is None or not program.as_found:
        e.leave_unchecked("layout, activations, gradients and update", "parameters=… (the live arrays)")
        return
    e.epsilon = max(rounding_unit(program.dtypes), _output_unit(e))
    e.forward_tolerance = max(1e-9, 100 * e.epsilon)
    if len(program.as_found) == 1 and program.as_found[0].ndim == 1 and e.n_features > 1:
        _cut_up_vector(e)
    parameters = program.draw_parameters(1) if program.writable else program.as_found
    x, _ = batch(program, 8)
    try:
        if program.writable:
            program.set_parameters(parameters)
        else:
            parameters = _after_some_steps(program)
        outputs = program.predict(x, restore=False)
    finally:
        program.restore()
    if outputs is None:
        return
    shapes = [array.shape for array in parameters]
    e.chains = find_chains(shapes, e.n_features, outputs.shape[1])
    if not e.chains:
        e.leave_unchecked(
            "layout, activations, gradients and update",
            f"parameters whose shapes lead from {e.n_features} inputs to {outputs.shape[1]} outputs; found {shapes}",
        )
        return
    e.sight.outputs = (parameters, x, outputs)
    e.forward = identify_forward(parameters, x, outputs, e.chains, e.forward_tolerance)
    if e.forward_proved and e.forward is not None:
        e.initial = Parameters(*read_chain(e.forward.chain, program.as_found))
    else:
        e.leave_unchecked(
            "gradients and update",
            "a forward pass of dense layers with known activations; the nearest one tried: "
            + (
                f"{e.forward.describe()}, misses by {min(e.forward.residual, 9.99):.0%}"
                if e.forward
                else "none, gives numbers"
            ),
        )


def _after_some_steps(program: Program, steps: int = 5) -> list[Array]:
    """The parameters that a few steps lead to, where others cannot be set: under zeros every layout gives the outputs.
    The program is left there; the parameters as found where it cannot be brought anywhere."""
    if program.case.step is None:
        return program.as_found
    size = min(program.case.batch_size or 10, len(program.x))
    for k in range(steps):
        x, targets = batch(program, size, 700 + k)
        if program.call("step", program.typed(x), targets).failed:
            break
    parameters = program.parameters()
    if [a.shape for a in parameters] == [a.shape for a in program.as_found] and all(
        np.isfinite(a).all() for a in parameters
    ):
        return parameters
    program.restore()
    return program.as_found


def _cut_up_vector(e: Examination) -> None:
    """One long vector of parameters: the cut whose network gives the user's outputs."""
    program = e.program
    vector = program.as_found[0]
    x, _ = batch(program, 8)
    drawn = np.random.default_rng(3).standard_normal(vector.shape) * 0.2
    try:
        outputs = program.predict(x, restore=False) if program.set_parameters([drawn]) else None
    finally:
        program.restore()
    if outputs is None:
        return
    for shapes in cuts(vector.size, e.n_features, outputs.shape[1]):
        chains = find_chains(list(shapes), e.n_features, outputs.shape[1])
        found = identify_forward(cut(drawn, shapes), x, outputs, chains, e.forward_tolerance, most_levels=1)
        if found is not None and found.residual <= e.forward_tolerance:
            program.cut_up(shapes)
            return


def _output_unit(e: Examination) -> float:
    value = e.program.call("predict", e.program.typed(e.program.x[:2])).value
    e.program.restore()
    dtype = getattr(value, "dtype", None)
    try:
        return rounding_unit([np.dtype(str(dtype).replace("torch.", ""))])
    except TypeError:
        return 0.0


def examine_step(e: Examination) -> None:
    """Output delta, way back, gradients and update rule, from single steps and runs of three."""
    if not e.forward_proved or e.forward is None:
        return
    if e.case.step is None:
        if e.case.gradients is not None:
            _examine_gradients(e)
        else:
            e.leave_unchecked("loss, gradients and update", "step=… (one update on a batch), or gradients=…")
        return
    if not np.isfinite(e.program.x).all(axis=1).any():
        e.leave_unchecked("loss, gradients and update", "examples without NaN or infinity")
        return
    e.stepping = probe_stepping(e.program)
    if any(e.program.dtypes[layer.weights].kind in "iu" for layer in e.forward.chain):
        e.leave_unchecked("loss, gradients and update", "weights of a floating point type")
        return
    if not e.stepping.acts:
        if e.stepping.failed:
            e.leave_unchecked("loss, gradients and update", f"a step that runs: {e.stepping.failed}")
        return
    if e.stepping.random:
        e.leave_unchecked(
            "loss, gradients and update to rounding",
            "a step that makes the same update from the same state (random numbers inside: dropout or noise?)",
        )
        return
    few = sum(array.size for array in e.program.as_found) < 50
    records = observe(e.program, e.stepping.batch_size, 10 if few else 4)
    if not records:
        e.leave_unchecked(
            "loss, gradients and update", "a step that runs: " + "; ".join(p.what for p in e.program.problems)
        )
        return
    e.sight.steps = records
    e.update = Update(batch_size=e.stepping.batch_size)
    if looks_adaptive(records):
        runs = observe_runs(e.program, e.stepping.batch_size, 2, 3)
        found = identify_adaptive(runs, e.forward, e.epsilon, e.n_outputs)
        e.update.adaptive, e.backward, e.update.adaptive_factor = found
        if e.backward is None:
            e.leave_unchecked(
                "gradients and update",
                "an update rule among SGD, momentum, Adam, RMSProp and AdaGrad in their usual forms",
            )
            e.backward = identify_backward(records, e.forward, e.epsilon, e.n_outputs)
            return
        e.update.reduction = "mean" if not e.stepping.one_by_one else "each"
        e.update.scales = _scales(e.backward)
    else:
        e.backward = identify_backward(records, e.forward, e.epsilon, e.n_outputs)
        _weigh(e, records)
    _assemble(e)


def follow(e: Examination, updates: int = 20) -> None:
    """How far the twin departs from the user's own training, update by update."""
    if e.faithful and e.twin is not None and e.forward is not None and e.stepping is not None:
        far = departures(e.twin, e.program, e.forward, e.stepping.batch_size, updates)
        e.followed = [apart for apart in far if np.isfinite(apart)]


def _examine_gradients(e: Examination) -> None:
    """The same identification on what gradients() returns, as if it were a change."""
    assert e.forward is not None
    records = []
    for i in range(4):
        x, targets = batch(e.program, 6, 20 + i)
        parameters = e.program.draw_parameters(30 + i % 2) if e.program.writable else e.program.as_found
        gradients = e.program.user_gradients(x, targets, parameters if e.program.writable else None)
        if gradients is None or [g.size for g in gradients] != [a.size for a in parameters]:
            e.leave_unchecked("loss and gradients", "gradients(x, targets) in the order and shapes of parameters()")
            return
        after = [a + g.reshape(a.shape) for a, g in zip(parameters, gradients, strict=True)]
        records.append(Record(x, targets, parameters, after))
    e.source = "gradients"
    e.sight.steps, e.sight.rate_unseen = records, True
    e.backward = identify_backward(records, e.forward, e.epsilon, e.n_outputs)
    e.update = Update(batch_size=6)
    _weigh(e, records)
    e.leave_unchecked("update", "step=… (one update on a batch)")
    e.departure = np.inf  # without the update no training run speaks for the program
    _assemble(e)


def _weigh(e: Examination, records: list[Record]) -> None:
    """Factors and decay of every array, at this batch size and at others."""
    update, backward = e.update, e.backward
    assert update is not None
    assert backward is not None
    assert e.forward is not None
    size = len(records[0].x)
    update.scales = _scales(backward)
    update.scales_by_size = {size: update.scales}
    for layer in backward.layers:
        update.decays["w", layer.layer] = layer.weight_fit.decay
        update.decays["b", layer.layer] = layer.bias_fit.decay
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
    for key in update.scales:
        by_size = {size: scales.get(key, 0.0) for size, scales in update.scales_by_size.items()}
        update.reductions[key] = reduction_of(by_size, e.case.learning_rate, e.n_outputs)
    if not update.reduction:
        known = [
            r for _, r in sorted(update.reductions.items(), reverse=True) if r != "unknown"
        ]  # output weights first
        update.reduction = known[0] if known else "unknown"


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
    if runs and e.update.adaptive is None:
        e.update.responses = identify_responses(runs, e.forward, twin, e.update.scales, e.update.decays, e.epsilon)
    e.twin, e.sight.runs = build_twin(e), runs
    if e.twin is None or not runs:
        return
    e.departure = departure(e.twin, runs, e.forward)
    starts, ends = ([array for run in runs for array in side(run)] for side in (_start, _end))
    e.rounding = rounding_floor(starts, [b - a for a, b in zip(starts, ends, strict=True)], e.epsilon)
    hidden = [str(layer.layer + 1) for layer in e.backward.layers if layer.hidden] if e.backward else []
    if hidden:
        e.leave_unchecked(
            f"the gradients of layers {', '.join(hidden)}",
            "changes that are not lost in the rounding of the parameters: a higher rate, or 64-bit floats",
        )
    if e.departure > FAITHFUL and e.update.adaptive is None:
        beta, apart = find_look_ahead(e.twin, runs, e.forward)
        if apart < min(FAITHFUL, 0.1 * e.departure):
            rule = replace(e.twin.update, response=("nesterov", beta), bias_response=("nesterov", beta))
            e.twin, e.departure = e.twin.plant(update=rule), apart
    if not e.faithful:
        e.leave_unchecked(
            "settings such as the rate and the initialisation",
            f"an update rule that the twin can follow; after three steps it is {e.departure:.0%} of the way apart",
        )


def _start(run: list[Record]) -> list[Array]:
    return run[0].before


def _end(run: list[Record]) -> list[Array]:
    return run[-1].after
