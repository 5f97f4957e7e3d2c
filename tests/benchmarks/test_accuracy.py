"""The table of published results can be measured row by row."""

import json

import pytest
from click.testing import CliRunner

from benchmarks import accuracy


@pytest.fixture
def tiny_row(monkeypatch: pytest.MonkeyPatch) -> accuracy.Published:
    row = accuracy.Published(
        name="tiny",
        error=50.0,
        source="nowhere",
        described="a tiny network",
        hidden=(8,),
        settings=accuracy.RELU | {"epochs": 1},
        candidates=({"learning_rate": 1e-6}, {"learning_rate": 0.1}),
    )
    monkeypatch.setattr(accuracy, "ROWS", {"tiny": row})
    return row


def test_settings_are_chosen_by_validation_and_errors_counted_for_each_seed(tiny_row) -> None:
    counts = []
    for measured in accuracy.measure(tiny_row, seeds=2, examples=1200):
        counts.append(len(measured.errors))
    assert counts == [1, 2]
    assert measured.chosen == {"learning_rate": 0.1}
    assert len(measured.validation_errors) == 2
    assert all(0 < error < 80 for error in measured.errors)


def test_the_command_records_a_row_and_prints_the_table(tiny_row, tmp_path, monkeypatch) -> None:
    measured = accuracy.Measured({"learning_rate": 0.1}, [9.0], [8.0, 10.0], [1.0, 3.0], "a machine")
    monkeypatch.setattr(accuracy, "measure", lambda row, seeds, epochs: iter([measured]))
    command = accuracy.main
    command.params[0].type = accuracy.Names(("tiny",))
    result = CliRunner().invoke(command, ["--rows", "tiny", "--out", str(tmp_path / "accuracy.json")])
    assert result.exit_code == 0, result.output
    assert json.loads((tmp_path / "accuracy.json").read_text())["tiny"]["errors"] == [8.0, 10.0]
    assert (
        "| a tiny network | 50.0 % | nowhere | relu, softmax, cross entropy, 1 epochs | 9.00 % ± 1.41 (2) | 2 |"
        in result.output
    )


def test_every_row_has_what_its_training_needs() -> None:
    assert {row.error for row in accuracy.ROWS.values()} >= {12.0, 4.7, 4.5, 3.05, 2.95, 1.53, 1.6, 0.7, 1.06}
    for row in accuracy.ROWS.values():
        assert all({"learning_rate"} <= set(row.settings | candidate) for candidate in row.candidates)
        assert row.described.startswith("linear") == (not row.hidden)
