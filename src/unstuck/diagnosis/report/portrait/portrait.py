"""The portrait of one examination: what its pages draw, computed when first asked for and never before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from unstuck.diagnosis.examination.examination import Examination
from unstuck.diagnosis.experiments.repairs import changes_for, mended, put_back
from unstuck.diagnosis.identification.forward import Forward
from unstuck.diagnosis.measurements.plain_data import test_classes, test_inputs
from unstuck.diagnosis.program import work
from unstuck.diagnosis.program.observations import Sight
from unstuck.diagnosis.report.portrait.comparison import Comparison, compare_changes, compare_outputs
from unstuck.diagnosis.report.portrait.layers import Layer, layers_at_start
from unstuck.diagnosis.report.portrait.training import Training, train
from unstuck.diagnosis.rules import RULES
from unstuck.diagnosis.twin.training import Setup
from unstuck.diagnosis.twin.twin import Twin

Array = np.ndarray
MEMORY = ("U02", "U03", "U04", "U12", "U14", "U17")  # faults that show only from one step to the next
STATE = ("A01", "A02", "A03", "A04", "A05", "A06", "A07")
RATE = ("U07", "U08", "B09")
MOST_TEST = 300  # examples
MOST_SPOILT = 4  # training runs with one fault left in


@dataclass
class Portrait:
    """A network as it is and as cured, and how its numbers were explained.

    before  the twin with the user's data and settings
    after   the same with everything put right that had to be; None where nothing was
    spoilt  by code of a finding: the cured one with this fault left in
    right   by code of a finding: the twin with only this fault put right
    sight   what was observed of the program
    test    (inputs, classes or None) of the first test examples as the program has them; None where it has none
    """

    before: Setup
    after: Setup | None = None
    spoilt: dict[str, Setup] = field(default_factory=dict)
    right: dict[str, Twin] = field(default_factory=dict)
    forward: Forward | None = None
    sight: Sight = field(default_factory=Sight)
    test: tuple[Array, Array | None] | None = None

    @cached_property
    def trained(self) -> tuple[Training, ...]:
        """The training as it is, and as cured where there is a cure."""
        return tuple(train(setup, work.CURVE) for setup in (self.before, self.after) if setup is not None)

    @cached_property
    def trained_spoilt(self) -> dict[str, Training]:
        """By code: the cured training with this one fault left in. Empty where there is but one fault."""
        return (
            {code: train(setup, work.SPOILT_CURVE) for code, setup in self.spoilt.items()}
            if len(self.spoilt) > 1
            else {}
        )

    @cached_property
    def layers(self) -> tuple[list[Layer], ...]:
        """The layers before the first update, as they are and as cured."""
        return tuple(layers_at_start(setup) for setup in (self.before, self.after) if setup is not None)

    @property
    def has_columns(self) -> bool:
        """Whether all weights are stored as (n_out, n_in), as they are where examples are columns."""
        return self.forward is not None and all(layer.transposed for layer in self.forward.chain)

    def factor(self, code: str) -> float | None:
        """What the user's number for this setting was multiplied by in the cure; None where it is no such number."""
        if self.after is None:
            return None
        mine, cured = self.before.twin.update, self.after.twin.update
        if code in ("U07", "U08") and mine.learning_rate and mine.rate_law == cured.rate_law:
            summed = mine.reduction == "sum" and cured.reduction == "mean"
            return cured.learning_rate / mine.learning_rate / (self.after.batch_size if summed else 1)
        if code == "U09" and self.before.batch_size == self.after.batch_size:
            return self.after.updates / self.before.updates
        return cured.decay / mine.decay if code == "U10" and mine.decay else None

    def comparison(self, code: str, layer: int | None) -> Comparison | None:
        """What the program gave beside what the twin gives with and without this fault."""
        right = self.right.get(code)
        if right is None or self.forward is None:
            return None
        faulty = self.before.twin
        if code in {fault for fault, _, _ in self.forward.faults}:
            found = compare_outputs(self.sight, self.forward, faulty, right)
            if found is not None:
                return found
        for where in (layer, None) if layer is not None else (None,):
            found = compare_changes(self.sight, self.forward, faulty, right, code in MEMORY, where)
            if found is not None:
                return found
        return None


def portray(
    e: Examination,
    codes: Sequence[str],
    before: Setup | None,
    after: Setup | None,
    spoilt: Mapping[str, Setup] | None = None,
) -> Portrait | None:
    """The portrait of an examination with findings of these codes; nothing is trained or drawn yet.

    before and after are the twin's training as it is and as cured, spoilt the cured one without one of its changes;
    None where no twin could be trained.
    """
    if before is None:
        return None
    after = None if after is before else after
    formulas = [code for code in dict.fromkeys(codes) if not RULES[code].setting and code[0] not in "DAE"]
    right = {code: mended(before, e, [code]).twin for code in formulas if changes_for(code, e)}
    setups: dict[str, Setup | None] = dict(spoilt or {})
    if after is not None:
        setups |= {code: left_in(before, after, code, e) for code in dict.fromkeys(codes) if code not in setups}
    known = {code: setup for code, setup in setups.items() if setup is not None}
    shown = dict(list(known.items())[:MOST_SPOILT])
    return Portrait(before, after, shown, right, e.forward, e.sight, first_test_examples(e))


def first_test_examples(e: Examination) -> tuple[Array, Array | None] | None:
    """Inputs and classes of a few test examples; copied, so that the portrait holds no more than it draws."""
    x, classes = test_inputs(e), test_classes(e)
    if x is None:
        return None
    return x[:MOST_TEST].copy(), None if classes is None else classes[:MOST_TEST].copy()


def left_in(before: Setup, after: Setup, code: str, e: Examination) -> Setup | None:
    """The cured setup with this fault left in; None where the twin does not contain it."""
    if not RULES[code].setting and changes_for(code, e):
        return put_back(before, after, code, e)
    return choice_put_back(before, after, code)


def choice_put_back(before: Setup, after: Setup, code: str) -> Setup | None:
    """The cured setup with the user's own choice in the place where this code belongs; None for other codes."""
    mine, cured = before.twin.update, after.twin.update
    if code in STATE:
        same = [a.shape for a in before.parameters.arrays()] == [b.shape for b in after.parameters.arrays()]
        return replace(after, parameters=before.parameters) if same else None
    if code in RATE:
        rule = replace(cured, learning_rate=mine.learning_rate, reduction=mine.reduction, rate_law=mine.rate_law)
        return replace(after, twin=after.twin.plant(update=rule))
    if code == "U09":
        return replace(after, batch_size=before.batch_size, updates=before.updates)
    if code == "U10":
        rule = replace(cured, decay=mine.decay, bias_decay=mine.bias_decay)
        return replace(after, twin=after.twin.plant(update=rule))
    if code == "D02" and before.x.shape == after.x.shape:
        return replace(after, x=before.x, x_held=before.x_held)
    if code == "D12":
        return replace(after, shuffled=False)
    return None
