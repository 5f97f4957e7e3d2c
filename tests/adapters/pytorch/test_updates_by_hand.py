"""Updates and losses that a script writes out itself are read like those of the framework."""

import pytest
import torch

from tests.adapters.running import history_of
from unstuck.adapters.pytorch.watch import Watch
from unstuck.adapters.watched.conclusion import look
from unstuck.adapters.watched.events import LossTaken

SCRIPT = """\
import torch

torch.manual_seed(1)
x, y = torch.randn(60, 4), torch.randint(0, 3, (60,))
w = torch.randn(4, 3, requires_grad=True)
for i in range(20):
    p = torch.log_softmax(x @ w, dim=1)
    loss = -p[torch.arange(60), y].mean()
    loss.backward()
    with torch.no_grad():
        w -= 0.1 * w.grad
        w.grad.zero_()
"""


def seen_in(folder, text):
    return history_of(folder, text, Watch())


def found_in(folder, text):
    return [(one.code, one.place.line) for one in look(seen_in(folder, text)) if not one.asleep]


def test_what_is_right_by_hand_is_left_alone(tmp_path):
    assert found_in(tmp_path, SCRIPT) == []


@pytest.mark.parametrize(
    ("loss", "kind"),
    [
        ("-p[torch.arange(60), y].mean()", "nll_loss"),
        ("-torch.log(torch.softmax(x @ w, 1)[range(60), y]).sum()", "sparse_categorical_crossentropy"),
        ("-(torch.nn.functional.one_hot(y, 3) * p).sum(1).mean()", "nll_loss"),
        ("((p - torch.nn.functional.one_hot(y, 3)) ** 2).mean()", "mse_loss"),
        ("torch.square(p - torch.nn.functional.one_hot(y, 3)).sum() / 60", "mse_loss"),
        ("(p - torch.nn.functional.one_hot(y, 3)).abs().mean()", "l1_loss"),
        ("p.mean()", None),
    ],
)
def test_a_loss_written_out_is_known_by_its_kind(tmp_path, loss, kind):
    h = seen_in(tmp_path, SCRIPT.replace("-p[torch.arange(60), y].mean()", loss))
    assert [event.kind for event in h.learnt] == ([] if kind is None else [kind] * h.updates)
    assert all(event.place.line == 8 for event in h.all(LossTaken))


def test_the_value_of_a_loss_written_out_is_the_loss(tmp_path):
    torch.manual_seed(1)
    x, y, w = torch.randn(60, 4), torch.randint(0, 3, (60,)), torch.randn(4, 3)
    first = seen_in(tmp_path, SCRIPT).learnt[0].value
    assert first == pytest.approx(float(torch.nn.functional.cross_entropy(x @ w, y)), rel=1e-6)


def test_a_binary_cross_entropy_written_out_has_both_its_halves(tmp_path):
    torch.manual_seed(1)
    x, y, w = torch.randn(60, 4), torch.randint(0, 3, (60,)), torch.randn(4, 3)
    both = "t, q = torch.stack([y > 0, y > 1], 1).float(), torch.sigmoid(x @ w)[:, 1:]; "
    both += "loss = -(t * torch.log(q) + (1 - t) * torch.log(1 - q)).mean()"
    first = seen_in(tmp_path, SCRIPT.replace("loss = -p[torch.arange(60), y].mean()", both)).learnt[0]
    wanted = torch.stack([y > 0, y > 1], 1).float()
    assert first.kind == "binary_cross_entropy"
    exact = torch.nn.functional.binary_cross_entropy_with_logits((x @ w)[:, 1:], wanted)
    assert first.value == pytest.approx(float(exact), rel=1e-6)


@pytest.mark.parametrize(
    ("before", "after", "code", "line"),
    [
        ("w -= 0.1", "w += 0.1", "U01", 11),
        ("loss = -p", "loss = p", "U01", 9),
        ("        w.grad.zero_()\n", "", "U02", 9),
        ("        w -= 0.1 * w.grad", "        v = w - 0.1 * w.grad", "U05", 11),
        ("dim=1", "dim=0", "F02", 7),
    ],
)
def test_a_fault_by_hand_is_named_on_its_line(tmp_path, before, after, code, line):
    assert before in SCRIPT
    assert (code, line) in found_in(tmp_path, SCRIPT.replace(before, after))


def test_an_update_that_makes_a_new_tensor_is_one(tmp_path):
    text = SCRIPT.replace(
        "        w -= 0.1 * w.grad\n        w.grad.zero_()\n", "        w = (w - 0.1 * w.grad).requires_grad_()\n"
    )
    assert seen_in(tmp_path, text).updates == 19
    assert found_in(tmp_path, text) == []
    assert found_in(tmp_path, text.replace("(w - 0.1", "(w + 0.1")) == [("U01", 11)]


def test_an_optimiser_that_climbs_is_seen(tmp_path):
    text = SCRIPT.replace("    with torch.no_grad():\n        w -= 0.1 * w.grad\n        w.grad.zero_()\n",
                          "    optimizer.step()\n    optimizer.zero_grad()\n")  # fmt: skip
    text = text.replace("for i", "optimizer = torch.optim.SGD([w], lr=0.1)\nfor i")
    assert found_in(tmp_path, text) == []
    assert found_in(tmp_path, text.replace("lr=0.1", "lr=0.1, maximize=True")) == [("U01", 11)]
    assert found_in(tmp_path, text.replace("    optimizer.step()\n", "")) == [("U05", 10)]


def test_a_loss_of_the_framework_is_noted_once(tmp_path):
    text = SCRIPT.replace(
        "-p[torch.arange(60), y].mean()", "torch.nn.functional.nll_loss(p, y) + 0.01 * (w ** 2).sum()"
    )
    h = seen_in(tmp_path, text)
    assert len(h.all(LossTaken)) == 20


def test_derivatives_that_are_asked_for_are_updates_too(tmp_path):
    text = SCRIPT.replace("    loss.backward()\n", "    (g,) = torch.autograd.grad(loss, [w])\n")
    text = text.replace("w -= 0.1 * w.grad\n        w.grad.zero_()", "w -= 0.1 * g")
    h = seen_in(tmp_path, text)
    assert (h.updates, len(h.learnt)) == (20, 20)
    assert found_in(tmp_path, text) == []


def test_minus_the_loss_climbed_is_the_loss_descended(tmp_path):
    assert found_in(tmp_path, SCRIPT.replace("loss = -p", "loss = p").replace("w -= 0.1", "w += 0.1")) == []
