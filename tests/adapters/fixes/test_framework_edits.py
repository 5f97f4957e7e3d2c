"""For what is found in written programs of PyTorch and Keras, one of the first edits makes the right program of it."""

from itertools import islice
from pathlib import Path

import pytest

from unstuck.adapters.fixes.edit import PROPOSALS, Fault, alternatives, applied
from unstuck.adapters.fixes.search import MOST_ALTERNATIVES
from unstuck.adapters.fixes.syntax import Syntax

PROGRAMS = Path(__file__).parents[2] / "programs"
FOUND = [  # program, code, line, column, what is said, numbers, line of the loss
    (
        "pytorch/accuracy-spread-over-labels",
        "E01",
        21,
        14,
        "answers of shape (100, 1) (gt 0.5) against labels of shape (100,)",
        {},
        15,
    ),
    (
        "pytorch/argmax-over-examples",
        "E01",
        35,
        25,
        "answers of shape (10,) (argmax along axis 0) against labels of shape (10,)",
        {},
        26,
    ),
    (
        "pytorch/climbs",
        "U01",
        27,
        9,
        "derivatives are taken of minus the loss, and the optimiser goes down: the loss is climbed",
        {},
        26,
    ),
    ("pytorch/divided-by-batches", "E01", 36, 31, "318 right answers of 397 examples are divided by 4", {}, 26),
    (
        "pytorch/forward-without-graph",
        "B13",
        15,
        5,
        "the loss depends on no parameter: it is made where no graph is recorded",
        {},
        None,
    ),
    (
        "pytorch/graph-cut-by-detach",
        "B13",
        20,
        20,
        "2 of 4 parameters that the optimiser holds (0.weight, 0.bias) get no gradient: detach() takes what t",
        {},
        21,
    ),
    (
        "pytorch/hand-written-step-keeps-gradients",
        "U02",
        15,
        9,
        "update 4 uses the gradients of earlier updates too: 2 of 2 parameters held them when derivatives wer",
        {},
        14,
    ),
    (
        "pytorch/labels-counted-from-one",
        "D09",
        14,
        12,
        "class numbers from 1 to 3 are given to 3 outputs, which count from 0",
        {},
        14,
    ),
    (
        "pytorch/labels-plus-minus-one-in-binary",
        "D08",
        13,
        12,
        "50% of the targets of a binary cross-entropy lie outside of 0 to 1, at -1 to 1",
        {},
        13,
    ),
    (
        "pytorch/layers-in-a-list",
        "U11",
        10,
        24,
        "6 of the 8 parameters that the loss depends on are held by no optimiser: weight, weight, weight, bia",
        {},
        36,
    ),
    (
        "pytorch/loss-made-anew",
        "B13",
        13,
        26,
        "derivatives are taken of a tensor that is made anew and depends on no parameter of the model",
        {},
        13,
    ),
    (
        "pytorch/lstm-axes-mixed",
        "F14",
        30,
        39,
        "with the first example of a batch replaced by another, the answers to all others change by 0.7%",
        {},
        30,
    ),
    ("pytorch/model-made-in-the-loop", "U16", 23, 13, "100 updates were made to 100 models: each is made anew", {}, 26),
    (
        "pytorch/old-parameters-after-new-head",
        "U11",
        23,
        13,
        "none of the 4 parameters that the loss depends on is held by the optimiser: it holds those of anothe",
        {},
        29,
    ),
    (
        "pytorch/only-the-last-layer-held",
        "U11",
        21,
        13,
        "2 of the 4 parameters that the loss depends on are held by no optimiser: squeeze.weight, squeeze.bia",
        {},
        25,
    ),
    (
        "pytorch/predictions-in-another-order",
        "E02",
        38,
        25,
        "of 540 answers 94.1% are right by the labels that came with them; they are compared with the same la",
        {},
        25,
    ),
    ("pytorch/relu-on-scores", "F06", 17, 5, "the scores go through relu before the loss", {}, None),
    ("pytorch/schedule-after-every-batch", "U08", 19, 9, "the schedule moves after every batch", {}, None),
    ("pytorch/sigmoid-before-logits-loss", "L01", 21, 16, "the loss applies a sigmoid to the result of one", {}, None),
    ("pytorch/softmax-before-cross-entropy", "L01", 17, 5, "the loss applies a softmax to probabilities", {}, None),
    ("pytorch/softmax-of-one-unit", "A04", 15, 20, "a softmax of one unit is 1 for every example", {}, None),
    ("pytorch/one-sigmoid-for-ten-digits", "D08", 10, 71, "81% of the targets, 0 to 9, lie outside", {}, 18),
    ("pytorch/sorted-and-not-shuffled", "D12", 11, 9, "the class changes 9 times over 1400 examples", {}, None),
    ("pytorch/state-kept-across-sequences", "F14", 46, 26, "1 times a layer starts from the old state", {}, None),
    ("pytorch/test-pixels-not-scaled", "D05", 34, 23, "inputs are 15.9 times as widely spread", {}, None),
    (
        "pytorch/threshold-of-probabilities-on-scores",
        "E01",
        24,
        18,
        "answers of shape (64, 1) (round) against labels of shape (64, 1)",
        {},
        None,
    ),
    ("pytorch/validated-on-training-set", "D06", 40, 25, "40 of the 40 examples were learnt from", {}, None),
    ("pytorch/view-for-transpose", "F15", 17, 13, "a reshape from (50, 8, 8, 3) to (50, 3, 8, 8)", {}, None),
    (
        "pytorch/target-spread-over-predictions",
        "D09",
        15,
        14,
        "a table of n × n numbers",
        {"first": [400, 1], "second": [400]},
        15,
    ),
]


