"""The rows of the matrix judge reports rightly."""

from types import SimpleNamespace

import pytest

import unstuck

from . import matrix
from .trial import Trial


def reported(monkeypatch, verdict="faulty", findings=(), notes=()):
    def entries(pairs):
        return [{"code": code, "grade": grade, "location": None} for code, grade in pairs]

    document = {"verdict": verdict, "findings": entries(findings), "notes": entries(notes)}
    report = SimpleNamespace(to_dict=lambda: document)
    monkeypatch.setitem(vars(unstuck), "diagnose", lambda case, budget, cures: report)


PLANTED = Trial("relu_softmax", ("B16 DeltaWithoutInputs",))


@pytest.mark.parametrize(
    ("findings", "notes", "complaint"),
    [
        ([("B16", "proved")], [], ""),
        ([("B07", "proved")], [], ""),  # a declared look-alike
        ([("B16", "proved"), ("U07", "measured")], [], ""),  # a true side effect
        ([], [("F05", "suspected")], "B07 or B14 or B16 not named"),
        ([("B16", "proved"), ("F05", "suspected")], [], "F05 is false"),
        ([("B16", "proved")], [("F05", "proved")], "F05 falsely proved"),
        ([("B16", "proved")], [("F05", "suspected")], ""),  # a note may say more
        ([], [("B16", "proved")], "only noted, although it costs 0."),
    ],
)
def test_a_planted_fault(monkeypatch, findings, notes, complaint):
    reported(monkeypatch, findings=findings, notes=notes)
    complaints = matrix.run(PLANTED).complaints()
    assert len(complaints) == bool(complaint)
    assert complaint in "".join(complaints)


def test_a_harmless_setting_need_not_be_named(monkeypatch):
    reported(monkeypatch, verdict="healthy")
    assert not matrix.run(Trial("relu_softmax", ("A05 UniformFromZeroToOne",))).complaints()
    assert matrix.run(Trial("tanh_columns", ("A05 UniformFromZeroToOne",))).complaints()


def test_a_healthy_network(monkeypatch):
    reported(monkeypatch, verdict="faulty", findings=[("A02", "measured")])
    assert matrix.run(Trial("nielsen")).complaints() == ["a healthy program called faulty", "A02 is false"]
    reported(monkeypatch, verdict="healthy", notes=[("A02", "measured")])
    assert not matrix.run(Trial("nielsen")).complaints()


def test_a_crash_of_the_diagnosis_is_a_complaint(monkeypatch):
    def crash(case, budget, cures):
        raise IndexError("list index out of range")

    monkeypatch.setitem(vars(unstuck), "diagnose", crash)
    complaints = matrix.run(PLANTED).complaints()
    assert "IndexError: list index out of range" in complaints


def test_the_command_prints_totals_and_writes_json(monkeypatch, tmp_path, capsys):
    reported(monkeypatch, verdict="healthy")
    out = tmp_path / "matrix.json"
    matrix.main(["--healthy", "2", "--written", "--only", "U12", "--out", str(out)])
    assert '"with_false_finding": 0' in capsys.readouterr().out
    assert '"verdict": "healthy"' in out.read_text()
