"""What a run measures, and with whom."""

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from benchmarks.kernels import beyond
from benchmarks.limits import BEST, Limit
from benchmarks.peers import ONLY_THE_PROCESSOR_LIMITS
from benchmarks.row import Row
from benchmarks.sizes import SIZES, Size
from benchmarks.worker import Worker, is_installed


def unlimited() -> Limit:
    """Whatever the processor and the environment say."""
    return Limit(BEST, dict(os.environ))


@dataclass
class Plan:
    """peers: those to measure, ours first; rounds: how often everything is repeated; seconds: of one measurement.

    Peers that cannot be kept to the limit are skipped, as those are that are not installed.
    """

    peers: list[str]
    sizes: tuple[Size, ...] = SIZES
    momenta: tuple[float, ...] = (0.0, 0.9)
    rounds: int = 5
    seconds: float = 0.3
    limit: Limit = field(default_factory=unlimited)
    skipped: dict[str, str] = field(default_factory=dict)  # peer -> why
    labels: dict[str, str] = field(default_factory=dict)  # peer -> name and version
    kernels: dict[str, dict[str, str]] = field(default_factory=dict)  # peer -> library -> what it says that it uses

    def __post_init__(self) -> None:
        self.peers = list(self.peers)
        for peer in [peer for peer in self.peers if not is_installed(peer)]:
            self.skip(peer, "not installed")
        if self.limit.isa != BEST and not self.limit.hidden:
            for peer in [peer for peer in self.peers if peer in ONLY_THE_PROCESSOR_LIMITS]:
                self.skip(peer, f"it cannot be limited to {self.limit.isa}: this processor cannot hide what it has")
        self.labels = {peer: peer for peer in self.peers}

    def skip(self, peer: str, why: str) -> None:
        self.peers.remove(peer)
        self.skipped[peer] = why
        print(f"skipped {peer}: {why}", file=sys.stderr, flush=True)

    @contextmanager
    def workers(self, only: tuple[str, ...] | None = None) -> Iterator[dict[str, Worker]]:
        """One process for each peer; a peer whose process cannot load its library is skipped from here on."""
        with ExitStack() as stack:
            workers = {}
            for peer in [peer for peer in self.peers if only is None or peer in only]:
                worker = stack.enter_context(Worker(peer, self.limit))
                with self.reporting(peer):
                    self.labels[peer] = worker.ask("label")
                    self.kernels[peer] = worker.ask("kernels")
                    if exceeding := self.exceeding(peer):
                        raise RuntimeError(f"limited to {self.limit.isa}, but {' and '.join(exceeding)}")
                    workers[peer] = worker
            yield workers

    def exceeding(self, peer: str) -> list[str]:
        """Kernels of the peer that are beyond the limit, in words."""
        return [] if self.limit.isa == BEST else beyond(self.kernels[peer], self.limit.isa)

    @contextmanager
    def reporting(self, peer: str, *rows: Row) -> Iterator[None]:
        """A peer that fails inside is skipped from here on, and taken out of the rows."""
        try:
            yield
        except RuntimeError as error:
            self.skip(peer, str(error))
            for row in rows:
                row.values.pop(peer, None)

    def turns(self, peers: list[str]) -> Iterator[str]:
        """The peers of all rounds, every round beginning with another; without those that are skipped meanwhile."""
        for i in range(self.rounds):
            start = i % len(peers) if peers else 0
            for peer in peers[start:] + peers[:start]:
                if peer not in self.skipped:
                    yield peer
