"""What a user says by name of a script is taken for what it is: parameters, inputs, targets, outputs."""

from pathlib import Path

import pytest

from tests.adapters.scripts.watched import NAME, runner
from unstuck.adapters.scripts.reading.naming import naming, split
from unstuck.adapters.scripts.study import study
from unstuck.adapters.scripts.text.source import Source
from unstuck.errors import CaseError

DATA = """\
import numpy as np
rng = np.random.RandomState(0)
kind = rng.randint(0, 2, 80)
quux = rng.randn(80, 3) + 2 * kind[:, None]
zork = np.eye(2)[kind]
other = rng.randn(80, 3)
"""
TWO = (
    DATA
    + """
def sig(z):
    return 1 / (1 + np.exp(-z))

blib, blob = rng.randn(3, 5) * 0.5, np.zeros(5)
for i in range(30):
    for k in range(0, 80, 10):
        p = sig(other[k:k + 10] @ blib + blob)
        e = (p - sig(other[k:k + 10] @ np.ones((3, 5)))) * p * (1 - p)
        blib -= 0.1 * other[k:k + 10].T @ e
        blob -= 0.1 * e.sum(axis=0)

frob, flub = rng.randn(3, 2) * 0.5, np.zeros(2)
for i in range(30):
    for k in range(0, 80, 20):
        part, wanted = quux[k:k + 20], zork[k:k + 20]
        guess = sig(part @ frob + flub)
        e = (guess - wanted) * guess * (1 - guess)
        frob -= 0.1 * part.T @ e
        flub -= 0.1 * e.sum(axis=0)
"""
)
OBJECTS = (
    DATA
    + """
class Net:
    def __init__(self, n):
        self.w = rng.randn(3, n) * 0.5
        self.b = np.zeros(n)

    def forward(self, a):
        return 1 / (1 + np.exp(-(a @ self.w + self.b)))

    def learn(self, a, y):
        p = self.forward(a)
        e = (p - y) * p * (1 - p)
        self.w = self.w - 0.1 * a.T @ e
        self.b = self.b - 0.1 * e.sum(axis=0)

first, second = Net(2), Net(2)
for net in (first, second):
    for i in range(20):
        for k in range(0, 80, 16):
            net.learn(quux[k:k + 16], zork[k:k + 16])
"""
)
SEVERAL = (
    DATA
    + """
weight = {"in": rng.randn(3, 4) * 0.5, "out": rng.randn(4, 2) * 0.5}
mask = rng.rand(5, 3)
noise = rng.rand(1, 2)
for i in range(20):
    for k in range(0, 80, 16):
        a, y = quux[k:k + 16], zork[k:k + 16]
        extra = (mask @ weight["in"]).sum()
        h = np.tanh(a @ weight["in"] + 0.01 * extra)
        out = h @ weight["out"]
        shaken = out * noise
        e = out - y
        d = e @ weight["out"].T * (1 - h ** 2)
        weight["out"] -= 0.01 * (h.T @ e + 0 * h.T @ shaken)
        weight["in"] -= 0.01 * a.T @ d
"""
)


def read(text, **names):
    """How a script is read with these names."""
    return study(runner(text), names=naming(names, Source(Path(NAME), text)))


def lines_of(text, part):
    return [number for number, line in enumerate(text.splitlines(), 1) if part in line]


def test_without_names_the_first_network_is_read():
    reading = read(TWO).reading
    assert [value.name for value in reading.parameters] == ["blib", "blob"]


def test_named_parameters_are_waited_for():
    studied = read(TWO, parameters="frob,flub")
    assert studied.reading.complete
    assert [value.name for value in studied.reading.parameters] == ["frob", "flub"]
    assert studied.reading.inputs.name == "quux"
    assert studied.reading.targets.name == "zork"
    assert studied.case is not None
    assert studied.case.batch_size == 20


@pytest.mark.parametrize("name", ["second", "second.w,second.b"])
def test_an_object_holds_its_parameters(name):
    studied = read(OBJECTS, parameters=name)
    assert studied.reading.complete
    assert [value.shape for value in studied.reading.parameters] == [(3, 2), (2,)]
    roots = [chain.root.number for chain in studied.read.chains]
    firsts = [chain.root.number for chain in read(OBJECTS).read.chains]
    assert not set(roots) & set(firsts)


def test_a_part_of_the_parameters_may_be_meant():
    reading = read(SEVERAL, parameters="weight['out']", inputs="h", targets="zork").reading
    assert [value.name for value in reading.parameters] == ["weight['out']"]


def test_inputs_are_those_that_come_from_the_name():
    assert read(SEVERAL).reading.inputs.line in lines_of(SEVERAL, "extra = (m")
    assert read(SEVERAL, inputs="mask").reading.inputs.line in lines_of(SEVERAL, "extra = (m")
    for name in ("quux", "a"):
        reading = read(SEVERAL, inputs=name, targets="zork").reading
        assert reading.inputs.line in lines_of(SEVERAL, "h = np.tanh(a")
        assert reading.complete


def test_targets_are_those_that_come_from_the_name():
    assert read(SEVERAL).reading.targets.line in lines_of(SEVERAL, "shaken =")
    for name in ("zork", "y"):
        assert read(SEVERAL, inputs="quux", targets=name).reading.targets.line in lines_of(SEVERAL, "e = out - y")


def test_a_name_that_plays_no_such_part_is_said():
    reading = read(SEVERAL, inputs="kind").reading
    assert reading.inputs is None or reading.inputs.line in lines_of(SEVERAL, "h = np.tanh(a")
    with pytest.raises(CaseError, match="--parameters quux: nothing of that name was seen to change; what changes: w"):
        read(SEVERAL, parameters="quux")


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        ({"parameters": "frob,flib"}, "--parameters flib: there is no flib in the script; did you mean flub?"),
        ({"inputs": "self.nothing"}, "--inputs self.nothing: there is no nothing in the script"),
        ({"targets": "1 + 2"}, "--targets 1 \\+ 2: expected the name of a variable"),
        ({"outputs": "a b"}, "--outputs a b: expected the name of a variable"),
    ],
)
def test_a_name_that_is_not_in_the_script_is_one_sentence(names, sentence):
    with pytest.raises(CaseError, match=sentence):
        naming(names, Source(Path(NAME), TWO))


def test_commas_in_brackets_part_nothing():
    assert split("w1, net.b[0, 1] ,p['a,b']") == ("w1", "net.b[0, 1]", "p['a,b']")
    assert split("") == ()
