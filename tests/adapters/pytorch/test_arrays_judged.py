"""Answers judged as NumPy arrays are counted anew like those that are judged as tensors."""

import pytest

from tests.adapters.running import history_of
from unstuck.adapters.pytorch.watch import Watch
from unstuck.adapters.watched.conclusion import look

SCRIPT = """\
import numpy as np
import torch
from torch import nn

torch.manual_seed(2)
x, y = torch.randn(60, 6), torch.randint(0, OUT, (60,))
model = nn.Linear(6, OUT)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for i in range(6):
    loss = nn.functional.cross_entropy(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
outputs = model(x).detach().numpy()
labels = y.numpy()
"""


def found_in(folder, judged, n_classes):
    h = history_of(folder, SCRIPT.replace("OUT", str(n_classes)) + judged, Watch())
    return [(one.code, one.place.line) for one in look(h)]


@pytest.mark.parametrize(
    ("judged", "n_classes", "found"),
    [
        ("np.mean(np.argmax(outputs, axis=1) == labels)", 3, []),
        ("np.mean(outputs.argmax(-1) == labels)", 3, []),
        ("np.mean(np.argmax(outputs, axis=0) == labels[:60])", 60, [("E01", 16)]),
        ("np.mean(outputs.argmax(1)[:, None] == labels)", 3, [("E01", 16)]),
        ("np.mean(outputs.argmax(1)[:, None] == labels[:, None])", 3, []),
        ("np.mean(labels[:, None] == labels)", 3, []),
    ],
)
def test_answers_are_counted_anew(judged, n_classes, found, tmp_path):
    assert found_in(tmp_path, judged, n_classes) == found
