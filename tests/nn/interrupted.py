"""A small training run that exercises all random parts, as a program: arguments checkpoint, result."""

import sys
from pathlib import Path

import numpy as np

from unstuck.nn.history import History
from unstuck.nn.network import Network
from unstuck.nn.optimizers import Adam
from unstuck.nn.training import train

EPOCHS = 60


def run(checkpoint: Path | None, resume: bool) -> tuple[Network, History]:
    generator = np.random.default_rng(0)
    x = generator.normal(size=(400, 12))
    y = (x[:, :3] + 0.5 * generator.normal(size=(400, 3))).argmax(axis=1)
    network = Network([12, 16, 3], dropout=0.3, l2=1e-4, max_norm=3, seed=4)
    history = train(
        network,
        (x, y),
        epochs=EPOCHS,
        batch_size=9,
        optimizer=Adam(0.003),
        schedule="one_cycle",
        validation=100,
        early_stopping=EPOCHS,
        checkpoint=checkpoint,
        checkpoint_every=5,
        resume=resume,
    )
    return network, history


def outcome(network: Network, history: History) -> bytes:
    """All bits of the parameters and of what was measured, times apart."""
    measured = {**history.to_dict(), "seconds": 0}
    return b"".join(p.tobytes() for p in network.parameters) + repr(measured).encode()


if __name__ == "__main__":
    print("ready", flush=True)
    Path(sys.argv[2]).write_bytes(outcome(*run(Path(sys.argv[1]), resume=True)))
