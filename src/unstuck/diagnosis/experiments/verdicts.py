"""What experiments say: which evidence matters, which comparisons were run, which setups came of it."""

from __future__ import annotations

from dataclasses import dataclass, field

from unstuck.diagnosis.twin.training import Outcome, Setup

MATTERS = 0.02  # difference of accuracy that counts


@dataclass
class Trial:
    """One comparison that was run: the changes, and the mean score before and after them over the seeds.

    worth: by change, how much is lost without it. words: by change, what was chosen.
    """

    changes: tuple[str, ...]
    before: float
    after: float
    updates: int
    seed: int
    seconds: float
    seeds: int = 1
    before_spread: float = 0.0  # standard deviations over the seeds
    after_spread: float = 0.0
    worth: dict[str, float] = field(default_factory=dict)
    words: dict[str, str] = field(default_factory=dict)


@dataclass
class Verdicts:
    """Which evidence matters, by code; which codes a cure needs; what was run."""

    matters: dict[str, bool] = field(default_factory=dict)
    settings: list[str] = field(default_factory=list)
    alternatives: list[str] = field(default_factory=list)
    choices: list[str] = field(default_factory=list)  # all settings that something was seen of, in the way or not
    trials: list[Trial] = field(default_factory=list)
    as_it_is: float | None = None
    mended: float | None = None
    mended_finite: bool = False
    loss_stays_finite: bool = False  # the user's own, along a run with all put right that matters
    learnable: bool = True  # whether any network trained on these data learnt something
    reference: float | None = None
    chance: float = 0.0
    formulas: list[str] = field(default_factory=list)  # faults of formula that can be put right
    meant: str = "sigmoid"  # the activation taken for layers that do not tell which one was meant
    right: Setup | None = None  # the twin's run with everything put right, at the best rate found
    cured: tuple[Setup, Setup] | None = None  # the runs without and with the smallest cure
    spoilt: dict[str, Setup] = field(default_factory=dict)  # by code: the cured run without this one of its changes
    stuck: bool | None = False  # whether all the user's updates leave the network far below; None: not seen to the end
    run_for: int = 0  # updates that the longest run with the user's choices was given
    learns: bool | None = None  # whether the user's own program learns, where no twin could be trained in its stead


@dataclass(frozen=True)
class Runs:
    """The twin as it is and with the user's formulas put right, and what came of training both."""

    user: Setup
    mended: Setup
    as_it_is: Outcome
    put_right: Outcome

    @property
    def gain(self) -> float:
        """The largest gain at any of the checkpoints that both runs reached."""
        pairs = zip(self.as_it_is.scores, self.put_right.scores, strict=False)
        return max([b - a for a, b in pairs] + [self.put_right.score - self.as_it_is.score])

    def trial(self, changes: list[str], after: Outcome | None = None) -> Trial:
        """The run as it is beside the one with these changes: this one, or what came of putting the formulas right."""
        after = after or self.put_right
        seconds = self.as_it_is.seconds + after.seconds
        return Trial(tuple(changes), self.as_it_is.score, after.score, after.updates, self.user.seed, seconds)
