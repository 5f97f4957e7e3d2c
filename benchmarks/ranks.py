"""Which part of a step several processes spend adding up their gradients, by size of the network.

torchrun --nproc-per-node 2 -m benchmarks.ranks
"""

import time

import numpy as np

import unstuck
from unstuck.distributed import ranks_of_torchrun
from unstuck.nn.ranks import Ranks

PLAN = (
    ([30], 100, 200),
    ([256], 100, 200),
    ([256, 256], 100, 150),
    ([1024, 1024], 256, 40),
    ([2500, 2000, 1500], 512, 6),
)
ROUNDS = 3  # the fastest counts


class Timed:
    """Ranks that count the seconds of their sums."""

    def __init__(self, ranks: Ranks) -> None:
        self.ranks, self.rank, self.size, self.seconds = ranks, ranks.rank, ranks.size, 0.0

    def add_up(self, vector: np.ndarray) -> None:
        """See `Ranks.add_up`."""
        started = time.perf_counter()
        self.ranks.add_up(vector)
        self.seconds += time.perf_counter() - started


def measure(ranks: Ranks, hidden: list[int], batch_size: int, updates: int) -> tuple[float, float]:
    """Seconds of a step, and of the sum in it."""
    data, timed = unstuck.load_mnist(), Timed(ranks)
    network = unstuck.Network([784, *hidden, 10], seed=0)
    examples = data.images_train[: updates * batch_size], data.y_train[: updates * batch_size]
    optimizer = unstuck.SGD(learning_rate=0.05)
    history = unstuck.train(network, examples, 1, batch_size, optimizer, seed=1, ranks=timed)
    return history.seconds / history.updates, timed.seconds / history.updates


def main() -> None:
    with ranks_of_torchrun() as ranks:
        for hidden, batch_size, updates in PLAN:
            step, added = min(measure(ranks, hidden, batch_size, updates) for _ in range(ROUNDS))
            if ranks.rank == 0:
                sizes = "-".join(map(str, [784, *hidden, 10]))
                said = f"{ranks.size} ranks, {sizes}, batch {batch_size}"
                print(f"{said}: step {1e3 * step:.2f} ms, sum {1e3 * added:.2f} ms")


if __name__ == "__main__":
    main()