def proposals(text, framework, code, line, column, summary="", evidence=None, loss=None):
    """The texts that the edits for a finding make, the likeliest first."""
    location = {"line": line, "column": column}
    finding = {"code": code, "layer": None, "location": location, "summary": summary, "evidence": evidence or {}}
    reading = {"framework": framework, "loss": {"line": loss} if loss else None, "parameters": []}
    report = {"reading": reading, "network": {"hidden": None, "sizes": [], "update": {}}, "cures": [], "proof": None}
    found = islice(alternatives(Fault(finding, report, Syntax(text))), MOST_ALTERNATIVES)
    return [applied(text, edits) for edits in found]


@pytest.mark.parametrize(("program", "code", "line", "column", "said", "numbers", "loss"), FOUND)
def test_a_written_program_becomes_the_right_one(program, code, line, column, said, numbers, loss):
    folder = PROGRAMS / program
    broken, right = (folder / "broken.py").read_text(), (folder / "right.py").read_text()
    assert right in proposals(broken, program.split("/")[0], code, line, column, said, numbers, loss)


@pytest.mark.parametrize(
    ("framework", "code", "before", "after"),
    [
        ("pytorch", "L01", "out = F.softmax(self.fc(h), dim=1)\n", "out = self.fc(h)\n"),
        ("pytorch", "L01", "out = self.fc(h).softmax(1)\n", "out = self.fc(h)\n"),
        ("pytorch", "L01", "out = self.softmax(self.fc(h))\n", "out = self.fc(h)\n"),
        ("pytorch", "L01", "out = nn.Softmax(dim=1)(h)\n", "out = h\n"),
        ("pytorch", "L02", "out = F.softmax(z, dim=1)\n", "out = F.log_softmax(z, dim=1)\n"),
        ("pytorch", "L02", "loss = nn.BCELoss()\n", "loss = nn.BCEWithLogitsLoss()\n"),
        ("pytorch", "F02", "p = z.softmax(dim=0)\n", "p = z.softmax(dim=1)\n"),
        ("pytorch", "F02", "p = torch.softmax(z, 0)\n", "p = torch.softmax(z, 1)\n"),
        ("pytorch", "A04", "act = nn.Softmax(dim=1)\n", "act = nn.Sigmoid()\n"),
        ("pytorch", "U02", "for x in d:\n    loss.backward()\n    opt.step()\n", None),
        ("keras", "L01", 'top = Dense(10, activation="softmax")\n', "top = Dense(10)\n"),
        ("keras", "D08", 'top = Dense(1, activation="relu")(h)\n', "top = Dense(1)(h)\n"),
        ("keras", "L02", "top = Dense(\n    10,\n)\n", 'top = Dense(\n    10, activation="softmax")\n'),
        (
            "keras",
            "L02",
            "top = Dense(\n    10  # classes\n)\n",
            'top = Dense(\n    10  # classes\n, activation="softmax")\n',
        ),
        ("keras", "E01", 'model.compile(metrics=["binary_accuracy"])\n', 'model.compile(metrics=["accuracy"])\n'),
    ],
)
def test_an_edit_is_one_of_a_person(framework, code, before, after):
    found = proposals(before, framework, code, 1, None)
    if after is None:
        found = proposals("opt = torch.optim.SGD(p, lr=1)\n" + before, framework, code, 3, 5)
        after = "opt = torch.optim.SGD(p, lr=1)\n" + before.replace("    loss", "    opt.zero_grad()\n    loss")
    assert after in found


def test_the_edits_of_a_framework_are_for_its_scripts_only():
    text = "out = F.softmax(z, dim=1)\n"
    assert proposals(text, "pytorch", "L01", 1, 7)
    assert not proposals(text, "numpy", "L01", 1, 7)


