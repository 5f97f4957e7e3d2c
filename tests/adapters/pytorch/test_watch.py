"""A watched script computes what it computes unwatched, and what it does is seen with its line."""

import re

import numpy as np
import pytest
import torch

from tests.adapters.running import history_of, runner, written
from unstuck.adapters.pytorch.watch import Watch
from unstuck.adapters.watched.events import (
    Compared,
    Cut,
    LossTaken,
    ModelCalled,
    OptimizerMade,
    Reshaped,
    Stepped,
    WentBackward,
)
from unstuck.adapters.watched.examine import run_under

SCRIPT = """\
import numpy as np
import torch
from torch import nn

torch.manual_seed(3)
x, y = torch.randn(60, 5), torch.randint(0, 3, (60,))
model = nn.Sequential(nn.Linear(5, 8), nn.ReLU(), nn.Dropout(0.3), nn.Linear(8, 3))
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for i in range(12):
    loss = nn.functional.cross_entropy(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(repr(loss.item()))
model.eval()
with torch.no_grad():
    print((model(x).argmax(1) == y).sum().item(), torch.rand(1).item(), np.random.rand())
"""


def events_of(folder, text, kind, **options):
    return history_of(folder, text, Watch(**options)).all(kind)


def test_losses_and_random_state_are_the_same_to_the_bit(tmp_path, capsys):
    torch.manual_seed(0)
    np.random.seed(0)  # noqa: NPY002 - what scripts use
    exec(compile(SCRIPT, "plain", "exec"), {"__name__": "__main__"})
    plain, printed = capsys.readouterr().out, []
    run_under(runner(written(tmp_path, SCRIPT), printed), Watch())
    assert printed == [plain]


@pytest.mark.parametrize(
    ("shape", "noted"), [("6, 5, 8", False), ("6, 8, 5", True), ("1, 6, 8, 5", True), ("6, 1, 5, 8", False)]
)
def test_axes_of_one_number_go_anywhere(shape, noted, tmp_path):
    text = f"import torch\nx = torch.zeros(6, 5, 8{', 1' if shape.count(',') > 2 else ''})\nx.view({shape})\n"
    assert bool(events_of(tmp_path, text, Reshaped)) == noted


@pytest.mark.parametrize(
    ("shape", "noted"), [("5, -1", True), ("6, 8, -1", True), ("6, -1", False), ("30, 8", False), ("-1", False)]
)
def test_axes_that_are_put_together_are_neighbours(shape, noted, tmp_path):
    text = f"import torch\nx = torch.zeros(6, 5, 8)\nx.reshape({shape})\n"
    assert bool(events_of(tmp_path, text, Reshaped)) == noted


BEFORE = """\
import torch
from torch import nn
torch.manual_seed(0)
x, y = torch.randn(40, 6), torch.randint(0, 3, (40,))
def learn(model, optimizer):
    for k in range(5):
        loss = nn.functional.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        print(repr(loss.item()))
"""


@pytest.mark.parametrize(
    "text",
    [
        "print(nn.Embedding(30, 4, padding_idx=0).weight[0].tolist())",
        """
model = nn.Sequential(nn.LazyLinear(8), nn.ReLU(), nn.LazyLinear(3))
learn(model, torch.optim.SGD(model.parameters(), 0.1))
""",
        """
model, seen = nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 3)), []
model[1].register_forward_hook(lambda layer, given, made: seen.append(made.mean().item()))
learn(model, torch.optim.SGD(model.parameters(), 0.1))
print(len(seen))
""",
        """
from torch.func import functional_call, grad, vmap
model = nn.Linear(6, 3)
weights = {name: one.detach() for name, one in model.named_parameters()}
def of_one(weights, example, label):
    scores = functional_call(model, weights, (example[None],))
    return nn.functional.cross_entropy(scores, label[None])
for k in range(3):
    each = vmap(grad(of_one), in_dims=(None, 0, 0))(weights, x, y)
    weights = {name: one - each[name].mean(0) for name, one in weights.items()}
    print(weights["bias"].tolist())
""",
    ],
)
def test_what_is_rare_is_computed_as_it_is_unwatched(text, tmp_path, capsys):
    text, printed = BEFORE + text, []
    exec(compile(text, "plain", "exec"), {"__name__": "__main__"})
    outcome = run_under(runner(written(tmp_path, text), printed), Watch())
    assert outcome.error is None
    assert printed == [capsys.readouterr().out]


