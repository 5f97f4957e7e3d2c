"""Models examined as objects, and left as they are."""

import numpy as np
import pytest
import torch
from torch import nn

import unstuck
from unstuck.errors import CaseError


@pytest.fixture
def clouds():
    """Three clouds of points, and which each belongs to."""
    rng = np.random.default_rng(1)
    labels = rng.integers(0, 3, 300)
    points = rng.normal(size=(300, 6)) + 2 * np.eye(3, 6)[labels]
    return torch.tensor(points, dtype=torch.float32), torch.tensor(labels)


def small():
    torch.manual_seed(2)
    return nn.Sequential(nn.Linear(6, 12), nn.Tanh(), nn.Linear(12, 3))


def test_a_right_model_is_healthy_and_unchanged(clouds):
    model = small()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    before = [p.detach().clone() for p in model.parameters()], torch.get_rng_state()
    report = unstuck.examine(model, loss=nn.CrossEntropyLoss(), optimizer=optimizer, x=clouds[0], y=clouds[1])
    assert report.verdict == "healthy"
    assert report.reading["framework"] == "pytorch"
    assert all(torch.equal(a, b) for a, b in zip(before[0], model.parameters()))
    assert torch.equal(before[1], torch.get_rng_state())
    assert not optimizer.state


def test_an_optimizer_of_another_model_is_named(clouds):
    optimizer = torch.optim.Adam(small().parameters(), lr=0.01)
    report = unstuck.examine(
        small(), loss=nn.CrossEntropyLoss(), optimizer=optimizer, x=clouds[0], y=clouds[1], cures=False
    )
    assert [(finding.rule.code, finding.grade) for finding in report.findings] == [("U11", "proved")]


@pytest.mark.parametrize(
    ("model", "arguments", "said"),
    [
        (object(), {}, "expected a torch.nn.Module or a keras.Model, found object"),
        (nn.Linear(6, 3), {}, "needs its loss and its optimiser"),
        (nn.Linear(6, 3), {"batch_size": 0}, "expected a positive number"),
    ],
)
def test_bad_input_gets_one_sentence(clouds, model, arguments, said):
    with pytest.raises(CaseError, match=said):
        unstuck.examine(model, x=clouds[0], y=clouds[1], **arguments)


def test_inputs_without_targets_are_refused(clouds):
    with pytest.raises(CaseError, match="found 300 and 299"):
        unstuck.examine(small(), loss=nn.CrossEntropyLoss(), x=clouds[0], y=clouds[1][1:])
