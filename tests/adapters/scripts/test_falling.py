"""Whether a script's own losses fall: early or late, up where they are climbed, and not by chance."""

import numpy as np
import pytest

from tests.adapters.scripts.watched import runner
from unstuck.adapters.scripts.examine import study
from unstuck.adapters.scripts.falling import climbs, falls, own_losses
from unstuck.adapters.scripts.proving import prove_recorded

NOISE = np.random.default_rng(0).normal(0, 0.3, 2000)
MARGIN = """
import numpy as np
rng = np.random.default_rng(0)
X = rng.normal(size=(100, 2))
kinds = np.sign(X @ np.array([1.0, -2.0]))
w, b = np.zeros(2), 0.0
for epoch in range(100):
    for k in rng.permutation(100):
        margin = kinds[k] * (w @ X[k] + b)
        if margin < 1:
            w = w {sign} 0.1 * (kinds[k] * X[k] - 0.01 * w)
            b = b {sign} 0.1 * kinds[k]
"""


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


@pytest.mark.parametrize(("sign", "up"), [("+", True), ("-", False)])
def test_what_an_update_climbs_is_seen_with_the_other_sign(sign, up):
    run = runner(MARGIN.format(sign=sign))
    studied = study(run)
    proof = prove_recorded(studied.recording.tape, studied.chains, None).first
    assert climbs(proof) is up
    losses = own_losses(run, studied.recording, studied.loop, proof)
    assert falls(losses) is True
