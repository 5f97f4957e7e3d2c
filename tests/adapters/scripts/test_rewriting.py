"""A script with hooks in it computes what it computes without, to the bit."""

import random

import numpy as np
import pytest

from unstuck.adapters.scripts.recording.recorder import Recorder
from unstuck.adapters.scripts.recording.rewriting import rewritten
from unstuck.adapters.watch import Stopped

SNIPPETS = {
    "zero-argument super": """
class A:
    def __init__(self): self.a = 1.5
    def f(self): return self.a * 2
class B(A):
    def __init__(self):
        super().__init__()
        self.b = super().f() + 1
result = B().b""",
    "locals, eval and exec": """
def f(a):
    b = a + 1
    return sorted(locals()), eval("a + b")
result = f(2.5)
exec("more = 3 * 2")
result = (*result, more, "more" in globals())""",
    "private names": """
class A:
    def __init__(self): self.__w = 2.0
    def __f(self, x): return x * self.__w
    def g(self, x):
        self.__w += 1
        return self.__f(x)
result = A().g(3)""",
    "formatting is no arithmetic": """
a, b = 1.5, "x"
result = "%s and %.2f" % (b, a), f"{a * 2:.1f} {b!r}", "%d%%" % 3""",
    "decorators and defaults": """
import functools
def twice(f):
    @functools.wraps(f)
    def g(*args, **kwargs): return 2 * f(*args, **kwargs)
    return g
@twice
def h(a, b=1 + 2, *, c=np.ones(2)):
    "Adds."
    return (a + b) * c
result = h(1), h.__name__, h.__doc__, (lambda x, y=3 * 2: x + y)(1)""",
    "walrus, comprehensions, conditions": """
a = [y for x in range(5) if (y := x * x) > 3]
b = {k: v for k, v in zip("abc", np.arange(3) * 1.0)}
c = [i if i % 2 else -i for i in range(4)] if len(a) > 1 else None
d = sum(x * 0.5 for x in a)
result = a, b, c, d, y""",
    "generators": """
def g(n):
    for i in range(n):
        got = yield i * 2
        if got: yield got + 100
it = g(4)
result = [next(it), it.send(5), *it]
def h():
    yield from g(2)
result += list(h())""",
    "match": """
def f(v):
    match v:
        case [a, b] if a + b > 2: return a * b
        case {"k": w}: return w + 1
        case int(n): return n - 1
        case _: return None
result = f([1, 2]), f([1, 1]), f({"k": 2}), f(7), f("s")""",
    "chained comparisons stop early": """
calls = []
def f(x):
    calls.append(x)
    return x
result = f(1) < f(0) < f(5), f(1) < f(2) < f(3), calls""",
    "augmented targets are evaluated once": """
calls = []
def where(i):
    calls.append(i)
    return i
a = np.arange(5.0)
a[where(1)] += 10
a[where(2):4] *= 3
d = {"n": 1}
d["n"] += 1
class O: pass
o = O(); o.v = [1.0]
def get():
    calls.append("o")
    return o
get().v += [2.0]
get().v[0] -= 0.5
result = a, d, o.v, calls""",
    "an augmented value sees the old target": """
class C:
    n = 1
    def f(self):
        self.n = 10
        return 5
c = C()
c.n += c.f()
result = c.n""",
    "global and nonlocal": """
count = 0
def f():
    global count
    count += 1
    inner = 1.0
    def g():
        nonlocal inner
        inner *= 3
        return inner
    return g() + g()
result = f(), count""",
    "unpacking and swaps": """
a = np.arange(6.0).reshape(3, 2)
x, y, z = a
(p, q), *rest = a.tolist()
b = [1, 2, 3]
b[0], b[2] = b[2], b[0]
a[0], a[1] = a[1].copy(), a[0].copy()
first, *middle, last = range(5)
m = n = b[1] = 7
result = x, y, z, p, q, rest, b, a, first, middle, last, m, n""",
    "del and in and is": """
d = {"a": 1, "b": 2}
del d["a"]
l = [1, 2, 3]
del l[0], l[-1]
result = d, l, 2 in l, None is None, "b" not in d""",
    "class bodies": """
class A:
    n = 2 * 3
    rows = [i * 2 for i in range(3)]
    n += 1
    w = np.zeros(3)
    w[1] = 4.0
    def f(self, k=n): return k
result = A.n, A.rows, A().f(), A.w""",
    "loops with else, break, continue": """
out = []
for i in range(5):
    if i == 1: continue
    if i == 3: break
    out.append(i)
else:
    out.append("none")
for j in []: pass
else: out.append("empty")
k = 0
while k < 3:
    k += 1
else:
    out.append(k)
result = out, i""",
    "iterators are taken one by one": """
it = iter(range(10))
out = []
for i in it:
    out.append((i, next(it)))
    if i > 3: break
result = out, list(it)""",
    "try and with": """
import contextlib
@contextlib.contextmanager
def c():
    yield 1.5
out = []
with c() as v:
    try:
        v / 0
    except ZeroDivisionError as e:
        out.append(str(e))
    finally:
        out.append(v * 2)
result = out""",
    "operators of one's own": """
class V:
    def __init__(self, d): self.d = d
    def __add__(self, o): return V(self.d + (o.d if isinstance(o, V) else o))
    def __radd__(self, o): return self + o
    def __iadd__(self, o): self.d = self.d + 100 + o; return self
    def __mul__(self, o): return V(self.d * o)
    def __getitem__(self, i): return self.d + i
    def __call__(self, x): return x * self.d
    @property
    def T(self): return -self.d
    shape = property(lambda self: "mine")
v = V(2.0)
w = v
w += 1
result = (v + 1).d, (1 + v).d, v.d, v is w, v[3], v(2), v.T, v.shape""",
    "in place through views and out": """
a = np.zeros((3, 4))
a[1] += 2
b = a[:, 1]
b *= 5
np.maximum(a, 0.5 * a, out=a)
np.add.at(a, ([0, 0], [1, 1]), 1.0)
a.fill
a[2].fill(7)
a[a > 6] = -1
c = a.T
c -= 1
c[0][2] = 9
result = a, b, c""",
    "plain numbers": """
w = [0.5, -0.25]
lr = 0.1
for epoch in range(20):
    for x, t in ((1.0, 0.0), (0.5, 1.0)):
        z = sum(wi * xi for wi, xi in zip(w, (x, 1.0)))
        o = 1 / (1 + 2.718281828 ** -z)
        for i, xi in enumerate((x, 1.0)):
            w[i] -= lr * (o - t) * o * (1 - o) * xi
result = w, max(0.0, z), min(w), abs(-z), round(z, 3), divmod(7.5, 2), pow(z, 2)""",
    "randomness": """
import random
rng = np.random.default_rng(3)
a = np.random.randn(3) + rng.normal(size=3)
items = list(range(6))
random.shuffle(items)
np.random.shuffle(a)
p = np.random.permutation(4)
result = a, items, p, random.random(), rng.integers(5), np.random.choice([1.5, 2.5])""",
    "object arrays and lists of arrays": """
d = np.empty(2, dtype=object)
for l in range(2):
    d[l] = np.zeros((2, 2))
d[0] = d[0] + np.outer([1, 2], [3, 4])
d[1][0][1] += 5
g = [w + 1 for w in d]
result = [x.tolist() for x in d], [x.tolist() for x in g]""",
    "async": """
import asyncio
async def f(x):
    await asyncio.sleep(0)
    return x * 2
async def g():
    return [await f(i) for i in range(3)]
loop = asyncio.new_event_loop()
result = loop.run_until_complete(g())
loop.close()""",
    "the main guard": """
result = None
if __name__ == "__main__":
    result = 3 * 4""",
}