@pytest.mark.parametrize("text", ["if ready: loss.backward(); opt.step()\n", "loss.backward(); opt.step()\n"])
def test_a_statement_that_shares_its_line_is_left_alone(text):
    assert not proposals(f"opt = torch.optim.SGD(p, lr=1)\n{text}", "pytorch", "U02", 2, None)


def test_a_scaled_copy_takes_its_place_where_the_name_means_the_same():
    text = "X = load()\nX_scaled = X / 255\n\ndef step(X):\n    return X\n\nstep(X)\n"
    changed = proposals(text, "numpy", "D02", 7, 6)
    assert changed == ["X = load()\nX_scaled = X / 255\n\ndef step(X):\n    return X\n\nstep(X_scaled)\n"]


def test_a_scaler_s_answer_is_kept_and_the_test_is_only_transformed():
    text = "s.fit_transform(X_train)\ns.fit_transform(X_test)\n"
    assert "X_train = s.fit_transform(X_train)\nX_test = s.transform(X_test)\n" in proposals(text, "keras", "D02", 1, 1)


def test_inputs_and_targets_are_put_in_one_new_order():
    text = "np.random.shuffle(X)\nnp.random.shuffle(y)\n"
    right = "order = np.random.permutation(len(X))\nX = X[order]\ny = y[order]\n"
    assert right in proposals(text, "pytorch", "D10", 1, 1)


def test_the_error_behind_a_normalisation_loses_its_mean():
    text = """class Norm:
    def forward(self, x):
        mean = x.mean(axis=0)
        self.s = 1.0 / np.sqrt(x.var(axis=0) + eps)
        self.h = (x - mean) * self.s

    def backward(self, d):
        return d * self.s
"""
    right = "        return self.s * (d - d.mean(axis=0) - self.h * (d * self.h).mean(axis=0))\n"
    assert text.replace("        return d * self.s\n", right) in proposals(text, "numpy", "B14", 8, 16)


@pytest.mark.parametrize(
    ("before", "column", "after"),
    [
        ("g = np.average(d)\n", 5, "g = np.sum(d)\n"),
        ("g = b - a\n", 5, "g = a - b\n"),
        ("g = d.reshape(n, m)\n", 5, "g = d.T.reshape(n, m)\n"),
        ("g = a.T @ d\n", 5, "g = a @ d\n"),
        ("g = a * b\n", 5, "g = b\n"),
        ("g = -d\n", 5, "g = d\n"),
        ("g = np.outer(d, x)\n", 5, "g = np.outer(x, d)\n"),
        ("g = (1 - t) * d\n", 5, "g = (1 - t ** 2) * d\n"),
        ("x.grad = d\n", 10, "x.grad += d\n"),
        ("a1 = a2 = g = a1.T @ d\n", 15, "a1 = a2 = g = a2.T @ d\n"),
        ("for t in range(n - 1): g = d\n", 28, "for t in range(n): g = d\n"),
        ("g = p\ng = q\n", 5, None),
    ],
)
def test_one_operation_is_changed_where_a_gradient_departs(before, column, after):
    line = 2 if after is None else 1
    assert (after or "g = p\ng = g + q\n") in proposals(before, "numpy", "B14", line, column)


SGD = "opt = torch.optim.SGD(p, lr=1)\n"
SAID = {
    "binary": "the binary cross-entropy of probabilities is given scores: some lie outside of 0 to 1",
    "rows": "a cross-entropy of probabilities is given numbers whose rows do not sum to 1",
    "axis": "answers of shape (10,) (argmax along axis 0) against labels of shape (10,)",
}


