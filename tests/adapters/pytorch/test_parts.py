"""Parts of a model that are not learnt: frozen, left out of the graph, or held by no optimiser that is still right."""

import pytest

from tests.adapters.running import runner, written
from unstuck.adapters.pytorch.watch import Watch
from unstuck.adapters.watched.conclusion import look
from unstuck.adapters.watched.examine import run_under
from unstuck.adapters.watched.history import History

SCRIPT = """\
import torch
from torch import nn

torch.manual_seed(2)
x, y = torch.randn(90, 6), torch.randint(0, 3, (90,))

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(6, 8), nn.ReLU())
        self.head = nn.Linear(8, 3)

    def forward(self, x):
        x = self.body(x)
        return self.head(x)

model = Net()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
#
for i in range(6):
    for k in range(0, 90, 30):
        loss = nn.functional.cross_entropy(model(x[k:k + 30]), y[k:k + 30])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
guesses = model(x).argmax(1).tolist()
print(sum(a == b for a, b in zip(guesses, y.tolist())) / 90)
"""


def seen_in(folder, text):
    watch = Watch()
    run_under(runner(written(folder, text)), watch)
    return look(History(watch.events, watch.updates))


def test_a_model_that_is_learnt_in_all_its_parts_is_left_alone(tmp_path):
    assert seen_in(tmp_path, SCRIPT) == []


@pytest.mark.parametrize(
    ("before", "after", "code", "line", "certain"),
    [
        ("#\n", "for p in model.body.parameters():\n    p.requires_grad = False\n", "B13", 20, False),
        ("#\n", "model.requires_grad_(False)\n", "B13", 19, True),
        (
            "        x = self.body(x)\n",
            "        with torch.no_grad():\n            x = self.body(x)\n",
            "B13",
            15,
            False,
        ),
        ("#\n", "model.head = nn.Linear(8, 3)\n", "U11", 18, True),
        ("y[k:k + 30]", "y[torch.randperm(90)[:30]]", "D10", 22, True),
    ],
)
def test_what_is_wrong_is_named_on_its_line(tmp_path, before, after, code, line, certain):
    assert SCRIPT.count(before) == 1
    assert [(one.code, one.place.line, one.certain) for one in seen_in(tmp_path, SCRIPT.replace(before, after))] == [
        (code, line, certain)
    ]


def test_a_frozen_part_matters_only_where_far_more_is_learnt_without(tmp_path):
    text = SCRIPT.replace("#\n", "for p in model.body.parameters():\n    p.requires_grad = False\n")
    (seen,) = seen_in(tmp_path, text)
    assert seen.repair == ("thaw", True)
    assert seen.often_meant
