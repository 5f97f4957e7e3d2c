"""After restore, everything reachable is equal to the bit, whatever the program did."""

import array
import collections
import functools
import random
import sys
import types
from dataclasses import dataclass, field

import numpy as np
import pytest

from unstuck.sandbox.snapshot import Snapshot, arrays


def module_of(source, name="program"):
    """A user's module, as a file loaded by hand would be: not in sys.modules."""
    module = types.ModuleType(name)
    exec(compile(source, "<program>", "exec"), module.__dict__)
    return module


class Layer:
    momentum = 0.9
    history: list[float] = []  # noqa: RUF012

    def __init__(self):
        self.w = np.arange(6.0).reshape(2, 3)
        self.velocity = None

    def step(self):
        self.velocity = np.ones(3)
        self.w = self.w - 1
        self.w_old = self.w
        Layer.momentum = 0.5
        self.history.append(0.1)


class Slotted:
    __slots__ = ("b", "unset", "w")

    def __init__(self):
        self.w, self.b = np.zeros(2), 0.0


@dataclass
class Settings:
    rate: float = 0.1
    rates: list[float] = field(default_factory=lambda: [0.1, 0.2])


def test_array_contents_return_into_the_same_arrays():
    w, b = np.arange(6.0).reshape(2, 3), np.float32([0.0, np.nan, -0.0])
    snapshot = Snapshot([lambda: (w, b)])
    before = w.tobytes(), b.tobytes()
    w -= 3
    b[:] = 1
    snapshot.restore()
    assert (w.tobytes(), b.tobytes()) == before
    assert snapshot.changes() == []


def test_attributes_return_to_the_original_objects():
    layer = Layer()
    w = layer.w
    snapshot = Snapshot([layer.step])
    layer.step()
    w[:] = 7
    snapshot.restore()
    assert layer.w is w
    np.testing.assert_array_equal(w, np.arange(6.0).reshape(2, 3))
    assert layer.velocity is None
    assert not hasattr(layer, "w_old")
    assert (Layer.momentum, Layer.history) == (0.9, [])


def test_slots_dataclasses_and_namespaces():
    slotted, settings, namespace = Slotted(), Settings(), types.SimpleNamespace(w1=np.ones(2))
    w, rates, w1 = slotted.w, settings.rates, namespace.w1
    snapshot = Snapshot([slotted, settings, namespace])
    slotted.w, slotted.unset = None, 1
    del slotted.b
    settings.rate, settings.rates = 9, []
    rates.append(3)
    del namespace.w1
    namespace.new = 1
    snapshot.restore()
    assert slotted.w is w
    assert slotted.b == 0.0
    assert not hasattr(slotted, "unset")
    assert settings == Settings()
    assert settings.rates is rates
    assert vars(namespace) == {"w1": w1}


def test_containers_keep_their_contents_and_order():
    weights, params = [np.zeros(2), [1, 2, [3]]], collections.OrderedDict(W1=1, W2=2)
    queue, seen, nested = collections.deque([1, 2], maxlen=2), {1, "a"}, ({"k": []},)
    raw, numbers = bytearray(b"abc"), array.array("d", [1.0, 2.0])
    grads = collections.defaultdict(list)
    snapshot = Snapshot([weights, params, queue, seen, nested, raw, numbers, grads])
    first = weights[0]
    weights[1][2].append(4)
    weights.reverse()
    weights.append(0)
    params.move_to_end("W1")
    params["W3"] = 3
    queue.append(3)
    seen.clear()
    nested[0]["k"].append(1)
    raw += b"d"
    numbers[0] = 5
    grads["W1"].append(1)
    snapshot.restore()
    assert weights[0] is first
    assert weights[1:] == [[1, 2, [3]]]
    assert list(params.items()) == [("W1", 1), ("W2", 2)]
    assert list(queue) == [1, 2]
    assert (seen, nested) == ({1, "a"}, ({"k": []},))
    assert (raw, list(numbers), dict(grads)) == (b"abc", [1.0, 2.0], {})


def test_closures_defaults_and_function_attributes():
    count = 0
    rates = [0.1]

    def step(cache={}, *, log=[]):  # noqa: B006
        nonlocal count
        count += 1
        rates[0] *= 2
        cache["x"] = 1
        log.append(1)
        step.calls = count

    snapshot = Snapshot([functools.partial(step)])
    step()
    snapshot.restore()
    assert (count, rates) == (0, [0.1])
    assert step.__defaults__ == ({},)
    assert step.__kwdefaults__ == {"log": []}
    assert not hasattr(step, "calls")


