"""Stages two and three: which output delta, and layer by layer which way back, explain how the parameters changed.

Each layer is identified given the one above it. Formulas are tried by the number of slips they contain, right ones
first; the first level at which something fits to rounding decides, and everything that fits equally well is kept as a
look-alike.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from unstuck.diagnosis.formulas import gradients, hidden_deltas
from unstuck.diagnosis.formulas.formula import Formula, Pass
from unstuck.diagnosis.formulas.forward import LOGITS, OUTPUT, Form, hidden_form, output_form
from unstuck.diagnosis.formulas.output_deltas import right_deltas, wrong_deltas
from unstuck.diagnosis.formulas.targets import codings
from unstuck.diagnosis.identification.fit import NO_FIT, Fit, Transform, fit, fit_each, rounding_floor, stack, tolerance
from unstuck.diagnosis.identification.forward import Forward, propagate
from unstuck.diagnosis.identification.layout import read_chain
from unstuck.diagnosis.program import Record

Array = np.ndarray
MOST_GUESSES = 12
MOST_SECONDS = 6.0
# Which guesses are tried when: (level of slips in the delta, slips in the weight gradient as well, freedom of the fit).
PLAN = (
    (0, False, "plain"),
    (0, False, "decay"),
    (1, False, "plain"),
    (1, False, "decay"),
    (0, True, "plain"),
    (0, False, "each"),
    (2, False, "plain"),
    (3, False, "plain"),
    (0, True, "decay"),
    (1, True, "plain"),
    (2, False, "decay"),
    (3, False, "decay"),
    (1, False, "each"),
    (2, True, "plain"),
    (4, False, "plain"),
    (5, False, "plain"),
)
QUICK_PLAN = 4
LEAST_OWN_FACTORS = 20  # numbers per record, so that a factor for each record explains little by itself


@dataclass(frozen=True)
class View:
    """One record in canonical form: weights (n_in, n_out) and biases (n_out,) per layer, before and as changes."""

    x: Array
    targets: Array
    weights: list[Array]
    biases: list[Array | None]
    weight_changes: list[Array]
    bias_changes: list[Array | None]

    @classmethod
    def of(cls, record: Record, forward: Forward) -> View:
        weights, biases = read_chain(forward.chain, record.before)
        weight_changes, bias_changes = read_chain(forward.chain, record.changes)
        return cls(record.x, record.targets, weights, biases, weight_changes, bias_changes)

    def forward_pass(self, forward: Forward, output: Form, coding: Formula) -> Pass:
        forms = [*(hidden_form(name) for name in forward.hidden), output]
        sums, activations = propagate(self.x, self.weights, self.biases, forms, forward.bias_modes)
        after = [w + c for w, c in zip(self.weights, self.weight_changes, strict=True)]
        biases_after = [
            None if b is None or c is None else b + c for b, c in zip(self.biases, self.bias_changes, strict=True)
        ]
        targets = coding.compute(self.targets)
        return Pass(
            activations, sums, self.weights, self.biases, targets, forward.hidden, output.name, after, biases_after
        )


@dataclass(frozen=True)
class Guess:
    """A hypothesis for the delta of one layer over all records, and all slips made on the way to it."""

    passes: list[Pass]
    deltas: list[Array]
    faults: tuple[tuple[str, int, str], ...] = ()
    parts: tuple[tuple[str, int, Formula], ...] = ()
    output: str = ""
    coding: Formula | None = None

    def with_part(self, kind: str, layer: int, formula: Formula) -> tuple[tuple, tuple]:
        new = tuple((code, layer, formula.name) for code in formula.fault.split("+") if code)
        return self.faults + new, (*self.parts, (kind, layer, formula))


@dataclass
class LayerResult:
    """What was found for one layer. `weights` and `bias` are None where nothing fits (or nothing changed)."""

    layer: int
    guess: Guess | None
    weights: Formula | None = None
    bias: Formula | None = None
    weight_fit: Fit = NO_FIT
    bias_fit: Fit = NO_FIT
    weights_frozen: bool = False
    bias_frozen: bool = False
    own_factors: bool = False  # every record needed a factor of its own
    allowed: float = 1e-9
    rival: str = ""
    rival_residual: float = np.inf
    look_alikes: list[tuple[tuple[str, int, str], ...]] = field(default_factory=list)

    @property
    def explained(self) -> bool:
        return self.weights is not None


@dataclass
class Backward:
    layers: list[LayerResult]  # first layer first

    @property
    def output(self) -> str:
        return next((r.guess.output for r in self.layers if r.guess), "")

    @property
    def explained(self) -> bool:
        return all(r.explained or r.weights_frozen for r in self.layers)


@dataclass
class _Setting:
    views: list[View]
    forward: Forward
    epsilon: float
    transform: Transform | None
    quick: bool = False
    least_allowed: float = 0.0
    ends: float = np.inf
    has_scale: dict[int, float] = field(default_factory=dict)


def identify_backward(
    records: list[Record],
    forward: Forward,
    epsilon: float,
    n_outputs: int,
    transform: Transform | None = None,
    only_top: bool = False,
    least_allowed: float = 0.0,
) -> Backward:
    """Explain the changes in `records` (all of one batch size, each from a fresh state) by formulas.

    epsilon is the rounding unit of the user's parameters. `transform` turns a layer's gradients into directions where
    the update rule is not proportional to them (Adam and its kind).
    """
    setting = _Setting([View.of(r, forward) for r in records], forward, epsilon, transform, only_top, least_allowed)
    setting.ends = time.thread_time() + MOST_SECONDS
    depth = len(forward.hidden) + 1
    results: list[LayerResult] = []
    with np.errstate(all="ignore"):
        top = _identify_layer(setting, depth - 1, _output_levels(setting, n_outputs))
        results.append(top)
        for l in () if only_top else range(depth - 2, -1, -1):
            above = results[-1]
            guesses = _surviving(above, setting, n_outputs)
            results.append(_identify_layer(setting, l, _hidden_levels(setting, l, guesses)))
    return Backward(results[::-1])


def _surviving(above: LayerResult, setting: _Setting, n_outputs: int) -> list[Guess]:
    """The deltas above that are still possible: the one found, or, above a frozen layer, all right ones."""
    if above.guess is not None:
        return [above.guess]
    if above.layer == len(setting.forward.hidden):
        levels = _output_levels(setting, n_outputs)
        return [guess for _, guess in zip(range(MOST_GUESSES), next(iter(levels))(), strict=False)]
    return []


# -- guesses, level by level -----------------------------------------------------------------------------------------

Level = Callable[[], Iterator[Guess]]


def _training_outputs(predicted: str) -> tuple[list[Form], list[Form]]:
    """Output functions that training may use, given the one that predict uses: fitting ones and strange ones."""
    own = output_form(predicted)
    softmax_, sigmoid_ = output_form("softmax"), output_form("sigmoid")
    strange = [form for form in OUTPUT if form.fault in ("F01", "F02", "L01", "F06")]
    common = [softmax_, sigmoid_, output_form("tanh"), output_form("linear")]
    if predicted in LOGITS:
        fitting = {"linear": [own, softmax_, sigmoid_], "log_softmax": [softmax_], "log_sigmoid": [sigmoid_]}[predicted]
    else:
        fitting = [own]
    return fitting, [form for form in [*common, *strange] if form not in fitting]


def _output_levels(setting: _Setting, n_outputs: int) -> list[Level]:
    fitting, strange = _training_outputs(setting.forward.output)
    readings = codings(setting.views[0].targets, n_outputs)
    right = [r for r in readings if not r.fault]
    wrong = [r for r in readings if r.fault]

    def level(
        outputs: list[Form],
        table: Callable[[Form], list[Formula]],
        targets: list[Formula],
        other_output: bool = False,
    ) -> Level:
        def guesses() -> Iterator[Guess]:
            for output in outputs:
                for coding in targets:
                    passes = [view.forward_pass(setting.forward, output, coding) for view in setting.views]
                    for formula in table(output):
                        yield _output_guess(setting, passes, output, coding, formula, other_output)

        return guesses

    return [
        level(fitting, right_deltas, right),
        level(fitting, wrong_deltas, right),
        level(fitting, right_deltas, wrong),
        level(strange, right_deltas, right, True),
        level(fitting, wrong_deltas, wrong),
        level(strange, wrong_deltas, right[:2], True),
    ]


def _output_guess(
    setting: _Setting, passes: list[Pass], output: Form, coding: Formula, formula: Formula, other_output: bool
) -> Guess:
    top = len(setting.forward.hidden)
    deltas = [formula.compute(p.sums[-1], p.activations[-1], p.targets) for p in passes]
    faults: list[tuple[str, int, str]] = []
    if other_output:
        name = f"trained as {output.name}, used as {setting.forward.output}"
        faults.append((output.fault or "L02", top, name))
    faults += [(code.fault, top, code.name) for code in (coding, formula) if code.fault]
    return Guess(passes, deltas, tuple(faults), (("output delta", top, formula),), output.name, coding)


def _hidden_levels(setting: _Setting, l: int, above: list[Guess]) -> list[Level]:
    form = hidden_form(setting.forward.hidden[l])

    def combine(slips: int) -> Level:
        def guesses() -> Iterator[Guess]:
            for guess in above:
                raw = l + 1 == len(setting.forward.hidden)
                folded = bool(setting.forward.chain[l + 1].folded)
                for back in hidden_deltas.back_formulas(guess.passes[0], l, raw, folded):
                    sent = [back.compute(p, l, d) for p, d in zip(guess.passes, guess.deltas, strict=True)]
                    for factor in hidden_deltas.factor_formulas(form):
                        if bool(back.fault) + bool(factor.fault) == slips:
                            yield _hidden_guess(guess, l, form, back, factor, sent)

        return guesses

    return [combine(0), combine(1), _row_dropped_level(setting, l, above, form), combine(2)]


def _hidden_guess(guess: Guess, l: int, form: Form, back: Formula, factor: Formula, sent: list[Array]) -> Guess:
    deltas = [
        s * factor.compute(form, p.sums[l], p.activations[l + 1]) for s, p in zip(sent, guess.passes, strict=True)
    ]
    faults, parts = guess.with_part("back", l, back)
    middle = Guess(guess.passes, deltas, faults, parts, guess.output, guess.coding)
    faults, parts = middle.with_part("factor", l, factor)
    return Guess(guess.passes, deltas, faults, parts, guess.output, guess.coding)


def _row_dropped_level(setting: _Setting, l: int, above: list[Guess], form: Form) -> Level:
    """Another row than the bias dropped from the folded weights above: which one is read off the recovered errors."""

    def guesses() -> Iterator[Guess]:
        layout = setting.forward.chain[l + 1]
        if not layout.folded or setting.transform is not None or any(len(v.x) > 1 for v in setting.views):
            return
        for guess in above:
            scale = setting.has_scale.get(l + 1)
            if not scale:
                continue
            for after in (False, True):
                p, d, wanted = _joined(setting, guess, l, form, scale, after)
                found = hidden_deltas.find_row_dropped(p, l, d, wanted, layout.folded == "first", after)
                sent = [found.compute(q, l, e) for q, e in zip(guess.passes, guess.deltas, strict=True)]
                yield _hidden_guess(guess, l, form, found, hidden_deltas.RIGHT_FACTOR, sent)

    return guesses


def _joined(
    setting: _Setting, guess: Guess, l: int, form: Form, scale: float, after: bool
) -> tuple[Pass, Array, Array]:
    """The first record's pass, its delta above, and the errors sent back that its weight change implies."""
    p, view = guess.passes[0], setting.views[0]
    a = p.activations[l]  # (1, n_l)
    delta = a @ view.weight_changes[l] / (scale * (a @ a.T))  # (1, n_{l+1})
    factor = form.derivative(p.sums[l], p.activations[l + 1]) if form.derivative else np.ones_like(delta)
    return p, guess.deltas[0], delta / np.where(factor == 0, np.inf, factor)


