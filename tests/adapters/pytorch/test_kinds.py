"""Kinds of faults that a script shows only where it is looked at closely, and what looks like them."""

import pytest

from tests.adapters.running import history_of, runner, written
from unstuck.adapters.pytorch.watch import PYTORCH, Watch
from unstuck.adapters.watched.conclusion import look
from unstuck.adapters.watched.examine import examine, run_under
from unstuck.adapters.watched.history import History

START = """\
import torch
from torch import nn
import torch.nn.functional as F

torch.manual_seed(0)
x, y = torch.randn(120, 6), torch.randint(0, 3, (120,))
"""
LOOP = """
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for i in range(6):
    loss = F.cross_entropy(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
"""
DROPPING = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.last = nn.Linear(6, 30), nn.Linear(30, 3)

    def forward(self, x):
        x = F.dropout(F.relu(self.first(x)), 0.5)
        return self.last(x)

model = Net()
"""
JUDGED = """
model.eval()
with torch.no_grad():
    print((model(x).argmax(1) == y).sum())
"""
SEVERAL = """
model.eval()
with torch.no_grad():
    print(torch.stack([model(x) for _ in range(10)]).mean(0))
"""


def found_in(folder, text):
    return [(one.code, one.place.line) for one in look(history_of(folder, text, Watch())) if not one.asleep]


@pytest.mark.parametrize(
    ("dropping", "judged", "found"),
    [
        ("0.5)", JUDGED, [("E03", 14)]),
        ("0.5, self.training)", JUDGED, []),
        ("0.5)", SEVERAL, []),  # the mean of random answers is meant
    ],
)
def test_a_dropout_that_goes_on_in_evaluation_mode(dropping, judged, found, tmp_path):
    assert found_in(tmp_path, START + DROPPING.replace("0.5)", dropping) + LOOP + judged) == found


HIDDEN = """
model = nn.Sequential(
    nn.Linear(6, 12),
    nn.Softmax(dim=1),
    nn.Linear(12, 3),
)
"""
GATED = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.gate, self.value, self.last = nn.Linear(6, 8), nn.Linear(6, 8), nn.Linear(8, 3)

    def forward(self, x):
        return self.last(torch.softmax(self.gate(x), dim=1) * self.value(x))

model = Net()
"""


@pytest.mark.parametrize(("model", "found"), [(HIDDEN, [("F08", 10)]), (GATED, [])])
def test_a_softmax_between_two_layers(model, found, tmp_path):
    assert found_in(tmp_path, START + model + LOOP) == found


def test_a_hidden_softmax_is_left_out_to_see_whether_it_matters(tmp_path):
    data = "x, y = torch.randn(400, 2), torch.zeros(400).long()\ny = ((x ** 2).sum(1) > 1.4).long()\n"
    text = START.replace("x, y = torch.randn(120, 6), torch.randint(0, 3, (120,))\n", data)
    text += HIDDEN.replace("6, 12", "2, 30").replace("12, 3", "30, 2") + LOOP.replace("lr=0.1", "lr=0.5").replace(
        "range(6)", "range(400)"
    )
    report = examine(PYTORCH, runner(written(tmp_path, text)), "script", cures=False)
    assert [finding.rule.code for finding in report.findings] == ["F08"]


def test_plain_tensors_of_a_module_are_told_from_parameters(tmp_path):
    model = """
class Own(nn.Module):
    def __init__(self):
        super().__init__()
        self.w = torch.randn(6, 6, requires_grad=True)

    def forward(self, x):
        return x @ self.w

model = nn.Sequential(Own(), nn.ReLU(), nn.Linear(6, 3))
"""
    assert found_in(tmp_path, START + model + LOOP) == [("U11", 11)]
    assert found_in(tmp_path, START + model.replace(", requires_grad=True", "") + LOOP) == [
        ("U11", 11)
    ]  # learns little
    buffer = model.replace("self.w = torch.randn(6, 6, requires_grad=True)", "self.register_buffer('w', torch.eye(6))")
    assert found_in(tmp_path, START + buffer + LOOP) == []


def test_an_optimiser_of_the_other_model_is_named_where_it_is_made(tmp_path):
    text = """
maker, judge = nn.Linear(6, 3), nn.Linear(3, 1)
first = torch.optim.SGD(maker.parameters(), lr=0.1)
second = torch.optim.SGD(maker.parameters(), lr=0.1)
for i in range(6):
    made = maker(x)
    loss = F.binary_cross_entropy_with_logits(judge(made.detach()), torch.zeros(120, 1))
    second.zero_grad()
    loss.backward()
    second.step()
    loss = F.binary_cross_entropy_with_logits(judge(made), torch.ones(120, 1))
    first.zero_grad()
    loss.backward()
    first.step()
"""
    assert found_in(tmp_path, START + text) == [("U11", 10)]


def test_a_plateau_that_is_taken_the_wrong_way_round_is_seen(tmp_path):
    plateau = "plan = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, mode='max', patience=0)\n"
    text = START + HIDDEN.replace("Softmax(dim=1)", "ReLU()") + LOOP.replace("for i", plateau + "for i")
    text += "    plan.step(loss.item())\n"
    assert found_in(tmp_path, text) == [("U08", 21)]
    assert found_in(tmp_path, text.replace("'max'", "'min'")) == []


def test_what_follows_a_step_that_raises_is_seen(tmp_path):
    step = "    try:\n        optimizer.step(1, 2, 3)\n    except TypeError:\n        pass\n"
    text = START + "model = nn.Linear(6, 3)" + LOOP.replace("    optimizer.step()\n", step)
    assert len(history_of(tmp_path, text, Watch()).learnt) == 6


