"""Edits change the expression that was found, in the program's own words, and nothing else."""

import ast

import pytest

from unstuck.adapters.fixes import search  # noqa: F401 - registers the edits
from unstuck.adapters.fixes.edit import Edit, Fault, alternatives, applied
from unstuck.adapters.fixes.fix import changes
from unstuck.adapters.fixes.syntax import Span, Syntax, numbers_behind

RATE = """def train(lr=0.01):
    W = W - lr * g
train()
"""


def fixed(
    text, code, line, column, hidden="sigmoid", layer=1, settings=None, reading=None, reduction="mean", rate=0.01
):
    """The programs that the alternatives make, the likeliest first."""
    finding = {"code": code, "layer": layer, "location": {"line": line, "column": column}}
    report = {
        "network": {"hidden": [hidden], "sizes": [3, 4, 2], "update": {"learning_rate": rate, "reduction": reduction}},
        "cures": [{"settings": settings or {}}],
        "reading": reading or {},
    }
    return [applied(text, edits) for edits in alternatives(Fault(finding, report, Syntax(text)))]


@pytest.mark.parametrize(
    ("code", "hidden", "before", "column", "after"),
    [
        ("B01", "sigmoid", "d1 = (d2 @ W2.T) * (a)\n", 6, "d1 = (d2 @ W2.T) * (a * (1 - a))\n"),
        ("B01", "tanh", "d1 = np.dot(d2, W2.T) * a\n", 6, "d1 = np.dot(d2, W2.T) * (1 - a ** 2)\n"),
        ("B01", "relu", "d = W.T.dot(e) * self.relu(z)\n", 5, "d = W.T.dot(e) * (z > 0)\n"),
        ("B03", "tanh", "d = (e @ W.T) * (1 - np.tanh(a) ** 2)\n", 5, "d = (e @ W.T) * (1 - a ** 2)\n"),
        (
            "F01",
            "relu",
            "s = np.exp(z) / np.sum(np.exp(z))\n",
            5,
            "s = np.exp(z) / np.sum(np.exp(z), axis=1, keepdims=True)\n",
        ),
        ("F02", "relu", "s = e / e.sum(axis=0, keepdims=True)\n", 5, "s = e / e.sum(axis=1, keepdims=True)\n"),
        ("F04", "relu", "s = 1 / (1 + np.exp(z))\n", 5, "s = 1 / (1 + np.exp(-z))\n"),
        ("B16", "relu", "d = np.dot(h, (1-h)) * e\n", 5, "d = (h * (1-h)) * e\n"),
    ],
)
def test_an_expression_is_put_right_where_it_stands(code, hidden, before, column, after):
    assert after in fixed(before, code, 1, column, hidden)


def test_a_missing_slope_is_made_of_the_activation_in_the_gradient_above():
    text = "g2 = a.T @ d2  # keep\nd1 = d2 @ W2.T\n"
    assert "g2 = a.T @ d2  # keep\nd1 = d2 @ W2.T * a * (1 - a)\n" in fixed(text, "B02", 2, 6)


def test_every_update_is_turned():
    text = "W += rate * g\nb = b + rate * h\n"
    reading = {"parameters": [{"updated_at": 1, "line": 9, "shape": []}, {"updated_at": 2, "line": 9, "shape": []}]}
    assert fixed(text, "U01", 1, 1, reading=reading)[0] == "W -= rate * g\nb = b - rate * h\n"


def test_the_number_behind_the_rate_is_changed():
    reading = {"parameters": [{"updated_at": 2, "line": 9, "shape": []}]}
    words = {"U08": "rate 0.5 on the mean gradient"}
    assert fixed(RATE, "U08", 2, 1, settings=words, reading=reading) == [RATE.replace("0.01", "0.5")]


def test_a_rate_that_multiplies_in_place_is_found_and_counts_the_examples():
    text = "def train(data, rate):\n    step *= rate\n    W -= step\ntrain('a.csv', 0.1)\n"
    reading = {"parameters": [{"updated_at": 3, "line": 9, "shape": []}], "update": {"batch_size": 100}}
    words = {"B09": "rate 0.05 on the mean gradient"}
    assert fixed(text, "B09", 3, 5, settings=words, reading=reading, reduction="sum") == [text.replace("0.1", "0.005")]


