"""The compiled form computes what the definition says, to rounding, on one thread or two."""

import ctypes
from pathlib import Path

import numpy as np
import pytest

from tests.nn.engine import emulated
from tests.nn.numerical import problem, relative_error, shake
from unstuck.nn.activations import ACTIVATIONS
from unstuck.nn.engine import kernels, sweeps
from unstuck.nn.engine.compiled import library
from unstuck.nn.engine.compiled import step as compiled
from unstuck.nn.engine.examples import Examples
from unstuck.nn.engine.threads import SecondThread
from unstuck.nn.engine.vector import ParameterVector
from unstuck.nn.losses import LOSSES
from unstuck.nn.network import Network
from unstuck.nn.optimizers import SGD, Adam
from unstuck.nn.training import train

PAIRS = [(output, loss) for loss in LOSSES.values() for output in ACTIVATIONS.values() if loss.fits(output)]
TOLERANCE = {"float32": 2e-5, "float64": 1e-13}
PLAIN = SGD(0.1)
HIDDEN = sorted(set(ACTIVATIONS) - {"softmax"})

LEVELS = library.processor_levels()

pytestmark = pytest.mark.skipif(not LEVELS, reason="the package was built without libraries for this machine")


EMULATED = pytest.param(
    "aarch64",
    marks=[pytest.mark.slow, pytest.mark.skipif(not emulated.IS_THERE, reason="there is no qemu-user or no ziglang")],
)


@pytest.fixture(params=[*LEVELS, EMULATED], autouse=True)
def level(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch):
    """Every instruction set that this machine has; on demand that of an emulated machine, laid out as v2."""
    monkeypatch.setenv("UNSTUCK_ISA", LEVELS[-1] if request.param == "aarch64" else request.param)
    if request.param == "aarch64":
        emulate(request.getfixturevalue("programs"), monkeypatch)
    library.load_library.cache_clear()
    yield request.param
    library.load_library.cache_clear()


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return {dtype: emulated.build(tmp_path_factory.mktemp("aarch64"), dtype) for dtype in TOLERANCE}