# -- one layer ---------------------------------------------------------------------------------------------------------


def _identify_layer(setting: _Setting, l: int, levels: list[Level]) -> LayerResult:
    views = setting.views
    changes = [view.weight_changes[l] for view in views]
    bias_changes = [view.bias_changes[l] for view in views]
    biased = all(change is not None for change in bias_changes)
    result = LayerResult(l, None, rival_residual=np.inf)
    result.weights_frozen = not any(np.any(change) for change in changes)
    result.bias_frozen = biased and not any(np.any(change) for change in bias_changes)
    cancelled = not result.weights_frozen and _only_rounding(
        [view.weights[l] for view in views], changes, setting.epsilon
    )
    if not all(np.isfinite(change).all() for change in changes):
        return result
    by_bias = result.weights_frozen or cancelled
    if by_bias and (result.bias_frozen or not biased):
        return result
    floor = rounding_floor(*_observed(views, l, by_bias), setting.epsilon)
    result.allowed = max(tolerance(floor), setting.least_allowed)
    known: dict[int, list[Guess]] = {}
    for index, with_weights, how in PLAN[:QUICK_PLAN] if setting.quick else PLAN:
        if index >= len(levels) or (with_weights and by_bias):
            continue
        if time.thread_time() > setting.ends:
            break
        if how == "each" and (setting.transform is not None or changes[0].size < LEAST_OWN_FACTORS):
            continue
        if index not in known:
            known[index] = list(levels[index]())
        if _try_level(setting, l, known[index], how, with_weights, by_bias, result):
            _fit_bias(setting, l, result)
            if cancelled:
                _name_cancelling(setting, l, result)
            return result
    return result