def test_first_weights_are_drawn_for_their_inputs():
    text = "W = np.random.rand(n, m)/100  # mine\n"
    reading = {"parameters": [{"line": 1, "updated_at": 3, "shape": [3, 4]}]}
    assert fixed(text, "A05", 1, 5, reading=reading)[0] == "W = np.random.randn(n, m) / np.sqrt(n)  # mine\n"
    turned = {"parameters": [{"line": 1, "updated_at": 3, "shape": [4, 3]}]}
    assert fixed(text, "A05", 1, 5, reading=turned)[0] == "W = np.random.randn(n, m) / np.sqrt(m)  # mine\n"


def test_a_scaled_copy_that_nobody_reads_is_used():
    text = "X = load()\nX_scaled = scale(X)\nX_train = X[:10]\n"
    assert "X = load()\nX_scaled = scale(X)\nX_train = X_scaled[:10]\n" in fixed(text, "D02", 3, 1)


def test_test_labels_get_the_test_inputs():
    text = "train_x = a\ntest_x = b\ntest_set = list(zip(train_x, test_labels))\n"
    assert text.replace("zip(train_x", "zip(test_x") in fixed(text, "D11", 3, 1)


ARRAYS = [("W1", [3, 4]), ("b1", [4]), ("W2", [4, 2]), ("b2", [2])]
LEARNING = {"parameters": [{"name": name, "shape": shape, "line": 1, "updated_at": 9} for name, shape in ARRAYS]}
FORWARD = "a = act(x @ W1 + b1)\nout = act(a @ W2 + b2)\n"


@pytest.mark.parametrize(
    ("code", "line", "before", "column", "after"),
    [
        ("B05", 3, "d1 = d2 @ W1.T * slope\n", 6, "d1 = d2 @ W2.T * slope\n"),
        ("B05", 3, "d1 = (d2 @ W2) * slope\n", 7, "d1 = (d2 @ W2.T) * slope\n"),
        ("B05", 3, "d1 = np.dot(d2, W1.T) * slope\n", 6, "d1 = np.dot(d2, W2.T) * slope\n"),
        ("B07", 3, "g2 = x.T @ d2\n", 6, "g2 = a.T @ d2\n"),
        ("B07", 3, "g2 = np.dot(d2.T, x)\n", 6, "g2 = np.dot(d2.T, a)\n"),
        ("B17", 3, "g1 = x.T @ d1 / n / n\n", 6, "g1 = x.T @ d1 / n\n"),
        ("B17", 3, "g1 = 1000 * (x.T @ d1)\n", 6, "g1 = x.T @ d1\n"),
        ("B17", 3, "W1 -= rate * 100 * (x.T @ d1) / n\n", 1, "W1 -= rate * (x.T @ d1) / n\n"),
        ("B17", 3, "g1 = x.T @ d1\ng2 = a.T @ d2 / len(x)\n", 6, "g1 = (x.T @ d1) / len(x)\ng2 = a.T @ d2 / len(x)\n"),
    ],
)
def test_operands_become_those_of_the_forward_pass(code, line, before, column, after):
    assert FORWARD + after in fixed(FORWARD + before, code, line, column, reading=LEARNING)


@pytest.mark.parametrize(
    ("words", "others"),
    [
        ("W[i]", ["W[i + 1]", "W[i - 1]"]),
        ("W[-i]", ["W[-i + 1]", "W[-i - 1]"]),
        ("W[i + 1]", ["W[i]"]),
        ("W[1]", ["W[2]"]),
    ],
)
def test_elements_of_lists_become_their_neighbours(words, others):
    lists = {"parameters": [{"name": "W[0]", "shape": [3, 4], "line": 1, "updated_at": 9}]}
    made = fixed(f"d = d @ {words}.T * slope\n", "B05", 1, 5, reading=lists)
    assert {f"d = d @ {other}.T * slope\n" for other in others} <= set(made)


def test_an_update_is_moved_behind_the_errors_that_need_the_old_weights():
    text = "def step():\n    W2 -= rate * g2  # output\n    b2 -= rate * d2\n    d1 = d2 @ W2.T * slope\n    W1 -= g1\n"
    right = (
        "def step():\n    b2 -= rate * d2\n    d1 = d2 @ W2.T * slope\n    W2 -= rate * g2  # output\n    W1 -= g1\n"
    )
    assert fixed(text, "B06", 4, 10, reading=LEARNING) == [right]
    assert fixed(text, "B06", 4, 15, reading=LEARNING) == [right]  # the weights themselves
    last = text.removesuffix("    W1 -= g1\n").removesuffix("\n")
    assert fixed(last, "B06", 4, 10, reading=LEARNING) == [right.removesuffix("    W1 -= g1\n").removesuffix("\n")]


