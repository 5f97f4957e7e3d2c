"""Further kinds of faults, and what looks like them: forms of losses, of inputs, and the size of gradients."""

import pytest

from tests.adapters.pytorch.test_kinds import LOOP, START, found_in

LINEAR = "model = nn.Linear(6, 3)"


def test_a_step_between_clearing_and_going_back(tmp_path):
    order = "    optimizer.zero_grad()\n    optimizer.step()\n    loss.backward()\n"
    text = (
        START + LINEAR + LOOP.replace("    optimizer.zero_grad()\n    loss.backward()\n    optimizer.step()\n", order)
    )
    assert found_in(tmp_path, text) == [("U05", 11)]


@pytest.mark.parametrize(("made", "found"), [("x / 300 - 1", [("D02", 11)]), ("x - 1", [])])
def test_inputs_that_hardly_differ(made, found, tmp_path):
    assert found_in(tmp_path, START + f"x = {made}\n" + LINEAR + LOOP) == found


@pytest.mark.parametrize(("within", "found"), [("x / 255", [("D02", 20)]), ("x / 2", []), ("x - x.mean(0)", [])])
def test_inputs_that_are_scaled_once_more_inside_of_the_model(within, found, tmp_path):
    model = f"""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.last = nn.Linear(6, 3)

    def forward(self, x):
        return self.last({within})

model = Net()
"""
    assert found_in(tmp_path, START + model + LOOP) == found


@pytest.mark.parametrize(("total", "found"), [("e.sum()", [("F01", 12)]), ("e.sum(1, keepdim=True)", [])])
def test_exponentials_over_one_sum_of_the_whole_batch(total, found, tmp_path):
    model = f"""
class Net(nn.Linear):
    def forward(self, x):
        e = torch.exp(super().forward(x))

        return e / {total}

model = Net(6, 3)
"""
    text = START + model + LOOP.replace("F.cross_entropy(model(x), y)", "F.nll_loss(model(x).log(), y)")
    assert found_in(tmp_path, text) == found


@pytest.mark.parametrize(
    ("loss", "found"),
    [
        ("-(t * torch.log(p + 1e-8)).mean()", [("L04", 12)]),
        ("-(t * torch.log(p + 1e-8) + (1 - t) * torch.log(1 - p + 1e-8)).mean()", []),
        ("-(t * torch.log_softmax(model(x), 1)).sum(1).mean()", []),  # a mask of what counts
    ],
)
def test_a_loss_of_one_class_alone(loss, found, tmp_path):
    text = START + "t = (y > 0).float()[:, None]\nmodel = nn.Linear(6, 1)" + LOOP
    text = text.replace(
        "    loss = F.cross_entropy(model(x), y)", f"    p = torch.sigmoid(model(x))\n    loss = {loss}"
    )
    assert [(code, line) for code, line in found_in(tmp_path, text) if code == "L04"] == found


def test_predictions_of_every_step_against_one_target(tmp_path):
    model = """
class Net(nn.RNN):
    def forward(self, x):
        return super().forward(x)[0]

x, y = torch.randn(120, 5, 6), torch.randn(120)
model = Net(6, 1, batch_first=True)
"""
    text = START + model + LOOP.replace("F.cross_entropy", "F.mse_loss")
    assert ("D09", 17) in found_in(tmp_path, text)


def test_labels_of_which_several_hold_share_no_softmax(tmp_path):
    text = (
        START + "y = (torch.rand(120, 3) > 0.4).float()\nmodel = nn.Sequential(nn.Linear(6, 3), nn.Softmax(1))" + LOOP
    )
    text = text.replace("F.cross_entropy", "F.binary_cross_entropy")
    assert found_in(tmp_path, text) == [("L02", 8)]
    one = text.replace("(torch.rand(120, 3) > 0.4).float()", "F.one_hot(y, 3).float()")
    assert found_in(tmp_path, one) == []
    assert found_in(tmp_path, text.replace("nn.Softmax(1)", "nn.Sigmoid()")) == []


@pytest.mark.parametrize(("between", "found"), [("nn.Sigmoid()", [("A06", 8)]), ("nn.ReLU()", [])])
def test_a_gradient_that_is_gone_before_it_reaches_the_first_layer(between, found, tmp_path):
    layers = "".join(f"    nn.Linear(6, 6),\n    {between},\n" for _ in range(9))
    text = START + f"model = nn.Sequential(\n{layers}    nn.Linear(6, 3),\n)" + LOOP
    assert [one for one in found_in(tmp_path, text) if one[0] == "A06"] == found