def test_globals_of_the_users_modules_return_also_those_made_meanwhile():
    program = module_of(
        "import numpy as np\n"
        "W = np.zeros(3)\n"
        "t = 0\n"
        "def helper():\n"
        "    global W, t, cache\n"
        "    W = W + 1; t += 1; cache = W\n"
        "def step():\n"
        "    helper()\n"
    )
    W = program.W
    for root in (program.step, lambda: program.step()):
        snapshot = Snapshot([root])
        program.step()
        snapshot.restore()
        assert program.W is W
        assert program.t == 0
        assert not hasattr(program, "cache")


def test_a_global_set_on_a_module_from_outside_returns():
    program = module_of("Ntrain = 30000\ndef loss(): return Ntrain\n")

    def loss():
        program.Ntrain = 5
        return program.loss()

    snapshot = Snapshot([loss])
    loss()
    snapshot.restore()
    assert program.Ntrain == 30000


def test_modules_of_libraries_are_left_alone():
    assert Snapshot([lambda: (np.zeros(1), random.random(), collections.OrderedDict())]).arrays() == []


def test_random_states_return():
    generator, legacy, own = np.random.default_rng(1), np.random.RandomState(2), random.Random(3)

    def draw():
        return [
            generator.normal(), legacy.normal(), own.gauss(0, 1), np.random.rand(), random.gauss(0, 1)  # noqa: NPY002
        ]  # fmt: skip

    draw()
    snapshot = Snapshot([draw])
    first = draw()
    snapshot.restore()
    assert draw() == first


def test_object_arrays_views_and_read_only_arrays():
    flat = np.arange(4.0)
    first, second = flat[:2], flat[2:].reshape(2, 1)
    weights = np.empty(2, dtype=object)
    weights[0], weights[1] = first, second
    frozen = np.ones(2)
    frozen.flags.writeable = False
    snapshot = Snapshot([weights, frozen])
    second[:] = 9
    weights[0] = weights[0] - 1
    frozen.flags.writeable = True
    frozen[:] = 5
    snapshot.restore()
    assert weights[0] is first
    np.testing.assert_array_equal(flat, np.arange(4.0))
    np.testing.assert_array_equal(frozen, np.ones(2))
    assert not frozen.flags.writeable


@pytest.mark.parametrize("dtype", ["float16", "longdouble", "complex128", "uint8", "bool", "datetime64[s]", "U3"])
@pytest.mark.parametrize("order", ["C", "F", "strided"])
def test_any_dtype_and_layout(dtype, order):
    values = np.arange(24).reshape(4, 6).astype("int64" if dtype == "datetime64[s]" else dtype).astype(dtype)
    x = values[::2, ::3] if order == "strided" else np.array(values, order=order)
    before = x.copy()
    snapshot = Snapshot([x])
    x[:] = x[::-1, ::-1].copy()
    snapshot.restore()
    np.testing.assert_array_equal(x, before)
    assert snapshot.changes() == []


def test_reshaped_in_place():
    x = np.arange(6.0)
    snapshot = Snapshot([x])
    x.shape = (2, 3)
    x[0] = 0
    snapshot.restore()
    np.testing.assert_array_equal(x, np.arange(6.0))


def test_memory_mapped_arrays(tmp_path):
    np.arange(8.0).tofile(tmp_path / "w")
    w = np.memmap(tmp_path / "w", dtype=float, mode="r+")
    r = np.memmap(tmp_path / "w", dtype=float, mode="r")
    snapshot = Snapshot([w, r])
    w += 1
    snapshot.restore()
    np.testing.assert_array_equal(r, np.arange(8.0))


def test_large_data_returns_when_a_sample_shows_a_change_and_always_on_demand():
    x = np.zeros((100, 1000))
    snapshot = Snapshot([x], large=1000)
    x[0, 0] = 1
    snapshot.restore(everything=True)
    assert x[0, 0] == 0
    x[:10] = 1
    snapshot.restore()
    assert not x.any()


def test_small_views_of_a_large_vector_always_return(monkeypatch):
    monkeypatch.setattr("unstuck.sandbox.saved_objects.LARGE", 1000)
    vector = np.zeros(100_000)
    bias = vector[:2]
    snapshot = Snapshot([bias], large=1000)
    bias[0] = 1
    snapshot.restore()
    assert not vector.any()


