"""Parts of a model that are not learnt: frozen, left out of the graph, or held by no optimiser that is still right."""

import pytest

from tests.adapters.running import runner, written
from unstuck.adapters.pytorch.watch import PYTORCH, Watch
from unstuck.adapters.watched.conclusion import look
from unstuck.adapters.watched.examine import examine, run_under
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
            14,
            False,
        ),
        ("#\n", "model.head = nn.Linear(8, 3)\n", "U11", 18, True),
        ("return self.head(x)", "return torch.round(self.head(x))", "B13", 15, True),
        ("y[k:k + 30]", "y[torch.randperm(90)[:30]]", "D10", 22, True),
        ("#\n", "for p in model.parameters():\n    nn.init.constant_(p, 0.1)\n", "A01", 20, False),
        ("#\n", "for p in model.parameters():\n    p.data.fill_(0.1)\n", "A01", 20, False),
        (
            "        optimizer.zero_grad()\n        loss.backward()\n        optimizer.step()\n",
            """\
        def closure():
            loss = nn.functional.cross_entropy(model(x[k:k + 30]), y[k:k + 30])
            loss.backward()
            return loss
        optimizer.step(closure)
""",
            "U02",
            25,
            False,
        ),
    ],
)
def test_what_is_wrong_is_named_on_its_line(tmp_path, before, after, code, line, certain):
    assert SCRIPT.count(before) == 1
    assert [(one.code, one.place.line, one.certain) for one in seen_in(tmp_path, SCRIPT.replace(before, after))] == [
        (code, line, certain)
    ]


def test_what_one_step_evaluates_is_held_against_its_own_last_evaluation(tmp_path):
    text = """\
import torch
x = torch.linspace(-1, 1, 50)[:, None]
model = torch.nn.Linear(1, 1)
optimizer = torch.optim.LBFGS(model.parameters(), max_iter=10)
def closure():
    #
    loss = ((model(x) - 3 * x) ** 2).mean()
    loss.backward()
    return loss
optimizer.step(closure)
"""
    assert [(one.code, one.place.line) for one in seen_in(tmp_path, text)] == [("U02", 8)]
    assert seen_in(tmp_path, text.replace("#", "optimizer.zero_grad()")) == []


def test_an_output_layer_of_zeros_is_learnt_apart(tmp_path):
    text = SCRIPT.replace("#\n", "nn.init.zeros_(model.head.weight)\n")
    assert seen_in(tmp_path, text) == []


def test_copies_are_drawn_apart_to_see_whether_it_matters(tmp_path):
    watch = Watch(2, {"weights": True}, 0, True)
    text = SCRIPT.replace("#\n", "nn.init.ones_(model.body[0].weight)\n")
    run_under(runner(written(tmp_path, text)), watch)
    weights = [known.tensor for known in watch.parameters.living() if known.name == "body.0.weight"]
    assert all(len(weight.unique()) > 40 for weight in weights)


def test_a_loader_named_after_a_test_that_gives_what_is_learnt_from(tmp_path):
    text = """\
import torch
from torch.utils.data import DataLoader, TensorDataset
train_data = TensorDataset(torch.randn(60, 3), torch.randint(0, 2, (60,)))
other_data = TensorDataset(torch.randn(60, 3), torch.randint(0, 2, (60,)))
parts = {
    "learn": DataLoader(train_data, batch_size=20),
    "valid": DataLoader(train_data, batch_size=20),
}
model = torch.nn.Linear(3, 2)
optimizer = torch.optim.SGD(model.parameters(), 0.1)
for epoch in range(3):
    for phase in parts:
        for x, y in parts[phase]:
            with torch.set_grad_enabled(phase == "learn"):
                loss = torch.nn.functional.cross_entropy(model(x), y)
            if phase == "learn":
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
"""
    held_back = text.replace('"valid": DataLoader(train', '"valid": DataLoader(other')
    unnamed = text.replace('"valid"', '"again"')
    assert [(one.code, one.place.line) for one in seen_in(tmp_path, text)] == [("D06", 7)]
    assert seen_in(tmp_path, held_back) == seen_in(tmp_path, unnamed) == []