def test_a_bias_is_added_where_it_is_missing():
    text = "a = act(np.dot(x, W1))\nout = act(a @ W2 + b2)\n"
    assert text.replace("np.dot(x, W1)", "np.dot(x, W1) + b1") in fixed(text, "F07", 1, 5, reading=LEARNING)


def test_a_decay_is_taken_away():
    text = "lam = 0.5  # mine\nW -= rate * (g + lam * W)\n"
    assert text.replace("0.5", "0") in fixed(text, "U10", 2, 1, settings={"U10": "no decay"})


def test_layers_are_as_wide_as_those_that_learnt():
    text = "n_hidden = 4\nW1 = np.random.randn(3, n_hidden)\nW2 = np.random.randn(n_hidden, 2)\n"
    reading = {"parameters": [{"name": f"W{i}", "line": i + 1, "shape": [3, 4], "updated_at": 9} for i in (1, 2)]}
    words = {"A08": "hidden layers of 32 units"}
    assert fixed(text, "A08", 2, 1, settings=words, reading=reading) == [text.replace("n_hidden = 4", "n_hidden = 32")]


@pytest.mark.parametrize("code", ["D07", "D08"])
def test_labels_are_not_scaled_as_pixels(code):
    text = "x = images / 255\nt = one_hot(y_train / 255.0)\n"
    assert text.replace("y_train / 255.0", "y_train") in fixed(text, code, 2, 5)
    assert all("images / 255" in made for made in fixed(text, code, 2, 5))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("print(np.mean(np.argmax(p) == y))\n", "print(np.mean(np.argmax(p, axis=1) == y))\n"),
        ("print(np.mean(p.argmax(axis=0) == y))\n", "print(np.mean(p.argmax(axis=1) == y))\n"),
        ("print(np.max(p.argmax(axis=1) == y))\n", "print(np.mean(p.argmax(axis=1) == y))\n"),
    ],
)
def test_right_answers_are_counted(before, after):
    assert after in fixed(before, "E01", 1, 7)


def test_what_is_not_understood_is_not_edited():
    assert fixed("d = f(e)\n", "B02", 1, 5) == []
    assert fixed("d = (e @ W.T) * a\n", "B01", 1, 5, hidden="softplus") == []


def test_overlapping_edits_are_refused():
    with pytest.raises(ValueError, match="overlap in line 1"):
        applied("abc\n", [Edit(Span(1, 1, 1, 3), "x"), Edit(Span(1, 2, 1, 4), "y")])


def test_a_change_is_told_as_its_smallest_span():
    old, new = "a = 1\nb = a + c\n", "a = 1\nb = a - c\n"
    assert list(changes(old, new)) == [(Span(2, 7, 2, 8), "-")]
    again = [Edit(span, words) for span, words in changes(old, new)]
    assert applied(old, again) == new


@pytest.mark.parametrize(
    ("code", "text", "line", "right"),
    [
        ("F03", "p = np.exp(z) / s\n", 1, "p = np.exp(z - np.max(z, axis=1, keepdims=True)) / s\n"),
        ("F12", "a = f(x @ W) + b\n", 1, "a = f(x @ W + b)\n"),
        ("L03", "loss = -np.mean(y * np.log(a))\n", 1, "loss = -np.mean(y * np.log(a + 1e-12))\n"),
        ("U04", "v = -mu * v - lr * g\n", 1, "v = mu * v - lr * g\n"),
        ("U15", "W = W - lr * (g - lam * W)\n", 1, "W = W - lr * (g + lam * W)\n"),
        ("U12", "m_hat = m * (1 - beta ** t)\n", 1, "m_hat = m / (1 - beta ** t)\n"),
        ("U05", "for w, g in z:\n    w = w - lr * g\n", 2, "for w, g in z:\n    w -= lr * g\n"),
        ("B13", "W1, g1, g2 = a, b, c\nW2 -= lr * g2\n", 0, "W1, g1, g2 = a, b, c\nW2 -= lr * g2\nW1 -= lr * g1\n"),
        ("U06", "W = np.zeros(3, dtype=int)\n", 1, "W = np.zeros(3, dtype=float)\n"),
        ("B08", "gb = np.sum(d)\n", 1, "gb = np.sum(d, axis=0, keepdims=True)\n"),
        ("B20", "gb = d[0]\n", 1, "gb = d.sum(axis=0)\n"),
        ("F06", "def relu(z): ...\nout = relu(z)\n", 2, "def relu(z): ...\nout = z\n"),
        ("F08", "def relu(z): ...\ndef softmax(z): ...\na = softmax(z)\n", 3, None),
        ("F05", "def relu(z): ...\na = relu(x @ V)\nh = a @ W + b\n", 3, None),
    ],
)
def test_a_statement_is_put_right(code, text, line, right):
    column = {"B08": 6, "B20": 6, "F05": 5}.get(code)
    ends = {"F08": "a = relu(z)\n", "F05": "h = relu(a @ W + b)\n"}
    made = fixed(text, code, line, column)
    assert right in made if right else any(changed.endswith(ends[code]) for changed in made)


