"""Several processes, on one machine or many, train one network: as torchrun starts them, joined by torch.distributed.

    torchrun --nproc-per-node 2 -m unstuck train

The engine is NumPy's in each; PyTorch adds up their gradients, one vector a step, over gloo.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from unstuck.errors import UnstuckError
from unstuck.nn.ranks import ALONE, Ranks

GIVEN_BY_TORCHRUN = {"RANK", "WORLD_SIZE", "LOCAL_WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"}
LOOPBACK = {"linux": "lo", "darwin": "lo0"}


class GlooRanks:
    """The processes of torch.distributed's group. Raises UnstuckError when one of them is gone."""

    def __init__(self, distributed: Any, from_numpy: Any) -> None:
        self.distributed, self.from_numpy = distributed, from_numpy
        self.rank, self.size = distributed.get_rank(), distributed.get_world_size()

    def add_up(self, vector: np.ndarray) -> None:
        """See `Ranks.add_up`; the vector is contiguous."""
        try:
            self.distributed.all_reduce(self.from_numpy(vector))
        except RuntimeError as error:
            raise UnstuckError(f"process {self.rank} of {self.size} lost the others: {error}") from error


@contextmanager
def ranks_of_torchrun() -> Iterator[Ranks]:
    """The processes that torchrun started, this one among them; alone where it was not started so.

    On one machine they talk over loopback, unless GLOO_SOCKET_IFNAME names another interface. Raises UnstuckError.
    """
    if not GIVEN_BY_TORCHRUN.issubset(os.environ):
        yield ALONE
        return
    try:
        import torch
        from torch import distributed
    except ImportError:
        raise UnstuckError("several processes train together by PyTorch: pip install 'unstuck[torch]'") from None
    if os.environ["LOCAL_WORLD_SIZE"] == os.environ["WORLD_SIZE"] and sys.platform in LOOPBACK:
        os.environ.setdefault("GLOO_SOCKET_IFNAME", LOOPBACK[sys.platform])
    try:
        distributed.init_process_group("gloo")
    except (RuntimeError, ValueError) as error:
        raise UnstuckError(f"process {os.environ['RANK']} cannot join the others: {error}") from error
    try:
        yield GlooRanks(distributed, torch.from_numpy)
    finally:
        distributed.destroy_process_group()


def is_restarted() -> bool:
    """Whether torchrun started this process again, after one of the group ended before its time."""
    return os.environ.get("TORCHELASTIC_RESTART_COUNT", "0") != "0"
