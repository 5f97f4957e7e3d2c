"""Whether a script's own losses fall: early or late, up where they are climbed, and not by chance."""

import numpy as np
import pytest

from tests.adapters.scripts.watched import runner
from unstuck.adapters.scripts.faults.falling import falls, own_losses
from unstuck.adapters.scripts.proof.climbing import climbs
from unstuck.adapters.scripts.proof.proving import prove_recorded
from unstuck.adapters.scripts.study import study

NOISE = np.random.default_rng(0).normal(0, 0.3, 2000)
LIKELIHOOD = """
import numpy as np
rng = np.random.default_rng(0)
X = rng.normal(size=(100, 2))
kinds = (X @ np.array([1.0, -2.0]) > 0).astype(float)
w, b = np.zeros(2), 0.0
for epoch in range(100):
    for k in rng.permutation(100):
        p = 1 / (1 + np.exp(-(X[k] @ w + b)))
        written = {written}
        w = w {sign} 0.1 * (kinds[k] - p) * X[k]
        b = b {sign} 0.1 * (kinds[k] - p)
        print(written)
"""
LOG = "kinds[k] * np.log(p) + (1 - kinds[k]) * np.log(1 - p)"


@pytest.mark.parametrize(
    ("losses", "expected"),
    [
        (np.linspace(2, 1, 2000), True),
        (1 + np.exp(-np.arange(2000) / 20) + NOISE / 10, True),
        (1 + NOISE, False),
        (np.linspace(1, 2, 2000), False),
        (np.ones(5), None),
    ],
)
def test_losses_fall_early_or_late_and_not_by_chance(losses, expected):
    assert falls(list(losses)) is expected


@pytest.mark.parametrize(
    ("written", "sign", "learns"),
    [(LOG, "+", True), (f"-({LOG})", "+", True), (LOG, "-", False), (f"-({LOG})", "-", False)],
)
def test_a_log_likelihood_is_climbed_and_a_loss_is_not(written, sign, learns):
    run = runner(LIKELIHOOD.format(written=written, sign=sign))
    studied = study(run)
    proof = prove_recorded(studied.recording.tape, studied.chains, None).first
    assert climbs(proof) is ((sign == "+") is (written == LOG))
    assert falls(own_losses(run, studied.recording, studied.loop, proof)) is learns