def test_the_slope_is_that_of_the_own_activation():
    text = "def slope(a):\n    return a * (1 - a)\nd = (e @ W.T) * slope(h)\n"
    assert text.replace("a * (1 - a)", "1 - a ** 2") in fixed(text, "B18", 3, 5, hidden="tanh")


def test_examples_are_put_in_a_new_order_before_the_training():
    text = "for epoch in range(9):\n    W -= lr * step(X, Y)\n"
    reading = {"inputs": {"name": "X"}, "targets": {"name": "Y"}, "parameters": [{"updated_at": 2, "shape": []}]}
    right = f"order = np.random.permutation(len(X))\nX, Y = X[order], Y[order]\n{text}"
    assert right in fixed(text, "D12", 2, None, reading=reading)


def test_the_whole_slope_is_multiplied_by_the_error_sent_back():
    text = "a = act(x @ W1)\nz = a @ W2\ng2 = a.T @ d2\nd1 = (1 - a ** 2)\n"
    column = text.splitlines()[3].index("a ** 2") + 1
    right = text.replace("(1 - a ** 2)", "((d2 @ W2.T) * (1 - a ** 2))")
    assert right in fixed(text, "B12", 4, column, hidden="tanh")


def test_a_rate_is_told_from_a_momentum_and_put_where_there_is_none():
    reading = {"parameters": [{"updated_at": 3, "line": 1, "shape": [2, 3]}]}
    settings = {"U07": "rate 0.001 on the mean gradient"}
    text = "lr = 0.01\nmu = 0.9\nW -= lr * g + mu * v\n"
    assert fixed(text, "U07", 3, 1, settings=settings, reading=reading) == [text.replace("0.01", "0.001")]
    text = "\n\nW -= g * a\n"
    plain = fixed(text, "U07", 3, 1, settings=settings, reading=reading, rate=1.0)
    assert plain == ["\n\nW -= 0.001 * g * a\n"]


def test_more_rounds_are_made():
    text = "for k in range(5):\n    W -= step()\n"
    reading = {"update": {"updates_planned": 5, "batch_size": 3000}, "parameters": []}
    for batches in ("", " on batches of 20"):  # this program has no number to make them smaller
        first, *others = fixed(text, "U09", 1, 1, settings={"U09": f"1,000 updates{batches}"}, reading=reading)
        assert first == text.replace("5", "1000")
        assert others == ([text.replace("5", "5000")] if batches else [])


def test_batches_are_made_smaller_where_their_size_is_written():
    text = "size = 500\nfor k in range(2):\n    for i in range(0, n, size):\n        W -= step(x[i:i + size])\n"
    reading = {"update": {"updates_planned": 4, "batch_size": 500}, "parameters": []}
    for updates, rounds in (("100", "2"), ("1,000", "20")):
        first, *_ = fixed(text, "U09", 2, 1, settings={"U09": f"{updates} updates on batches of 20"}, reading=reading)
        assert first == text.replace("500", "20").replace("range(2)", f"range({rounds})")


def test_the_object_of_a_method_is_no_number():
    syntax = Syntax("class Net:\n    def step(self):\n        return self\nnet.step()\nnet.step(5)\n")
    (returned,) = [node for node in syntax.nodes if isinstance(node, ast.Return)]
    assert numbers_behind(syntax, returned.value) == []
