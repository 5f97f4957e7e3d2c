"""Update formulas of the adaptive kind: divide by the size of recent gradients.

A rule keeps running moments: state and gradient in, direction out; the change is -learning_rate * direction.
Linear rules are told by their impulse response (see identification.update), so they need no entry here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from unstuck.diagnosis.formulas.corrections import RIGHT, UNKNOWN, factors

Array = np.ndarray
Moments = dict[str, Array | int]

# What a rule is made of, the plainest first.
DIVIDED = ("gradient", "mean", "mean and gradient", "mean of the squares", "sign")
SQUARED = ("squares", "sizes", "squares of the mean", "squares apart from the mean")
GATHERED = ("mean", "sum", "largest", "largest mean")


@dataclass(frozen=True)
class AdaptiveRule:
    """divided / root(gathered) of the gradients so far, each corrected for its start at 0.

    divided      "mean": running mean of the gradients, with `beta1` (Kingma and Ba 2015, algorithm 1); "gradient": the
                 gradient itself (RMSProp, Hinton's lecture 6e; AdaGrad, Duchi, Hazan and Singer 2011); "mean and
                 gradient": beta1 · mean + (1 - beta1) · gradient (NAdam, Dozat 2016); "mean of the squares", a slip;
                 "sign": its sign, divided by nothing
    squared      "squares" of the gradients; "squares apart from the mean" (AdaBelief, Zhuang et al. 2020); the slips
                 "sizes" (not squared) and "squares of the mean"
    gathered     "mean" with `beta2`; "sum" (AdaGrad); "largest", each time reduced by `beta2` (Adamax, of sizes and
                 without a root); "largest mean" so far (AMSGrad, Reddi, Kale and Kumar 2018)
    rooted       whether the root is taken
    corrections  how mean and mean of the squares are corrected: two names of `corrections.CORRECTIONS`
    keeps        which of the two goes on from its corrected value: "", "first", "second" or "both"
    epsilon      added to what is divided by: "outside" the root, "inside" it, or "after it", to the uncorrected root
                 (Kingma and Ba 2015, end of section 2)
    accumulates  the gradients are never set back to zero
    """

    divided: str = "mean"
    squared: str = "squares"
    gathered: str = "mean"
    rooted: bool = True
    corrections: tuple[str, str] = (RIGHT, RIGHT)
    keeps: str = ""
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    epsilon_place: str = "outside"
    accumulates: bool = False

    @property
    def kind(self) -> str:
        """The published rule that this one is, or is nearest to."""
        if self.divided == "sign":
            return "signs of the gradients"
        if self.divided == "gradient":
            return "ada_grad" if self.gathered == "sum" else "rms_prop"
        if self.gathered == "largest":
            return "adamax"
        if self.gathered == "largest mean":
            return "amsgrad"
        if self.squared == "squares apart from the mean":
            return "ada_belief"
        return "nadam" if self.divided == "mean and gradient" else "adam"

    @property
    def slips(self) -> tuple[str, ...]:
        """What is wrong with how the moments are put together, said of the formula; the corrections are told apart."""
        said = []
        if self.divided == "mean of the squares":
            said.append("the mean of the gradients is made of their squares")
        if self.squared == "squares of the mean":
            said.append("the mean of the squares is made of the squared mean")
        if self.squared == "sizes" and self.kind != "adamax":
            said.append("the gradients are not squared")
        if self.divided != "sign" and not self.rooted and self.kind != "adamax":
            said.append("no root is taken")
        if self.rooted and self.kind == "adamax":
            said.append("a root is taken")
        if self.kind == "adam" and self.gathered == "sum":
            said.append("the squares are summed instead of averaged")
        return tuple(said)

    @property
    def corrected_wrongly(self) -> bool:
        """Whether the moments are not corrected as the published rule does it."""
        if self.kind in ("adam", "nadam", "ada_belief", "amsgrad"):
            wanted = (RIGHT, self.corrections[1] if self.gathered == "sum" else RIGHT)
            return bool(self.keeps) or self.corrections != wanted
        return self.kind == "adamax" and (bool(self.keeps) or self.corrections[0] != RIGHT)

    @property
    def fault(self) -> str:
        """The code of what is wrong with it, "" for a right rule."""
        if self.accumulates:
            return "U02"
        return "U17" if self.slips else "U12" if self.corrected_wrongly else ""

    @property
    def unknown_corrections(self) -> bool:
        """Whether the steps are those of this rule but for a factor of each that no form known has."""
        return UNKNOWN in self.corrections

    @property
    def name(self) -> str:
        """As it is said in a report."""
        if self.kind == "signs of the gradients":
            return self.kind
        settings = {"rms_prop": f"decay={self.beta2:g}", "ada_grad": ""}.get(
            self.kind, f"beta1={self.beta1:g}, beta2={self.beta2:g}"
        )
        if self.fault in ("", "U02"):
            place = {"outside": "", "inside": ", inside", "after it": " after it"}[self.epsilon_place]
            settings += f"{', ' if settings else ''}epsilon={self.epsilon:g}{place}"
        said = [f"{self.kind}({settings})" if settings else self.kind, *self.slips]
        if self.corrected_wrongly:
            said.append(self._said_of_corrections())
        return ", ".join([*said, *(["gradients accumulated"] if self.accumulates else [])])

    def _said_of_corrections(self) -> str:
        if self.keeps:
            which = {"first": "first moment", "second": "second moment", "both": "moments"}[self.keeps]
            return f"bias correction kept in the {which}, corrected again at each step"
        first, second = self.corrections
        if self.unknown_corrections:
            return "bias correction of another form"
        if first == second:
            return f"bias correction {first}"
        if "none" in self.corrections and RIGHT in self.corrections:
            return f"bias correction of the {'first' if first == RIGHT else 'second'} moment only"
        parts = [f"of the {n} moment {how}" for n, how in (("first", first), ("second", second)) if how != RIGHT]
        return "bias correction " + ", ".join(parts)

    def righted(self) -> AdaptiveRule:
        """The published rule nearest to this one, with its own settings where they are usable."""
        if not self.fault:
            return self
        sensible = 0 <= self.beta1 < 1 and 0.5 <= self.beta2 < 1
        return replace(
            self,
            divided="mean" if self.divided == "mean of the squares" else self.divided,
            squared="sizes" if self.kind == "adamax" else "squares",
            gathered="mean" if self.kind == "adam" else self.gathered,
            rooted=self.kind != "adamax",
            corrections=(RIGHT, RIGHT),
            keeps="",
            beta1=self.beta1 if sensible else 0.9,
            beta2=self.beta2 if sensible else 0.999,
            accumulates=False,
        )

    def direction(self, moments: Moments, g: Array) -> Array:
        """The direction of this step; `moments` changes in place, {} before the first step."""
        if self.accumulates:
            g = moments["total"] = moments.get("total", 0.0) + g
        if self.divided == "sign":
            return np.sign(g)
        return moved(self, moments, g, self.beta1, self.beta2)

    def directions(self, gradients: list[Array]) -> list[Array]:
        """The directions of consecutive steps from a fresh start."""
        moments: Moments = {}
        return [self.direction(moments, gradient) for gradient in gradients]


def moved(rule: AdaptiveRule, moments: Moments, g: Array, beta1: Array | float, beta2: Array | float) -> Array:
    """The direction with these betas, which may be columns (n, 1) of many at once beside a row of gradients."""
    t = moments["t"] = int(moments.get("t", 0)) + 1
    first, second = factors(rule.corrections, t, beta1, beta2)
    up, square = g, g * g
    if rule.divided != "gradient" or rule.squared in ("squares of the mean", "squares apart from the mean"):
        taken = square if rule.divided == "mean of the squares" else g
        m = beta1 * moments.get("m", 0.0) + (1 - beta1) * taken
        moments["m"] = m * first if rule.keeps in ("first", "both") else m
        if rule.divided != "gradient":
            up = (beta1 * m + (1 - beta1) * g if rule.divided == "mean and gradient" else m) * first
        if rule.squared == "squares of the mean":
            square = m * m
        elif rule.squared == "squares apart from the mean":
            square = (g - m) ** 2
    if rule.squared == "sizes":
        square = np.abs(g)
    old = moments.get("v", 0.0)
    if rule.gathered in ("mean", "largest mean"):
        v = beta2 * old + (1 - beta2) * square
    else:
        v = old + square if rule.gathered == "sum" else np.maximum(beta2 * old, square)
    moments["v"] = v * second if rule.keeps in ("second", "both") else v
    if rule.gathered == "largest mean":
        v = moments["largest"] = np.maximum(moments.get("largest", 0.0), v)
    elif rule.gathered != "mean" or rule.divided == "gradient":
        second = 1.0
    if rule.epsilon_place == "after it":
        root = np.sqrt(second)
        return up / (root * (np.sqrt(v) + rule.epsilon))
    if not rule.rooted:
        return up / (v * second + rule.epsilon)
    inside = rule.epsilon_place == "inside"
    return up / (np.sqrt(v * second + rule.epsilon) if inside else np.sqrt(v * second) + rule.epsilon)


def rms_prop(decay: float, epsilon: float = 1e-8, place: str = "outside") -> AdaptiveRule:
    return AdaptiveRule("gradient", beta2=decay, epsilon=epsilon, epsilon_place=place)


def ada_grad(epsilon: float = 1e-8, place: str = "outside") -> AdaptiveRule:
    return AdaptiveRule("gradient", gathered="sum", epsilon=epsilon, epsilon_place=place)


DEFAULT_ADAM = AdaptiveRule()
UNCORRECTED = replace(DEFAULT_ADAM, corrections=("none", "none"))
SIGNS = AdaptiveRule("sign")
EPSILONS = (1e-8, 1e-7, 1e-6, 1e-10, 1e-5)
PLACES = ("outside", "inside", "after it")
# The rules whose gradients may have slips of their own, in the order in which they are tried; any other is found where
# the gradients are right.
USUAL: tuple[AdaptiveRule, ...] = (
    *(
        replace(DEFAULT_ADAM, beta1=b1, beta2=b2)
        for b1, b2 in ((0.9, 0.999), (0.9, 0.99), (0.9, 0.9), (0.5, 0.999), (0.8, 0.999), (0.95, 0.999))
    ),
    *(replace(DEFAULT_ADAM, corrections=pair) for pair in (("none", "none"), (RIGHT, "none"), ("none", RIGHT))),
    replace(DEFAULT_ADAM, corrections=("without the power", "without the power")),
    replace(DEFAULT_ADAM, accumulates=True),
    *(rms_prop(decay) for decay in (0.9, 0.99, 0.999, 0.95)),
    ada_grad(),
    SIGNS,
)


def with_epsilons(rule: AdaptiveRule) -> list[AdaptiveRule]:
    """The same rule with every usual epsilon, in every place."""
    return [replace(rule, epsilon=epsilon, epsilon_place=place) for epsilon in EPSILONS for place in PLACES]