def _observed(views: list[View], l: int, bias: bool) -> tuple[list[Array], list[Array]]:
    """What the weights or the bias of a layer held before, and by how much they changed, per record."""
    if not bias:
        return [view.weights[l] for view in views], [view.weight_changes[l] for view in views]
    values = [view.biases[l] for view in views]
    changes = [view.bias_changes[l] for view in views]
    return [b for b in values if b is not None], [c for c in changes if c is not None]


def _only_rounding(values: list[Array], changes: list[Array], epsilon: float) -> bool:
    """Whether the changes are so small beside the values that they are rounding and nothing else."""
    return rounding_floor(values, changes, epsilon) > 0.02


def _name_cancelling(setting: _Setting, l: int, result: LayerResult) -> None:
    """Weights moved by rounding errors only: which gradient cancels to nothing (all deltas of a softmax sum to 0)?"""
    guess = result.guess
    assert guess is not None
    for formula in gradients.weight_formulas(guess.passes[0], l)[1:]:
        if _vanishes(formula, gradients.RIGHT_WEIGHTS, guess, l):
            faults, parts = guess.with_part("weights", l, formula)
            result.guess = Guess(guess.passes, guess.deltas, faults, parts, guess.output, guess.coding)
            result.weights, result.weight_fit = formula, Fit(result.bias_fit.residual, result.bias_fit.scale)
            return
    result.weights_frozen = True


