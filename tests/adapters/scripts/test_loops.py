"""What a recording knows of the loops of a script."""

import numpy as np
import pytest

from tests.adapters.scripts.watched import runner
from unstuck.adapters.scripts.recording.recorder import Recorder
from unstuck.adapters.scripts.recording.recording import Settings
from unstuck.adapters.scripts.study import study

FOR = "for k in range(50):"
WHILE = "k = 0\nwhile k < 50:\n    k += 1"
BODY = "\n    w = w - 0.1 * (w - 1)\n"


def recorded(text, limits):
    recorder = Recorder(lambda _: 0, Settings(seconds=60.0))
    recorder.loops.limits.update(limits)
    runner(text)(recorder)
    return recorder.recording


@pytest.mark.parametrize("head", [FOR, WHILE], ids=["for", "while"])
def test_a_loop_ends_after_the_turns_that_it_is_given(head):
    text = "import numpy as np\nw = np.zeros(2)\n" + head + BODY
    whole = recorded(text, {})
    (place,) = {turn.place for turn in whole.all_turns()}
    cut = recorded(text, {place: 3})
    assert len(whole.all_turns()) == 50
    assert len(cut.all_turns()) == 3
    assert [one.site.line for one in cut.cut] == [whole.places[place].site.line]


GENERATED = """\
import numpy as np
rng = np.random.RandomState(0)
X = rng.randn(40, 3)
T = X @ rng.randn(3, 1)
def batches():
    {head}
        for start in range(0, 40, 10):
            yield X[start:start + 10], T[start:start + 10]
layers = [{{"w": rng.randn(3, 4)}}, {{"w": rng.randn(4, 1)}}]
for layer in layers:
    layer["v"] = np.zeros_like(layer["w"])
for x, t in batches():
    h = np.tanh(x @ layers[0]["w"])
    error = (h @ layers[1]["w"] - t) / 10
    gradients = [x.T @ (error @ layers[1]["w"].T * (1 - h ** 2)), h.T @ error]
    for layer, gradient in zip(reversed(layers), reversed(gradients)):
        layer["v"] = 0.9 * layer["v"] - 0.1 * gradient
        layer["w"] += layer["v"]
"""


@pytest.mark.parametrize(("head", "updates"), [("if True:", 4), ("while True:", None)])
def test_a_loop_over_a_generator_is_as_long_as_its_loop_but_for_one_that_begins_again(head, updates):
    case = study(runner(GENERATED.format(head=head))).case
    assert case.updates == updates


def test_a_parameter_is_not_followed_through_the_variable_of_a_loop():
    case = study(runner(GENERATED.format(head="while True:"))).case
    shapes = [np.shape(array) for array in case.parameters()]
    case.step(case.x[:10], case.targets[:10])
    assert [np.shape(array) for array in case.parameters()] == shapes == [(3, 4), (4, 1)]
