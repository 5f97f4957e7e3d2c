"""Healthy models drawn at random are left alone: none of them is called faulty."""

import pytest

pytest.importorskip("torch")

from tests.adapters.drawn.keras import keras_script
from tests.adapters.drawn.pytorch import pytorch_script
from tests.adapters.running import runner, written
from unstuck.adapters.pytorch.watch import PYTORCH
from unstuck.adapters.watched.examine import examine

FEW, PYTORCH_DRAWN, KERAS_DRAWN = 3, 40, 20


def verdict_on(folder, framework, text):
    report = examine(framework, runner(written(folder, text)), "drawn", cures=False)
    return report.verdict, [(finding.rule.code, finding.summary) for finding in report.findings]


@pytest.mark.parametrize(
    "seed", [pytest.param(seed, marks=[] if seed < FEW else pytest.mark.slow) for seed in range(PYTORCH_DRAWN)]
)
def test_a_healthy_pytorch_model_is_called_healthy(seed, tmp_path):
    assert verdict_on(tmp_path, PYTORCH, pytorch_script(seed)) == ("healthy", [])


@pytest.mark.parametrize(
    "seed", [pytest.param(seed, marks=[] if seed < FEW - 1 else pytest.mark.slow) for seed in range(KERAS_DRAWN)]
)
def test_a_healthy_keras_model_is_called_healthy(seed, tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    pytest.importorskip("keras")
    from unstuck.adapters.keras.watch import KERAS

    assert verdict_on(tmp_path, KERAS, keras_script(seed)) == ("healthy", [])