@pytest.mark.parametrize(
    ("framework", "code", "line", "said", "before", "after"),
    [
        ("keras", "L02", 1, SAID["binary"], "Dense(1)\n", 'Dense(1, activation="sigmoid")\n'),
        ("keras", "L02", 1, SAID["rows"], "Dense(9, activation='sigmoid')\n", "Dense(9, activation='softmax')\n"),
        ("keras", "F02", 1, "", "ops.softmax(z, axis=0)\n", "ops.softmax(z, axis=1)\n"),
        ("keras", "D09", 1, "", "f(loss='sparse_categorical_crossentropy')\n", "f(loss='categorical_crossentropy')\n"),
        ("keras", "F05", 1, "", "Dense(8)\nDense(1)\n", 'Dense(8, activation="relu")\nDense(1)\n'),
        ("keras", "F13", 1, "", "out = self(x, training=False)\n", "out = self(x, training=True)\n"),
        ("keras", "U10", 1, "", "D(1, kernel_regularizer=l2(10.0))\n", "D(1, kernel_regularizer=l2(0))\n"),
        ("keras", "D02", 1, "", "x_train = a * 255\nx_test = b * 255\n", "x_train = a / 255\nx_test = b / 255\n"),
        ("keras", "E01", 1, SAID["axis"], "y = np.argmax(p, axis=0)\n", "y = np.argmax(p, axis=1)\n"),
        ("pytorch", "B13", 2, "", "p.requires_grad = False\nl.backward()\n", "p.requires_grad = True\nl.backward()\n"),
        ("pytorch", "U05", 2, "", f"{SGD}l.backward()\n", f"{SGD}l.backward()\nopt.step()\n"),
        ("pytorch", "A01", 1, "", "nn.init.zeros_(m.weight)\n", "nn.init.xavier_uniform_(m.weight)\n"),
        ("pytorch", "A05", 1, "", "nn.init.constant_(p, 0.1)\n", "nn.init.normal_(p, std=0.1)\n"),
        (
            "pytorch",
            "D05",
            9,
            "",
            "a = MNIST(train=True, transform=t)\nb = MNIST(train=False, transform=Norm(0.5))\n",
            "a = MNIST(train=True, transform=t)\nb = MNIST(train=False, transform=t)\n",
        ),
        (
            "pytorch",
            "D05",
            9,
            "",
            "x_test = a\nx_train = s.fit_transform(x_train)\n",
            "x_test = a\nx_train = s.fit_transform(x_train)\nx_test = s.transform(x_test)\n",
        ),
        (
            "pytorch",
            "D06",
            9,
            "",
            "train = Set(rows[:350])\nval = Set(rows[:350])\n",
            "train = Set(rows[:350])\nval = Set(rows[350:])\n",
        ),
        (
            "pytorch",
            "U16",
            3,
            "",
            "model = Net()\nfor x in d:\n    model = Net()\n    fit(model)\n",
            "model = Net()\nfor x in d:\n    fit(model)\n",
        ),
    ],
)
def test_a_statement_of_a_framework_is_put_right(framework, code, line, said, before, after):
    assert after in proposals(before, framework, code, line, None, said)


def test_the_kind_of_change_that_the_proof_tells_is_tried_first():
    text = "g = a - b.T @ d\n"
    finding = {"code": "B14", "layer": None, "location": {"line": 1, "column": 5}, "summary": "", "evidence": {}}
    report = {"reading": {}, "network": {"hidden": None, "update": {}}, "cures": []}
    for kind, first in (("the operands change places", "g = (b.T @ d) - a\n"), ("x", "g = a + (b.T @ d)\n")):
        place = {"line": 1, "text": "a - b.T @ d"}
        proved = {**report, "proof": {"departures": [{"kind": kind, "place": place}]}}
        assert applied(text, next(iter(alternatives(Fault(finding, proved, Syntax(text)))))) == first


def test_what_is_computed_for_the_step_before_is_added():
    text = "def back(d):\n    for t in steps:\n        dc = d * o[t]\n        dc_next = dc * f[t]\n    return dc\n"
    assert text.replace("d * o[t]", "d * o[t] + dc_next") in proposals(text, "numpy", "B14", 3, 14)


def test_an_evaluation_is_not_made_in_training_form():
    text = "def run(x, training=True): ...\nrun(x_test)\n"
    assert "def run(x, training=True): ...\nrun(x_test, training=False)\n" in proposals(text, "numpy", "E03", 2, None)


@pytest.mark.parametrize("text", ["loss = item()\n", "loss = detach()\n", "loss = requires_grad_()\n"])
def test_a_function_of_the_program_is_no_method_that_cuts_the_graph(text):
    assert not proposals(text, "pytorch", "B13", 1, None)


@pytest.mark.parametrize("program", ["pytorch/evaluated-with-dropout", "keras/loop-without-clearing"])
@pytest.mark.parametrize("framework", ["numpy", "pytorch", "keras"])
def test_no_edit_stumbles_over_a_program_that_it_does_not_know(program, framework):
    text = (PROGRAMS / program / "broken.py").read_text()
    syntax = Syntax(text)
    reading = {"framework": framework, "inputs": None, "targets": None, "update": None, "loss": None}
    report = {"reading": reading, "network": {"hidden": None, "update": {}}, "cures": [], "proof": None}
    for code in PROPOSALS:
        for line in range(0, len(syntax.lines), 7):
            location = {"line": line} if line else None
            finding = {"code": code, "layer": None, "location": location, "summary": "", "evidence": {}}
            for edits in alternatives(Fault(finding, report, syntax)):
                assert all(edit.span.line <= len(syntax.lines) + 1 for edit in edits)