def test_a_model_that_goes_from_fold_to_fold_is_judged_on_what_it_has_learnt(tmp_path):
    text = """\
import torch
x, y = torch.randn(90, 3), torch.randint(0, 2, (90,))
def build():
    model = torch.nn.Linear(3, 2)
    return model, torch.optim.SGD(model.parameters(), 0.1)
model, optimizer = build()
for fold in range(3):
    #
    held_back = torch.arange(90) // 30 == fold
    for k in range(4):
        loss = torch.nn.functional.cross_entropy(model(x[~held_back]), y[~held_back])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        validation_answers = model(x[held_back]).argmax(1)
"""
    each_anew = text.replace("#", "model, optimizer = build()")
    assert [(one.code, one.place.line) for one in seen_in(tmp_path, text)] == [("D06", 16)]
    assert seen_in(tmp_path, each_anew) == []


GAN = """\
import torch
from torch import nn
real = torch.randn(60, 2) + 3
maker, judge = nn.Linear(4, 2), nn.Linear(2, 1)
for_maker = torch.optim.Adam(maker.parameters())
for_judge = torch.optim.Adam(judge.parameters())
loss = nn.BCEWithLogitsLoss()
for k in range(8):
    made = maker(torch.randn(60, 4))
    for_judge.zero_grad()
    (loss(judge(real), torch.ones(60, 1)) + loss(judge(made.detach()), torch.zeros(60, 1))).backward()
    for_judge.step()
    for_maker.zero_grad()
    loss(judge(made), torch.ones(60, 1)).backward()
    for_maker.step()
"""


def test_an_optimiser_that_no_derivative_reaches_steps_in_vain(tmp_path):
    cut = GAN.replace("maker(torch.randn(60, 4))", "maker(torch.randn(60, 4)).detach()")
    assert seen_in(tmp_path, GAN) == []
    assert [(one.code, one.place.line, one.certain) for one in seen_in(tmp_path, cut)] == [("B13", 9, True)]


def test_a_state_that_a_model_of_one_step_is_never_given_anew(tmp_path):
    text = """\
import torch
from torch import nn
class Cell(nn.Module):
    def __init__(self):
        super().__init__()
        self.step, self.out = nn.Linear(7, 4), nn.Linear(4, 2)
    def forward(self, x, state):
        state = torch.tanh(self.step(torch.cat([x, state], 1)))
        return self.out(state), state
cell = Cell()
optimizer = torch.optim.SGD(cell.parameters(), 0.1)
words = torch.randn(30, 5, 1, 3)
state = torch.zeros(1, 4)
for word in words:
    #
    for letter in word:
        scores, state = cell(letter, state)
    loss = nn.functional.cross_entropy(scores, (word.sum() > 0).long()[None])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
"""
    assert [(one.code, one.place.line, one.certain) for one in seen_in(tmp_path, text)] == [("F14", 17, True)]
    assert seen_in(tmp_path, text.replace("#", "state = torch.zeros(1, 4)")) == []
    assert seen_in(tmp_path, text.replace("#", "state = state.detach()")) == []


def test_a_model_that_is_frozen_as_a_whole_after_its_first_training(tmp_path):
    again = SCRIPT[SCRIPT.index("for i in range(6)") :]
    later = SCRIPT + "for p in model.parameters():\n    p.requires_grad = False\n" + again
    assert [(one.code, one.place.line, one.certain) for one in seen_in(tmp_path, later)] == [("B13", 29, True)]