def test_rows_of_a_long_list_return_when_a_sample_shows_a_change_and_always_on_demand():
    rows = [(np.full(3, float(k)), [k]) for k in range(2000)]
    originals = list(rows)
    snapshot = Snapshot([lambda: rows])
    random.shuffle(rows)
    for row, label in rows:
        row /= 255
        label[0] = 0
    snapshot.restore()
    assert all(a is b for a, b in zip(rows, originals))
    assert all(row[0] == k and label == [k] for k, (row, label) in enumerate(rows))
    rows[77][0][0] = -1
    snapshot.restore(everything=True)
    assert rows[77][0][0] == 77


def test_no_code_of_the_user_is_called():
    class Touchy:
        def __init__(self):
            object.__setattr__(self, "w", np.zeros(2))

        def _fail(self, *args):
            raise AssertionError("called")

        __eq__ = __getattr__ = __getattribute__ = __setattr__ = __len__ = __iter__ = __bool__ = __repr__ = _fail
        __hash__ = None
        secret = property(_fail)

    touchy = Touchy()
    w = object.__getattribute__(touchy, "w")
    snapshot = Snapshot([[touchy], {"net": touchy}])
    w += 1
    object.__setattr__(touchy, "w", None)
    snapshot.restore()
    assert object.__getattribute__(touchy, "w") is w
    assert not w.any()
    assert snapshot.changes() == []


def test_cycles_and_deep_nesting():
    cyclic: list = [np.zeros(1)]
    cyclic.append(cyclic)
    deep: list = []
    for _ in range(100_000):
        deep = [deep]
    snapshot = Snapshot([cyclic, deep])
    cyclic[0][0] = 1
    snapshot.restore()
    assert cyclic[0][0] == 0
    while deep:  # taken apart by hand: Python itself recurses when it frees such a list
        deep = deep[0]


def test_exotic_objects_are_survived_and_iterators_named(tmp_path):
    import threading

    namespace = types.SimpleNamespace(
        lock=threading.Lock(), thread=threading.current_thread(), module=sys, kind=int, out=sys.stdout,
        file=(tmp_path / "log").open("w"), batches=iter([1, 2]), stream=(k for k in range(3)),
        cached=functools.cache(lambda: 1), error=ValueError("x"), empty=types.CellType(),
    )  # fmt: skip
    snapshot = Snapshot([namespace])
    snapshot.restore()
    namespace.file.close()
    told = "\n".join(snapshot.unrestorable)
    assert all(
        word in told for word in ("file is a TextIOWrapper", "batches is a list_iterator", "stream is a generator")
    )
    assert len(snapshot.unrestorable) == 3


def test_paths_of_arrays():
    net = types.SimpleNamespace(layers=[None, Layer()], params={"W1": np.zeros((2, 2)), "rows": [1.0, 2.0]})

    def step():
        return net

    named = dict(Snapshot([step]).arrays())
    assert named.keys() == {"net.layers[1].w", "net.params['W1']"}
    assert named["net.params['W1']"] is net.params["W1"]
    assert [path for path, _ in arrays([step])] == [path for path, _ in Snapshot([step]).arrays()]


def test_changes_are_named():
    net = types.SimpleNamespace(w=np.zeros(2), b=np.zeros(1))
    snapshot = Snapshot([lambda: net])
    net.b[0] = 1
    assert snapshot.changes() == ["net.b"]


def test_torch_training_returns():
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    model = torch.nn.Sequential(
        torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4), torch.nn.Dropout(), torch.nn.Linear(4, 2)
    )
    optimizer = torch.optim.Adam(model.parameters(), lr=0.1)
    x, y = torch.randn(8, 3), torch.tensor([0, 1] * 4)

    def step():
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        return loss.item()

    step()
    original = model[0].weight
    state = {name: value.clone() for name, value in model.state_dict().items()}
    gradients = [p.grad.clone() for p in model.parameters()]
    snapshot = Snapshot([step])
    first = [step(), step()]
    with torch.no_grad():
        model[0].weight.data = model[0].weight.data - 1
    model[3].weight.requires_grad_(False)
    model.eval()
    optimizer.param_groups[0]["lr"] = 5
    snapshot.restore()
    assert model.training
    assert model[0].weight is original
    assert all(torch.equal(value, state[name]) for name, value in model.state_dict().items())
    assert all(torch.equal(p.grad, g) and p.requires_grad for p, g in zip(model.parameters(), gradients))
    assert snapshot.changes() == []
    assert [step(), step()] == first


def test_torch_arrays_are_views():
    torch = pytest.importorskip("torch")
    model = torch.nn.Linear(3, 2)
    named = dict(arrays([model.forward]))
    (weight,) = (value for value in named.values() if value.shape == (2, 3))
    weight[:] = 0
    assert not model.weight.detach().numpy().any()
