"""Stage one: which layout and which activations give the user's own outputs."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np

from unstuck.diagnosis.formulas.forward import HIDDEN, OUTPUT, hidden_form, output_form
from unstuck.diagnosis.formulas.functions import Form
from unstuck.diagnosis.identification.layout import Chain, read_chain
from unstuck.diagnosis.program import work
from unstuck.sandbox import clock

Array = np.ndarray
# Of the orders of the arrays: so many, the likeliest, are looked at more closely first, and so many at all.
LIKELY_CHAINS, MOST_CHAINS = 6, 60
LIKELY = HIDDEN[:5] + tuple(form for form in HIDDEN if form.name in ("sigmoid without the minus", "linear", "softmax"))


@dataclass(frozen=True)
class Forward:
    """One hypothesis about the forward pass: a chain of layers, their activations, and how biases enter.

    bias_modes: per layer "inside" (f(xW + b)), "outside" (f(xW) + b), "unused" (the array exists and is not applied) or
    "none".
    """

    chain: Chain
    hidden: tuple[str, ...]
    output: str
    bias_modes: tuple[str, ...]
    residual: float = np.inf
    rival: str = field(default="", compare=False)
    rival_residual: float = field(default=np.inf, compare=False)

    @property
    def faults(self) -> tuple[tuple[str, int, str], ...]:
        """(code, layer, formula) for each faulty formula; the last layer's index for the output."""
        found = [(hidden_form(name).fault, i, name) for i, name in enumerate(self.hidden)]
        found.append((output_form(self.output).fault, len(self.hidden), self.output))
        found += [("F12", i, "bias outside the activation") for i, m in enumerate(self.bias_modes) if m == "outside"]
        found += [("F07", i, "bias not applied") for i, m in enumerate(self.bias_modes) if m == "unused"]
        return tuple(fault for fault in found if fault[0])

    @property
    def forms(self) -> list[Form]:
        return [*(hidden_form(name) for name in self.hidden), output_form(self.output)]

    @property
    def couples_examples(self) -> bool:
        return any(form.couples_examples for form in self.forms)

    def describe(self) -> str:
        return " then ".join([*self.hidden, self.output])


def propagate(
    x: Array, weights: list[Array], biases: list[Array | None], forms: list[Form], bias_modes: tuple[str, ...]
) -> tuple[list[Array], list[Array]]:
    """sums z_l (n, n_{l+1}) and activations a_l with a_0 = x, of a forward pass with these forms."""
    sums: list[Array] = []
    activations = [x]
    for w, b, form, mode in zip(weights, biases, forms, bias_modes, strict=True):
        z = activations[-1] @ w  # (n, n_{l+1})
        if b is not None and mode == "inside":
            z = z + b
        a = form.value(z)
        if b is not None and mode == "outside":
            a = a + b
        sums.append(z)
        activations.append(a)
    return sums, activations


def distance(found: Array, wanted: Array) -> float:
    """‖found − wanted‖ / ‖wanted‖, infinite where shapes differ or numbers are not finite."""
    if found.shape != wanted.shape or not np.isfinite(found).all():
        return np.inf
    return float(np.linalg.norm(found - wanted) / max(float(np.linalg.norm(wanted)), 1e-300))


def _modes(chain: Chain) -> tuple[str, ...]:
    return tuple("inside" if layer.bias is not None or layer.folded else "none" for layer in chain)


def identify_forward(
    arrays: list[Array], x: Array, outputs: Array, chains: list[Chain], tolerance: float, most_levels: int = 4
) -> Forward | None:
    """The hypothesis with the fewest deviations from a plain network whose outputs equal the user's.

    arrays as the user keeps them, x (n, n_features), outputs (n, n_outputs). The nearest hypothesis that gives other
    numbers is named as its rival. most_levels bounds the deviations tried. None where no chain exists; a residual
    above `tolerance` means that nothing fits.
    """
    best: Forward | None = None
    if not np.isfinite(outputs).all():
        return None
    spent = 0.0
    with np.errstate(all="ignore"):
        levels = (_uniform, _one_likely_deviation, _one_deviation, _two_deviations)[:most_levels]
        rounds = [(levels[:1], chains[:MOST_CHAINS]), (levels[1:], chains[:LIKELY_CHAINS])]
        rounds.append((levels[1:], chains[LIKELY_CHAINS:MOST_CHAINS]))
        for level, among in ((level, among) for some, among in rounds for level in some):
            for chain in among:
                if spent > work.FORWARD:
                    return best
                clock.check()
                weights, biases = read_chain(chain, arrays)
                scored = _score_all(chain, level(chain), x, outputs, weights, biases)
                spent += len(scored) * work.FORMULA / 4 + len(x) * sum(w.size for w in weights)
                if not scored:
                    continue
                fitting = [s for s in scored if s.residual <= tolerance]
                if fitting:
                    winner = min(fitting, key=lambda s: len(s.faults))
                    others = [s for s in scored if s.residual > tolerance]
                    rival = min(others, key=lambda s: s.residual, default=None)
                    winner = _with_unused_biases(winner, chains)
                    return replace(
                        winner,
                        rival=rival.describe() if rival else "",
                        rival_residual=rival.residual if rival else np.inf,
                    )
                nearest = min(scored, key=lambda s: s.residual)
                if best is None or nearest.residual < best.residual:
                    best = nearest
    return best


