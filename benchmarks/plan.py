"""What a run measures, and with whom."""

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from benchmarks.sizes import SIZES, Size
from benchmarks.worker import Worker, is_installed


@dataclass
class Plan:
    """peers: those to measure, ours first; rounds: how often everything is repeated; seconds: of one measurement."""

    peers: list[str]
    sizes: tuple[Size, ...] = SIZES
    momenta: tuple[float, ...] = (0.0, 0.9)
    rounds: int = 5
    seconds: float = 0.4
    skipped: dict[str, str] = field(default_factory=dict)  # peer -> why
    labels: dict[str, str] = field(default_factory=dict)  # peer -> name and version

    def __post_init__(self) -> None:
        for peer in [peer for peer in self.peers if not is_installed(peer)]:
            self.skip(peer, "not installed")
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
                worker = stack.enter_context(Worker(peer))
                with self.reporting(peer):
                    self.labels[peer] = worker.ask("label")
                    workers[peer] = worker
            yield workers

    @contextmanager
    def reporting(self, peer: str) -> Iterator[None]:
        """A peer that fails inside is skipped from here on."""
        try:
            yield
        except RuntimeError as error:
            self.skip(peer, str(error))

    def alternate(self, peers: list[str]) -> Iterator[list[str]]:
        """The peers of each round, every round beginning with another."""
        for i in range(self.rounds):
            start = i % len(peers) if peers else 0
            yield peers[start:] + peers[:start]
