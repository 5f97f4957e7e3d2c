"""Guesses about the delta of a layer, level by level: first those without a slip, then with one, then the rest."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from unstuck.diagnosis.formulas import hidden_deltas
from unstuck.diagnosis.formulas.formula import Formula, Pass
from unstuck.diagnosis.formulas.forward import LOGITS, OUTPUT, hidden_form, output_form
from unstuck.diagnosis.formulas.functions import Form
from unstuck.diagnosis.formulas.output_deltas import right_deltas, wrong_deltas
from unstuck.diagnosis.formulas.targets import between, codings
from unstuck.diagnosis.identification.fit import Transform
from unstuck.diagnosis.identification.forward import Forward, propagate
from unstuck.diagnosis.identification.layout import read_chain
from unstuck.diagnosis.identification.smoothing import find_levels, usual_levels
from unstuck.diagnosis.program.observations import Record

Array = np.ndarray


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
        after, biases_after = self.after
        targets = coding.compute(self.targets)
        return Pass(
            activations, sums, self.weights, self.biases, targets, forward.hidden, output.name, after, biases_after
        )

    @cached_property
    def after(self) -> tuple[list[Array], list[Array | None]]:
        """Weights and biases after the step."""
        weights = [w + c for w, c in zip(self.weights, self.weight_changes, strict=True)]
        biases = zip(self.biases, self.bias_changes, strict=True)
        return weights, [None if b is None or c is None else b + c for b, c in biases]


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
class Setting:
    views: list[View]
    forward: Forward
    epsilon: float
    transform: Transform | None
    plan: tuple[tuple[int, bool, str], ...] = ()
    least_allowed: float = 0.0
    left: float = np.inf  # work
    has_scale: dict[int, float] = field(default_factory=dict)


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


def output_levels(setting: Setting, n_outputs: int) -> list[Level]:
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

    def right_or_smoothed() -> Iterator[Guess]:
        yield from level(fitting, right_deltas, right)()
        yield from _smoothed(setting, fitting, right[:1] if n_outputs > 1 else [])

    return [
        right_or_smoothed,
        level(fitting, wrong_deltas, right),
        level(fitting, right_deltas, wrong),
        level(strange, right_deltas, right, True),
        level(fitting, wrong_deltas, wrong),
        level(strange, wrong_deltas, right[:2], True),
    ]


def _smoothed(setting: Setting, outputs: list[Form], readings: list[Formula]) -> Iterator[Guess]:
    """Right deltas of smoothed targets, with the levels that the changes of the output weights imply."""
    changes, weights = ([getattr(v, kind)[-1] for v in setting.views] for kind in ("weight_changes", "weights"))
    for output, reading in ((output, reading) for output in outputs for reading in readings):
        passes = [view.forward_pass(setting.forward, output, reading) for view in setting.views]
        for formula in right_deltas(output):
            if setting.transform is None:
                levels = find_levels(formula, output, passes, changes, weights)
            else:
                levels = usual_levels(output, changes[0].shape[1]) if formula.name.endswith("cross_entropy") else []
            for low, high in levels:
                coding = between(reading, low, high)
                smoothed = [replace(p, targets=low + (high - low) * p.targets) for p in passes]
                yield _output_guess(setting, smoothed, output, coding, formula, False)


def _output_guess(
    setting: Setting, passes: list[Pass], output: Form, coding: Formula, formula: Formula, other_output: bool
) -> Guess:
    top = len(setting.forward.hidden)
    deltas = [formula.compute(p.sums[-1], p.activations[-1], p.targets) for p in passes]
    faults: list[tuple[str, int, str]] = []
    if other_output:
        name = f"trained as {output.name}, used as {setting.forward.output}"
        faults.append((output.fault or "L02", top, name))
    faults += [(code.fault, top, code.name) for code in (coding, formula) if code.fault]
    return Guess(passes, deltas, tuple(faults), (("output delta", top, formula),), output.name, coding)


def hidden_levels(setting: Setting, l: int, above: list[Guess]) -> list[Level]:
    form = hidden_form(setting.forward.hidden[l])

    def factors(p: Pass) -> list[Formula]:
        return [*hidden_deltas.factor_formulas(form), *hidden_deltas.factors_of_other_layers(p, l)]

    def combine(slips: int) -> Level:
        def guesses() -> Iterator[Guess]:
            for guess in above:
                raw = l + 1 == len(setting.forward.hidden)
                folded = bool(setting.forward.chain[l + 1].folded)
                for back in hidden_deltas.back_formulas(guess.passes[0], l, raw, folded):
                    sent = [back.compute(p, l, d) for p, d in zip(guess.passes, guess.deltas, strict=True)]
                    for factor in factors(guess.passes[0]):
                        if back.slips + factor.slips == slips:
                            yield _hidden_guess(guess, l, form, back, factor, sent)

        return guesses

    return [combine(0), combine(1), _row_dropped_level(setting, l, above, form), combine(2)]


def _hidden_guess(guess: Guess, l: int, form: Form, back: Formula, factor: Formula, sent: list[Array]) -> Guess:
    deltas = [s * factor.compute(form, p, l) for s, p in zip(sent, guess.passes, strict=True)]
    faults, parts = guess.with_part("back", l, back)
    middle = Guess(guess.passes, deltas, faults, parts, guess.output, guess.coding)
    faults, parts = middle.with_part("factor", l, factor)
    return Guess(guess.passes, deltas, faults, parts, guess.output, guess.coding)


def _row_dropped_level(setting: Setting, l: int, above: list[Guess], form: Form) -> Level:
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


def _joined(setting: Setting, guess: Guess, l: int, form: Form, scale: float, after: bool) -> tuple[Pass, Array, Array]:
    """The first record's pass, its delta above, and the errors sent back that its weight change implies."""
    p, view = guess.passes[0], setting.views[0]
    a = p.activations[l]  # (1, n_l)
    delta = a @ view.weight_changes[l] / (scale * (a @ a.T))  # (1, n_{l+1})
    factor = form.derivative(p.sums[l], p.activations[l + 1]) if form.derivative else np.ones_like(delta)
    return p, guess.deltas[0], delta / np.where(factor == 0, np.inf, factor)