def _vanishes(formula: Formula, right: Formula, guess: Guess, l: int) -> bool:
    """Whether this gradient cancels to rounding errors where the right one does not."""
    pairs = list(zip(guess.passes, guess.deltas, strict=True))
    made = stack([np.asarray(formula.compute(p, l, d), float) for p, d in pairs])
    meant = stack([np.asarray(right.compute(p, l, d), float) for p, d in pairs])
    return bool(np.linalg.norm(made) <= 1e-9 * np.linalg.norm(meant))


def _try_level(
    setting: _Setting, l: int, guesses: list[Guess], how: str, with_weights: bool, by_bias: bool, result: LayerResult
) -> bool:
    """Whether some guess of this level explains the layer; the best is put into `result`."""
    fitting: list[tuple[float, int, Guess, Formula, Fit]] = []
    values, changes = _observed(setting.views, l, by_bias)
    flat = stack(changes)
    decay = stack(values) if how == "decay" else None
    for order, guess in enumerate(guesses):
        if by_bias:
            formulas = gradients.bias_formulas(guess.passes[0], l)[:1]
        else:
            table = gradients.weight_formulas(guess.passes[0], l)
            formulas = table[1:] if with_weights else table[:1]
        for formula in formulas:
            predicted = _directions(
                setting, [formula.compute(p, l, d) for p, d in zip(guess.passes, guess.deltas, strict=True)]
            )
            found = fit_each(changes, predicted) if how == "each" else fit(flat, stack(predicted), decay)
            if found.residual <= result.allowed:
                slips = len(guess.faults) + bool(formula.fault) + _off_scale(setting, l, found.scale)
                fitting.append((slips, order, guess, formula, found))
            elif found.residual < result.rival_residual:
                result.rival, result.rival_residual = _describe(guess, formula, l), found.residual
    if not fitting:
        return False
    fitting.sort(key=lambda entry: entry[:2])
    slips, _, guess, formula, found = fitting[0]
    if formula.fault:
        faults, parts = guess.with_part("weights", l, formula)
        guess = Guess(guess.passes, guess.deltas, faults, parts, guess.output, guess.coding)
    result.guess, result.own_factors = guess, how == "each"
    if by_bias:
        result.bias_fit = found
    else:
        result.weights, result.weight_fit = formula, found
    setting.has_scale[l] = found.scale
    seen = {codes(guess.faults)}
    for other_slips, _, other, other_formula, _ in fitting[1:]:
        faults = other.faults + ((other_formula.fault, l, other_formula.name),) * bool(other_formula.fault)
        if int(other_slips) == int(slips) and codes(faults) not in seen and faults:
            seen.add(codes(faults))
            result.look_alikes.append(faults)
    return True