def run(text: str, recorder: Recorder | None) -> object:
    np.random.seed(1)  # noqa: NPY002 - what scripts draw from
    random.seed(1)
    main = {"__name__": "__main__", "np": np, **(recorder.namespace if recorder else {})}
    code = recorder.compile(text, "script.py") if recorder else compile(text, "script.py", "exec")
    exec(code, main)
    return main["result"]


def as_bits(value: object) -> object:
    if isinstance(value, np.ndarray):
        return value.dtype.str, value.shape, value.tobytes() if value.dtype != object else repr(value)
    if isinstance(value, (list, tuple)):
        return type(value).__name__, [as_bits(part) for part in value]
    if isinstance(value, dict):
        return {key: as_bits(part) for key, part in value.items()}
    return type(value).__name__, float(value).hex() if isinstance(value, float) else repr(value)


@pytest.mark.parametrize("text", SNIPPETS.values(), ids=SNIPPETS)
def test_hooks_change_nothing(text):
    plain = run(text, None)
    assert as_bits(run(text, Recorder(lambda recording: 0))) == as_bits(plain)


def test_an_error_keeps_its_kind_and_its_line():
    text = "a = np.ones(3)\n\nb = a + np.ones(4)\n"
    with pytest.raises(ValueError, match="broadcast") as caught:
        run(text + "result = b", Recorder(lambda recording: 0))
    assert any(entry.path == "script.py" and entry.lineno == 2 for entry in caught.traceback) or any(
        str(entry.path) == "script.py" for entry in caught.traceback
    )


def test_positions_are_those_of_the_expression():
    places = []
    rewritten("x = 1\nif x:\n    y = (x + 2) * x\n", "s.py", places)
    sites = {place.site.text: place.site for place in places}
    product = sites["(x + 2) * x"]
    assert (product.line, product.column, product.end_column) == (3, 9, 20)
    assert (sites["x + 2"].line, sites["x + 2"].column) == (3, 10)


def test_what_a_script_catches_does_not_keep_it_running():
    text = """
n = 0
w = np.random.randn(3)
while True:
    try:
        w = w * 0.5
        n += 1
    except BaseException:
        pass
"""
    recorder = Recorder(lambda recording: 2 if len(recording.tape) > 500 else 0)
    with pytest.raises(Stopped):
        run(text + "result = n", recorder)
    assert recorder.recording.complete
