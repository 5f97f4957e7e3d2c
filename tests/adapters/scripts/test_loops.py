"""What a recording knows of the loops of a script."""

import pytest

from tests.adapters.scripts.watched import runner
from unstuck.adapters.scripts.recorder import Recorder
from unstuck.adapters.scripts.recording import Settings

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
