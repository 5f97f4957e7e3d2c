"""A cure as a change of one line: what is changed, what is left alone, and that the changed program is cured."""

import re
from pathlib import Path

import pytest

from unstuck.cli.diagnosis import diagnose_file
from unstuck.diagnosis.source.change import COLUMNS, ROWS, change_line

STUCK = Path(__file__).resolve().parents[3] / "examples" / "stuck"

CHANGES = [
    ("D03", "return (x - 128) / 128", "return (x.astype(float) - 128) / 128"),
    ("F01", "return e / e.sum()", "return e / e.sum(axis=1, keepdims=True)"),
    ("F01", "return np.exp(Z)/np.sum(np.exp(Z))", "return np.exp(Z)/np.sum(np.exp(Z), axis=1, keepdims=True)"),
    ("F01", "return e / sum(e)", "return e / e.sum(axis=1, keepdims=True)"),
    ("F02", "return e / e.sum(axis=0)", "return e / e.sum(axis=1, keepdims=True)"),
    ("F02", "p = e / np.sum(e, axis=1, keepdims=True)", "p = e / np.sum(e, axis=0, keepdims=True)"),
    ("F03", "e = np.exp(z)", "e = np.exp(z - z.max(axis=1, keepdims=True))"),
    ("F04", "return 1 / (1 + np.exp(x))", "return 1 / (1 + np.exp(-x))"),
    ("F04", "return 1 / (1 + np.exp(x + b))", "return 1 / (1 + np.exp(-(x + b)))"),
    ("U01", "self.w += rate * dw", "self.w -= rate * dw"),
    ("B10", "größe = y - a", "größe = a - y"),
]


@pytest.mark.parametrize(("code", "before", "after"), CHANGES, ids=lambda value: value)
def test_one_line(code, before, after):
    assert change_line(code, before).line == after


@pytest.mark.parametrize(
    ("before", "factor", "after"),
    [
        ("RATE = 1.5", 0.2, "RATE = 0.3"),
        ("def train(self, x, y, lr=0.01):", 30, "def train(self, x, y, lr=0.3):"),
        ("größe = 1e-4", 2000, "größe = 0.2"),
    ],
)
def test_the_only_number_of_a_setting_is_scaled(before, factor, after):
    assert change_line("U07", before, factor).line == after


def test_numbers_of_passes_stay_whole():
    assert change_line("U09", "EPOCHS = 3", 2.5).line == "EPOCHS = 8"


@pytest.mark.parametrize(
    ("code", "line", "factor"),
    [
        ("U07", "train(0.1, 30)", 0.1),  # which of the two?
        ("U07", "RATE = 1.5", None),  # to what?
        ("U07", "RATE = 2 ** -3", 0.1),
        ("F01", "total = e.sum()", None),
        ("F01", "return e / e.sum() / f.sum()", None),
        ("F03", "return np.exp(z) / np.exp(z).sum()", None),
        ("F01", "return e / (", None),  # a part of a statement
        ("D03", "return (load(path) - 128) / 128", None),
        ("B01", "delta = back * a", None),  # the derivative has a name of its own here
    ],
)
def test_what_is_not_sure_is_left_alone(code, line, factor):
    assert change_line(code, line, factor) is None


def test_examples_as_columns_have_their_classes_along_the_other_axis():
    change = change_line("F01", "return e / np.sum(e)", columns=True)
    assert change.line == "return e / np.sum(e, axis=0, keepdims=True)"
    assert change.remark == COLUMNS
    assert change_line("F03", "e = np.exp(z)", columns=True).line == "e = np.exp(z - z.max(axis=0, keepdims=True))"


def test_what_is_taken_for_granted_is_said():
    assert change_line("F01", "return e / e.sum()").remark == ROWS
    assert change_line("F02", "return e / e.sum(axis=0)").remark == ""


@pytest.mark.parametrize(("name", "code"), [("batch_softmax", "F01"), ("five_updates", "U07")])
def test_a_program_with_its_line_changed_has_the_fault_no_more(name, code, tmp_path):
    source = (STUCK / f"{name}.py").read_text(encoding="utf-8")
    report = diagnose_file(STUCK / f"{name}.py", budget=10, cures=True)
    finding = next(finding for finding in report.findings if finding.rule.code == code)
    lines = source.splitlines()
    old = lines[finding.location.line - 1]
    indent = re.match(r"\s*", old)[0]
    lines[finding.location.line - 1] = indent + finding.change.line
    changed = tmp_path / f"{name}.py"
    changed.write_text("\n".join(lines) + "\n", encoding="utf-8")
    left = {f.rule.code for f in diagnose_file(changed, budget=10, cures=False).findings}
    assert code not in left
    assert left < {f.rule.code for f in report.findings}