def emulate(programs: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """Let steps be made by an emulated 64-bit ARM processor."""
    initialise = compiled.CompiledSteps.__init__

    def initialise_emulated(self: compiled.CompiledSteps, examples: Examples, *arguments, **named) -> None:
        initialise(self, examples, *arguments, **named)
        emulated.Emulated(programs[examples.network.dtype.name], self)

    monkeypatch.setattr(compiled.CompiledSteps, "__init__", initialise_emulated)


class Threads:
    """A fixed number of threads instead of the faster one."""

    def __init__(self, n: int) -> None:
        self.n = n

    def choose(self) -> int:
        return self.n

    def learn(self, seconds: float) -> None:
        pass


def build(dtype="float64", hidden="tanh", output="softmax", loss="cross_entropy", sizes=(9, 4, 7, 3), **settings):
    return shake(Network(sizes, hidden, output, loss, "glorot_normal", seed=0, dtype=dtype, **settings))


def some_examples(network: Network, n: int, weight=None) -> Examples:
    x, targets = problem(network, n)
    x[np.abs(x) < 0.7] = 0  # something to skip
    return Examples(network, x.astype(network.dtype), network.encode(targets), weight)


def updated(examples: Examples, optimizer: SGD, n: int, threads: int, rounds: int = 3):
    """Parameters, memory and logits after some updates in compiled form."""
    network = examples.network
    vector = ParameterVector(network, optimizer)
    rows, rates = np.random.default_rng(3).permutation(len(examples)), np.linspace(0.1, 0.05, -(-len(examples) // n))
    logits = np.empty_like(examples.t)
    with SecondThread() as second_thread:
        steps = compiled.CompiledSteps(examples, vector, n, second_thread, False, np.random.default_rng(0))
        steps.threads = Threads(threads)
        for i in range(rounds):
            assert steps.make(rows, rates, 1 + i * len(rates), logits) == len(rows)
        steps.bring_back()
    memory = [view for pair in vector.views(vector.memory.get("velocity", vector.values)) for view in pair]
    found = [view.copy() for view in memory if view is not None]
    vector.release()
    return [*[p.copy() for p in network.parameters], *found, logits]


def updated_by_definition(examples: Examples, optimizer: SGD, n: int, rounds: int = 3):
    network = examples.network
    vector = ParameterVector(network, optimizer)
    rows, rates = np.random.default_rng(3).permutation(len(examples)), np.linspace(0.1, 0.05, -(-len(examples) // n))
    logits = np.empty_like(examples.t)
    sweep = sweeps.StepByStep(
        lambda size: kernels.DefinitionStep(examples, vector, size), vector, n, np.random.default_rng(0)
    )
    for i in range(rounds):
        assert sweep.make(rows, rates, 1 + i * len(rates), logits) == len(rows)
    memory = [view for pair in vector.views(vector.memory.get("velocity", vector.values)) for view in pair]
    found = [view.copy() for view in memory if view is not None]
    vector.release()
    return [*[p.copy() for p in network.parameters], *found, logits]


def expect_the_same_updates(make_network, optimizer=PLAIN, n=6, n_examples=20, weight=None, dtype="float64"):
    expected = updated_by_definition(some_examples(make_network(), n_examples, weight), optimizer, n)
    one, two = (updated(some_examples(make_network(), n_examples, weight), optimizer, n, threads) for threads in (1, 2))
    for a, b, c in zip(expected, one, two):
        assert relative_error(b, a) <= TOLERANCE[dtype]
        assert np.array_equal(b, c)


@pytest.mark.slow
@pytest.mark.skipif(not emulated.IS_THERE, reason="there is no qemu-user or no ziglang")
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_an_emulated_processor_lays_out_memory_as_v2(dtype: str, level: str, programs: dict[str, Path]) -> None:
    if level != LEVELS[-1]:
        pytest.skip("compared with the lowest instruction set only")
    native = library._statements(ctypes.CDLL(str(library.path_of(level, dtype))))
    found = emulated.stated(programs[dtype])
    del native["constant"]["sources"], found["constant"]["sources"]
    assert found == native


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("hidden", HIDDEN)
@pytest.mark.parametrize("n", [1, 6])
def test_hidden_activations(dtype: str, hidden: str, n: int) -> None:
    expect_the_same_updates(lambda: build(dtype, hidden), n=n, dtype=dtype)


@pytest.mark.parametrize(("output", "loss"), PAIRS, ids=[f"{o.name}-{lo.name}" for o, lo in PAIRS])
def test_outputs_and_losses(output, loss) -> None:
    expect_the_same_updates(lambda: build(output=output.name, loss=loss.name))


@pytest.mark.parametrize("optimizer", [SGD(0.1, 0.9), SGD(0.1, 0.9, nesterov=True)], ids=repr)
@pytest.mark.parametrize("settings", [{}, {"l2": 0.3}, {"biases": False, "l2": 0.1}], ids=str)
def test_momentum_and_decay(optimizer: SGD, settings: dict) -> None:
    expect_the_same_updates(lambda: build(hidden="relu", **settings), optimizer)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("sizes", [(70, 130, 65, 3), (5, 16, 64, 17), (33, 200)], ids=str)
def test_layers_of_several_panels(dtype: str, sizes: tuple) -> None:
    expect_the_same_updates(lambda: build(dtype, "relu", sizes=sizes), SGD(0.1, 0.9), n=8, dtype=dtype)


@pytest.mark.parametrize("share", [0.0, 1.0])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("settings", [{"hidden": "sigmoid", "l2": 0.1}, {"biases": False}], ids=str)
def test_dense_layers(share: float, dtype: str, settings: dict, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled, "DENSE", 1)
    monkeypatch.setattr(compiled, "DENSE_SHARE", share)
    for n, n_examples in ((8, 20), (37, 100)):
        expect_the_same_updates(
            lambda: build(dtype, sizes=(150, 33, 70, 3), **settings), SGD(0.1, 0.9), n, n_examples, dtype=dtype
        )


@pytest.mark.parametrize("share", [0.0, 1.0])
@pytest.mark.parametrize("settings", [{"dropout": (0.5, 0.0)}, {"dropout": 0.2, "max_norm": 0.4}, {"max_norm": 0.4}])
@pytest.mark.parametrize("hidden", ["relu", "sigmoid"])
def test_dropout_and_limited_norms(share: float, settings: dict, hidden: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled, "DENSE", 1 if share == 0 else compiled.DENSE)
    monkeypatch.setattr(compiled, "DENSE_SHARE", share)
    monkeypatch.setattr(compiled, "MASKS", 1000)  # of two batches
    expect_the_same_updates(lambda: build(hidden=hidden, sizes=(30, 33, 70, 3), **settings), SGD(0.1, 0.9), n=8)


def test_velocities_that_decay_beyond_the_normal_numbers_are_zero() -> None:
    network = build("float32", "relu", sizes=(9, 4, 3))
    examples = some_examples(network, 8)
    examples.x[4:] = 0  # the weights of the inputs change once only
    vector = ParameterVector(network, SGD(0.01, 0.5))
    with SecondThread() as second_thread:
        steps = compiled.CompiledSteps(examples, vector, 4, second_thread, False, np.random.default_rng(0))
        rows = np.concatenate([np.arange(4), np.tile(np.arange(4, 8), 140)])
        steps.make(rows, np.full(141, 0.01), 1, np.empty((len(rows), 3), np.float32))
        steps.bring_back()
    velocity = np.abs(vector.views(vector.memory["velocity"])[0][0])
    assert (velocity == 0).all()
    tiny = np.full(4, 1e-40, np.float32)
    assert (tiny * np.float32(0.5) > 0).all()  # elsewhere such numbers count as before


def test_weights_of_examples() -> None:
    expect_the_same_updates(lambda: build(), n=6, weight=np.linspace(0, 2, 20))


@pytest.mark.parametrize("kind", [np.uint8, np.float32, np.float64])
@pytest.mark.parametrize("input_range", [(0.0, 1.0), (-1.0, 1.0)])
def test_inputs_of_every_type(kind, input_range) -> None:
    def examples(network: Network) -> Examples:
        x = np.random.default_rng(0).integers(0, 256, (20, 9)).astype(np.uint8) * np.eye(9, dtype=np.uint8)[0]
        x[:, 4] = 200
        x = x if kind is np.uint8 else (x / 255).astype(kind)
        return Examples(network, x, network.encode(np.arange(20) % 3), None)

    def network() -> Network:
        return build("float32", input_range=input_range)

    expected = updated_by_definition(examples(network()), SGD(0.1), 6)
    found = updated(examples(network()), SGD(0.1), 6, 1)
    assert all(relative_error(one, other) < TOLERANCE["float32"] for one, other in zip(found, expected))


def test_targets_that_are_no_distribution() -> None:
    def examples(network: Network) -> Examples:
        x = np.random.default_rng(0).normal(size=(8, 9))
        return Examples(network, x, np.random.default_rng(1).random((8, 3)) * 3, None)

    expected = updated_by_definition(examples(build()), SGD(0.1), 4)
    found = updated(examples(build()), SGD(0.1), 4, 2)
    assert all(relative_error(one, other) < 1e-13 for one, other in zip(found, expected))


@pytest.mark.parametrize("hidden", ["sigmoid", "tanh"])
def test_saturated_layers_neither_overflow_nor_lose_digits(hidden: str) -> None:
    def network() -> Network:
        built = build("float32", hidden, output="sigmoid", loss="binary_cross_entropy")
        for parameter in built.parameters:
            parameter *= 1e4
        return built

    expect_the_same_updates(network, SGD(1e-4), dtype="float32")


def test_small_activations_keep_their_digits() -> None:
    def network() -> Network:
        built = build("float32", "tanh", output="linear", loss="squared_error", biases=False, sizes=(9, 5, 3))
        built.layers[0].weights *= 1e-6
        return built

    expect_the_same_updates(network, SGD(1e-3), dtype="float32")


@pytest.mark.parametrize("dense", [1, 10**9])
def test_gradients_only(dense: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled, "DENSE", dense)
    monkeypatch.setattr(compiled, "DENSE_SHARE", 0.0)
    network = build("float32", "relu", sizes=(9, 130, 3), l2=0.1)
    examples = some_examples(network, 6)
    expected = network.backward(network.forward(examples.x), examples.t, with_penalty=False)
    vector = ParameterVector(network, Adam())
    with SecondThread() as second_thread:
        steps = compiled.CompiledSteps(examples, vector, 6, second_thread, only_gradients=True)
        assert steps.gradients(np.arange(6), network.generator, np.empty_like(examples.t))
    found = [g for pair in vector.views(vector.gradient) for g in pair]
    assert all(relative_error(one, other) < 2e-5 for one, other in zip(found, expected))


@pytest.mark.parametrize("threads", [1, 2])
def test_numbers_that_are_not_finite_stop_the_batch_and_change_nothing(threads: int) -> None:
    network = build(sizes=(9, 4, 3))
    examples = some_examples(network, 12)
    examples.x[7, 2] = np.nan
    vector = ParameterVector(network, SGD())
    with SecondThread() as second_thread:
        steps = compiled.CompiledSteps(examples, vector, 4, second_thread, only_gradients=False)
        steps.threads = Threads(threads)
        assert steps.make(np.arange(12), np.full(3, 0.1), 1, np.empty_like(examples.t)) == 4
        steps.bring_back()
    assert np.isfinite(vector.values).all()


@pytest.mark.parametrize("optimizer", [SGD(0.05, 0.9), Adam(0.01)], ids=repr)
def test_training_takes_it_where_it_is_worth_it_and_learns_the_same(optimizer, monkeypatch: pytest.MonkeyPatch) -> None:
    outcomes = []
    for worth, deterministic in ((1, False), (1, True), (10**18, False)):
        monkeypatch.setattr(kernels, "WORTH_COMPILED_FORM", worth)
        network = Network([40, 70, 3], dtype="float64")
        train(network, problem(network, 200), 3, 64, optimizer, seed=1, deterministic=deterministic)
        outcomes.append(network.parameters)
    compiled_form, portable, small = outcomes
    assert all(np.array_equal(p, q) for p, q in zip(portable, small))
    assert all(relative_error(p, q) < 1e-10 for p, q in zip(compiled_form, portable))


def test_what_has_no_compiled_form_is_known() -> None:
    x = np.zeros((2, 9), np.float32)
    assert compiled.has_compiled_form(build("float32"), x)
    assert not compiled.has_compiled_form(build("float32", "softmax"), x)
    assert not compiled.has_compiled_form(build("float32"), x.astype(np.float16))
    assert not compiled.has_compiled_form(build("float32"), x.astype(x.dtype.newbyteorder()))


def test_inputs_may_be_a_view_with_any_strides() -> None:
    network = build(sizes=(9, 4, 3))
    wide = np.random.default_rng(0).normal(size=(20, 18))
    t = network.encode(np.arange(20) % 3)
    outcomes = []
    for x in (wide[:, ::-2], np.ascontiguousarray(wide[:, ::-2]), np.asfortranarray(wide[:, ::-2])):
        outcomes.append(updated(Examples(build(sizes=(9, 4, 3)), x, t, None), SGD(0.1), 6, 1))
    assert all(np.array_equal(a, b) and np.array_equal(a, c) for a, b, c in zip(*outcomes))


def test_the_faster_number_of_threads_is_taken_and_the_other_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled, "n_cores", lambda: 2)
    threads = compiled.FasterThreads(compiled.WORTH_SHARING)
    taken = []
    for _ in range(2 * compiled.CALLS_BETWEEN_TRIALS):
        taken.append(threads.choose())
        threads.learn(1.0 if taken[-1] == 1 else 2.0)
    assert taken[:3] == [2, 2, 1]
    assert taken.count(2) == 3  # a cold call, the first trial, and one more after a stretch of calls
    assert compiled.FasterThreads(1).choose() == 1
    assert compiled.FasterThreads(compiled.SURELY_WORTH_SHARING).choose() == 2


def test_one_thread_works_while_the_other_core_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    network = build(sizes=(9, 4, 3))
    examples = some_examples(network, 12)
    shared: list[str] = []
    with SecondThread() as second_thread:
        steps = compiled.CompiledSteps(
            examples, ParameterVector(network, SGD()), 4, second_thread, only_gradients=False
        )
        steps.threads = Threads(2)
        both = second_thread.both
        monkeypatch.setattr(second_thread, "both", lambda *tasks: (shared.append("both"), both(*tasks)))
        for taken in (True, False):
            monkeypatch.setattr(second_thread, "is_core_taken", lambda taken=taken: taken)
            steps.make(np.arange(12), np.full(3, 0.1), 1, np.empty_like(examples.t))
            assert shared == ([] if taken else ["both"])


def test_updates_in_panels_are_brought_back_when_they_are_read() -> None:
    network = Network([40, 260, 3], seed=0)  # a layer wide enough for panels
    examples = some_examples(network, 12)
    given = ParameterVector(network, SGD(0.1, 0.9))
    before = given.values.copy()
    with SecondThread() as second_thread:
        steps = compiled.CompiledSteps(examples, given, 4, second_thread, only_gradients=False)
        arguments = np.arange(12), np.full(3, 0.1), 1, np.empty_like(examples.t)
        steps.make(*arguments)
        steps.bring_back()
        once = given.values.copy()
        steps.bring_back()
        assert np.array_equal(given.values, once)
        given.values[...], given.memory["velocity"][...] = before, 0
        steps.make(*arguments)  # what was written meanwhile is taken in
        steps.bring_back()
    assert not np.array_equal(once, before)
    assert np.array_equal(given.values, once)
