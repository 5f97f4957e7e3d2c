"""One line of the results: what was measured of each peer, round by round."""

from dataclasses import asdict, dataclass, field, fields
from statistics import median
from typing import Any

OURS = "unstuck"


@dataclass
class Row:
    """Values of the same round were measured one after the other, so that their ratio cancels what else ran then."""

    part: str
    what: str
    unit: str
    more_is_better: bool
    values: dict[str, list[float]] = field(default_factory=dict)  # peer -> one value a round
    remark: str = ""

    def median(self, peer: str) -> float:
        return median(self.values[peer])

    @property
    def best_peer(self) -> str | None:
        """The best of the others, by its median."""
        others = [peer for peer in self.values if peer != OURS]
        best = max if self.more_is_better else min
        return best(others, key=self.median, default=None)

    def ratio_to(self, peer: str) -> float:
        """How many times better unstuck is than the peer: the median of the rounds' ratios."""
        ratios = [ours / theirs for ours, theirs in zip(self.values[OURS], self.values[peer])]
        return median(ratios if self.more_is_better else [1 / ratio for ratio in ratios])

    @classmethod
    def from_dict(cls, recorded: dict[str, Any]) -> "Row":
        """What `to_dict` made; medians and ratios are computed anew."""
        names = {field.name for field in fields(cls)}
        return cls(**{name: value for name, value in recorded.items() if name in names})

    def to_dict(self) -> dict[str, Any]:
        best = self.best_peer
        compared = {} if best is None or OURS not in self.values else {"best_peer": best, "ratio": self.ratio_to(best)}
        return {**asdict(self), "medians": {peer: self.median(peer) for peer in self.values}, **compared}