KEPT = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.cell, self.last = nn.GRUCell(6, 8), nn.Linear(8, 3)
        self.state = torch.zeros(120, 8)

    def forward(self, x):
        self.state = self.cell(x, self.state)
        return self.last(self.state)

model = Net()
"""


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        ("", "", [("F14", 23)]),
        ("self.cell(x, self.state)", "self.cell(x, self.state.detach())", []),
        ("model(x)", "model.last(made)", []),  # computed once and differentiated again and again: no state
    ],
)
def test_a_state_that_a_model_keeps_by_itself(before, after, found, tmp_path):
    text = START + KEPT + "made = model(x)\n" + LOOP
    watch = Watch()
    run_under(runner(written(tmp_path, text.replace(before, after) if before else text)), watch)
    seen = look(History(watch.events, watch.updates))
    assert [(one.code, one.place.line) for one in seen if one.code == "F14"] == found


SCALED = """
model = nn.Linear(6, 3)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
scaler = torch.amp.GradScaler("cpu")
for i in range(6):
    loss = F.cross_entropy(model(x), y)
    optimizer.zero_grad()
    scaler.scale(loss).backward()
    scaler.step(optimizer)
    scaler.update()
"""


def test_gradients_of_a_scaled_loss_are_used_as_they_are(tmp_path):
    assert found_in(tmp_path, START + SCALED) == []
    text = START + SCALED.replace("scaler.step(optimizer)", "optimizer.step()").replace("    scaler.update()\n", "")
    assert found_in(tmp_path, text) == [("B17", 15)]


LANGUAGE = """
text = torch.randint(0, 7, (400,))
starts = torch.arange(0, 320, 20)
x = torch.stack([text[s:s + 12] for s in starts])
y = torch.stack([text[s + 1:s + 13] for s in starts])

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.entry, self.body, self.last = nn.Embedding(7, 8), nn.GRU(8, 16, batch_first=True), nn.Linear(16, 7)

    def forward(self, x, state=None):
        made, state = self.body(self.entry(x), state)
        return self.last(made), state

model = Net()
"""
READ = "    loss = F.cross_entropy(model(x)[0].reshape(-1, 7), y.reshape(-1))\n"


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        ("", "", []),
        ("s + 1:s + 13", "s:s + 12", [("F16", 26)]),
        ("s + 1:s + 13]", "s:s + 12].flip(0)", []),
        ("y.reshape(-1)", "y.t().reshape(-1)", [("D10", 26)]),
        ("model(x)[0].reshape(-1, 7), y.reshape(-1)", "model(x)[0].transpose(1, 2), y", []),
    ],
)
def test_targets_of_sequences_are_what_follows_in_the_same_order(before, after, found, tmp_path):
    text = START + LANGUAGE + LOOP.replace("    loss = F.cross_entropy(model(x), y)\n", READ)
    assert found_in(tmp_path, text.replace(before, after) if before else text) == found


def test_a_model_that_looks_ahead_may_be_taught_its_inputs(tmp_path):
    text = START + LANGUAGE + LOOP.replace("    loss = F.cross_entropy(model(x), y)\n", READ)
    text = text.replace("s + 1:s + 13", "s:s + 12").replace("batch_first=True", "batch_first=True, bidirectional=True")
    assert found_in(tmp_path, text.replace("nn.Linear(16, 7)", "nn.Linear(32, 7)")) == []


@pytest.mark.parametrize(
    "loss", ["nn.BCELoss()(torch.sigmoid(model(x)), y.float())", "F.cross_entropy(model(x), y.float())"]
)
def test_what_a_loss_refuses_is_named(loss, tmp_path):
    text = START + "model = nn.Linear(6, 1)\n" + LOOP.replace("F.cross_entropy(model(x), y)", loss)
    watch = Watch()
    run_under(runner(written(tmp_path, text)), watch)
    seen = [(one.code, one.place.line) for one in look(History(watch.events, watch.updates))]
    assert ("D09", 11) in seen


@pytest.mark.parametrize(
    ("divided", "found"),
    [
        ("correct /= len(loader)", [("E01", 20)]),
        ("correct /= len(y)", []),
        ("seen = torch.tensor([2.0, 4.0])\nkept = seen\nseen /= 2\nassert kept.tolist() == [1, 2]", []),  # in place
    ],
)
def test_a_count_that_is_divided_in_place(divided, found, tmp_path):
    judging = f"""
loader = [(x[:60], y[:60]), (x[60:], y[60:])]
correct = 0
with torch.no_grad():
    for inputs, labels in loader:
        correct += (model(inputs).argmax(1) == labels).sum().item()
{divided}
"""
    assert found_in(tmp_path, START + "model = nn.Linear(6, 3)" + LOOP + judging) == found


def test_labels_that_are_split_apart_are_told_over_many_small_batches(tmp_path):
    text = START.replace(
        "x, y = torch.randn(120, 6), torch.randint(0, 3, (120,))\n",
        """\
from sklearn.model_selection import train_test_split
y = torch.arange(200) % 2
x = torch.randn(200, 6) + 2 * y[:, None]
x, _ = train_test_split(x, random_state=1)
y, _ = train_test_split(y, random_state=2)
""",
    )
    text += "model = nn.Linear(6, 3)" + LOOP.replace("range(6)", "range(0, 150, 5)").replace(
        "model(x), y", "model(x[i:i + 5]), y[i:i + 5]"
    )
    assert found_in(tmp_path, text) == [("D10", 10)]
    assert found_in(tmp_path, text.replace("random_state=2", "random_state=1")) == []