def codes(faults: tuple[tuple[str, int, str], ...]) -> frozenset[tuple[str, int]]:
    return frozenset((code, layer) for code, layer, _ in faults)


def _off_scale(setting: _Setting, l: int, scale: float) -> float:
    """Half a slip for a factor other than the layer's above: of two equal explanations the one in scale is likelier."""
    above = setting.has_scale.get(l + 1)
    return 0.5 if above and abs(scale / above - 1) > 1e-3 else 0.0


def _describe(guess: Guess, formula: Formula, l: int) -> str:
    said = [part.name for _, layer, part in guess.parts if layer == l and part.fault] + [formula.name] * bool(
        formula.fault
    )
    return "; ".join(said) or "the right formula"


def _directions(setting: _Setting, predicted: list[Array]) -> list[Array]:
    return setting.transform(predicted) if setting.transform is not None else predicted


def _fit_bias(setting: _Setting, l: int, result: LayerResult) -> None:
    """Given the delta, the formula of the bias gradient."""
    views, guess = setting.views, result.guess
    if guess is None or result.bias_frozen or any(view.bias_changes[l] is None for view in views):
        return
    biases, changes = _observed(views, l, bias=True)
    if _only_rounding(biases, changes, setting.epsilon):
        for formula in gradients.bias_formulas(guess.passes[0], l)[1:]:
            if _vanishes(formula, gradients.RIGHT_BIAS, guess, l):
                result.bias, result.bias_fit = formula, Fit(result.weight_fit.residual, result.weight_fit.scale)
                return
        result.bias_frozen = True
        return
    allowed = max(tolerance(rounding_floor(biases, changes, setting.epsilon)), setting.least_allowed)
    for decay in (None, stack(biases)):
        for formula in gradients.bias_formulas(guess.passes[0], l):
            predicted = _directions(
                setting,
                [np.asarray(formula.compute(p, l, d), float) for p, d in zip(guess.passes, guess.deltas, strict=True)],
            )
            if result.own_factors:
                found = fit_each(changes, predicted)
            else:
                found = fit(stack(changes), stack(predicted), decay)
            if found.residual <= allowed:
                result.bias, result.bias_fit = formula, found
                return
            if found.residual < result.bias_fit.residual and decay is None and not formula.fault:
                result.bias_fit = found