def test_right_answers_of_a_pass_that_was_ended_early_are_not_held_against_its_whole(tmp_path):
    text = """\
import torch
from torch.utils.data import DataLoader, TensorDataset
x = torch.randn(400, 3)
loader = DataLoader(TensorDataset(x, (x[:, 0] > 0).long()), batch_size=40)
model = torch.nn.Linear(3, 2)
optimizer = torch.optim.Adam(model.parameters(), 0.1)
def learn():
    hits = 0
    for inputs, labels in loader:
        answers = model(inputs)
        loss = torch.nn.functional.cross_entropy(answers, labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        hits += (answers.argmax(1) == labels).sum().item()
    return hits / len(loader.dataset)
learn()
learn()
print(learn())
"""
    watch = Watch(20)
    run_under(runner(written(tmp_path, text)), watch)
    assert watch.updates == 21
    assert look(History(watch.events, watch.updates)) == []


def test_a_last_test_that_records_a_graph_is_no_training(tmp_path):
    tested = (
        SCRIPT
        + """\
x_test, y_test = torch.randn(60, 6), torch.randint(0, 3, (60,))
with torch.no_grad():
    test_loss = nn.functional.cross_entropy(model(x_test), y_test)
print((model(x_test).argmax(1) == y_test).float().mean())
"""
    )
    assert seen_in(tmp_path, tested) == []


def test_statistics_that_are_brought_up_to_date_are_no_evaluation(tmp_path):
    text = SCRIPT.replace("nn.ReLU())", "nn.BatchNorm1d(8), nn.ReLU())")
    text = text[: text.index("guesses")] + "with torch.no_grad():\n    #"
    assert seen_in(tmp_path, text.replace("    #", "    model(2 * x)\n")) == []
    judged = text.replace("    #", "    print((model(2 * x).argmax(1) == y).sum())\n")
    assert [one.code for one in seen_in(tmp_path, judged)] == ["E03"]


def test_several_answers_to_one_example_are_no_wrong_count(tmp_path):
    text = SCRIPT[: SCRIPT.index("guesses")]
    text += (
        "with torch.no_grad():\n    best = model(x).topk(2, 1).indices\n    print((best == y[:, None]).any(1).sum())\n"
    )
    assert seen_in(tmp_path, text) == []


def test_a_second_fault_is_named_where_the_first_lets_nothing_be_learnt(tmp_path):
    text = SCRIPT.replace("return self.head(x)", "return torch.softmax(self.head(x), dim=1)")
    text = text.replace("optimizer.zero_grad()", "loss = torch.tensor(loss.item(), requires_grad=True)")
    report = examine(PYTORCH, runner(written(tmp_path, text)), "two", cures=False)
    assert [finding.rule.code for finding in report.findings] == ["L01", "B13"]


def test_a_product_with_neighbours_is_no_layer(tmp_path):
    text = SCRIPT.replace("return self.head(x)", "return torch.eye(len(x)) @ self.head(x)")
    assert seen_in(tmp_path, text) == []


def test_a_softmax_over_the_examples_is_named_where_it_mixes_them(tmp_path):
    text = """\
import torch
from torch import nn
x, y = torch.randn(60, 7, 5), torch.randint(0, 2, (60,))
class Attends(nn.Module):
    def __init__(self):
        super().__init__()
        self.out = nn.Linear(5, 2)
    def forward(self, x):
        weights = torch.softmax(x @ x.transpose(1, 2), dim=-1)
        return self.out((weights @ x).mean(1))
model = Attends()
optimizer = torch.optim.Adam(model.parameters())
for k in range(6):
    loss = nn.functional.cross_entropy(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
"""
    assert seen_in(tmp_path, text) == []
    assert [(one.code, one.place.line) for one in seen_in(tmp_path, text.replace("dim=-1", "dim=0"))] == [("F02", 9)]


def test_a_frozen_part_matters_only_where_far_more_is_learnt_without(tmp_path):
    text = SCRIPT.replace("#\n", "for p in model.body.parameters():\n    p.requires_grad = False\n")
    (seen,) = seen_in(tmp_path, text)
    assert seen.repair == ("thaw", True)
    assert seen.often_meant