def _with_unused_biases(winner: Forward, chains: list[Chain]) -> Forward:
    """A chain without any bias gives the outputs: do bias arrays exist that it leaves out?"""
    if any(mode != "none" for mode in winner.bias_modes):
        return winner
    for chain in chains:
        same = [(layer.weights, layer.transposed, layer.folded) for layer in chain]
        if same == [(layer.weights, layer.transposed, layer.folded) for layer in winner.chain] and all(
            layer.bias is not None for layer in chain
        ):
            return replace(winner, chain=chain, bias_modes=("unused",) * len(chain))
    return winner


def _uniform(chain: Chain) -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
    for form in HIDDEN if len(chain) > 1 else HIDDEN[:1]:
        yield (form.name,) * (len(chain) - 1), _modes(chain)


def _one_likely_deviation(chain: Chain) -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
    return _one_deviation(chain, LIKELY)


def _one_deviation(chain: Chain, usual: tuple[Form, ...] = HIDDEN) -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
    """One bias that enters elsewhere, or one layer whose activation is not the usual one of the others."""
    modes, n_hidden = _modes(chain), len(chain) - 1
    for i, mode in enumerate(modes):
        for other in ("unused", "outside") if mode == "inside" else ():
            for form in usual if n_hidden else HIDDEN[:1]:
                yield (form.name,) * n_hidden, (*modes[:i], other, *modes[i + 1 :])
    for other in ("unused", "outside"):
        if any(mode == "inside" for mode in modes):
            for form in usual if n_hidden else HIDDEN[:1]:
                yield (form.name,) * n_hidden, tuple(other if mode == "inside" else mode for mode in modes)
    if n_hidden > 1:
        for i in range(n_hidden):
            for common, odd in itertools.product(usual, HIDDEN):
                if common is not odd:
                    yield tuple(odd.name if j == i else common.name for j in range(n_hidden)), modes


def _two_deviations(chain: Chain) -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
    modes, n_hidden = _modes(chain), len(chain) - 1
    if n_hidden == 3:
        for forms in itertools.product(LIKELY, repeat=3):
            yield tuple(form.name for form in forms), modes
    for i, mode in enumerate(modes):
        if mode == "inside" and n_hidden > 1:
            for pair in itertools.product(LIKELY, repeat=2):
                names = (pair[0].name, *(pair[1].name for _ in range(n_hidden - 1)))
                yield names, (*modes[:i], "unused", *modes[i + 1 :])


def _score_all(
    chain: Chain,
    hypotheses: Iterator[tuple[tuple[str, ...], tuple[str, ...]]],
    x: Array,
    outputs: Array,
    weights: list[Array],
    biases: list[Array | None],
) -> list[Forward]:
    """Every hypothesis with every output function; shared beginnings are computed once."""
    scored: list[Forward] = []
    cache: dict[tuple, Array] = {}
    for hidden, modes in hypotheses:
        scores = _scores(x, weights, biases, hidden, modes, cache)
        for form in OUTPUT:
            values = form.value(scores)
            if biases[-1] is not None and modes[-1] == "outside":
                values = values + biases[-1]
            scored.append(Forward(chain, hidden, form.name, modes, distance(values, outputs)))
    return scored


def _scores(
    x: Array,
    weights: list[Array],
    biases: list[Array | None],
    hidden: tuple[str, ...],
    modes: tuple[str, ...],
    cache: dict[tuple, Array],
) -> Array:
    """The output sums (n, n_outputs) under these hidden activations."""
    a = x
    for l, w in enumerate(weights):
        key = (hidden[:l], modes[: l + 1])
        if key not in cache:
            z = a @ w
            b = biases[l]
            cache[key] = z + b if b is not None and modes[l] == "inside" else z
        z = cache[key]
        if l == len(weights) - 1:
            return z
        a = hidden_form(hidden[l]).value(z)
        if biases[l] is not None and modes[l] == "outside":
            a = a + biases[l]
    raise AssertionError("a chain has at least one layer")