def test_everything_is_put_back(tmp_path):
    seams = [
        torch.nn.Module.__call__,
        torch.nn.Module.__init__,
        torch.optim.Optimizer.zero_grad,
        torch.autograd.backward,
        torch.utils.data.DataLoader.__init__,
    ]
    run_under(runner(written(tmp_path, SCRIPT)), Watch())
    assert seams == [
        torch.nn.Module.__call__,
        torch.nn.Module.__init__,
        torch.optim.Optimizer.zero_grad,
        torch.autograd.backward,
        torch.utils.data.DataLoader.__init__,
    ]


@pytest.mark.parametrize(
    ("kind", "line"), [(OptimizerMade, 8), (ModelCalled, 10), (LossTaken, 10), (WentBackward, 12), (Stepped, 13)]
)
def test_events_know_their_lines(tmp_path, kind, line):
    assert events_of(tmp_path, SCRIPT, kind)[0].place.line == line


def test_the_layer_that_a_prediction_comes_from_is_known_with_its_line(tmp_path):
    taken = events_of(tmp_path, SCRIPT, LossTaken)[0]
    assert taken.last[:1] == ("linear",)
    assert taken.last_place.line == 7


def test_answers_are_counted(tmp_path):
    compared = events_of(tmp_path, SCRIPT, Compared)
    assert len(compared) == 1
    assert (compared[0].right, compared[0].total) == (compared[0].expected, 60)


def test_gradients_of_a_right_loop_are_fresh(tmp_path):
    steps = events_of(tmp_path, SCRIPT, Stepped)
    for step in steps:
        for one in step.parameters:
            assert one.kept == 0
            assert one.used == pytest.approx(one.fresh, rel=1e-12)


def test_a_kept_gradient_is_a_multiple_of_the_last_one(tmp_path):
    text = SCRIPT.replace("    optimizer.zero_grad()\n", "")
    second = events_of(tmp_path, text, Stepped)[1]
    assert all(one.factor == pytest.approx(1, rel=1e-9) for one in second.parameters if one.factor is not None)
    assert any(one.kept > 0 for one in second.parameters)


def test_a_scaled_gradient_has_its_factor(tmp_path):
    clear = "    [p.grad.mul_(0.25) for p in model.parameters() if p.grad is not None]\n"
    second = events_of(tmp_path, SCRIPT.replace("    optimizer.zero_grad()\n", clear), Stepped)[1]
    factors = [one.factor for one in second.parameters if one.factor is not None]
    assert factors
    assert factors == pytest.approx([0.25] * len(factors), rel=1e-6)


def test_a_tensor_taken_out_of_the_graph_is_seen(tmp_path):
    cuts = events_of(tmp_path, SCRIPT.replace("model(x), y)", "model(x), y); h = loss.detach()"), Cut)
    assert ("detach()", 10) in {(cut.by, cut.place.line) for cut in cuts}


def test_loops_are_ended_once_enough_was_seen_and_the_evaluation_is_reached(tmp_path):
    text = SCRIPT.replace("range(12)", "range(100_000)")
    watch, printed = Watch(enough=40), []
    run_under(runner(written(tmp_path, text), printed), watch)
    assert watch.updates == 20
    assert re.fullmatch(r"\d+ \S+ \S+", printed[0].splitlines()[-1])


def test_an_experiment_stops_after_its_updates(tmp_path):
    watch = Watch(enough=5, exact=True)
    assert run_under(runner(written(tmp_path, SCRIPT)), watch).stopped
    assert watch.updates == 5


def test_updates_by_hand_are_counted(tmp_path):
    text = """\
import torch
x, y = torch.ones(4, 2), torch.ones(4, 1)
w = torch.zeros(2, 1, requires_grad=True)
for _ in range(6):
    torch.nn.functional.mse_loss(x @ w, y).backward()
    w.data -= 0.1 * w.grad
    w.grad = None
"""
    steps = events_of(tmp_path, text, Stepped)
    assert [step.place.line for step in steps] == [6] * len(steps)
    assert steps[0].optimizer is None
    assert all(one.kept == 0 for step in steps for one in step.parameters)


def test_modules_beside_the_script_are_watched(tmp_path):
    (tmp_path / "helper_of_a_test.py").write_text("def halve(right, n):\n    return right / n\n", encoding="utf-8")
    watch = Watch()
    text = SCRIPT.replace("import numpy as np", "import numpy as np\nfrom helper_of_a_test import halve\nhalve(4, 2)")
    assert run_under(runner(written(tmp_path, text)), watch).error is None
    assert watch.updates == 12
