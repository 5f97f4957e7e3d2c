"""%%unstuck diagnoses the cell that trains with what the cells before it have defined."""

import pytest

from tests.adapters.scripts.drawn import draw

shells = pytest.importorskip("IPython.core.interactiveshell")


@pytest.fixture
def shell(tmp_path, monkeypatch):
    """An IPython shell in an empty folder, with the extension loaded."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    shells.InteractiveShell.clear_instance()
    made = shells.InteractiveShell.instance()
    made.history_manager.enabled = False
    made.run_cell("%load_ext unstuck", store_history=True)
    yield made
    made.history_manager.end_session()
    shells.InteractiveShell.clear_instance()


def cells(script):
    """A flat script as the cell that prepares and the cell that trains."""
    start = script.text.index("for epoch")
    return script.text[:start], script.text[start:]


def test_a_fault_is_named_at_its_cell_and_the_variables_stay(shell, capsys, tmp_path):
    prepare, train = cells(draw(10, "sign"))
    shell.run_cell(prepare, store_history=True)
    shell.run_cell("1 / 0", store_history=True)
    before = shell.user_ns["W1"].copy()
    shell.run_cell(f"%%unstuck 60\n{train}", store_history=True)
    said = capsys.readouterr().out
    assert "U01 update-ascends" in said
    assert "cell 4" in said
    assert (shell.user_ns["W1"] == before).all()
    assert not list(tmp_path.glob(".unstuck-*"))


@pytest.mark.parametrize("line", ["soon", "-1", "1 2", "inf"])
def test_a_line_that_cannot_be_read_gets_one_sentence(shell, capsys, line):
    shell.run_cell(f"%%unstuck {line}\nx = 1", store_history=True)
    said = capsys.readouterr().out
    assert f"cannot read '{line}', expected %%unstuck [SECONDS] [fix]" in said
    assert "Traceback" not in said


def test_cells_that_train_nothing_get_one_sentence(shell, capsys):
    shell.run_cell("%%unstuck\nx = 1", store_history=True)
    assert "the notebook: ran to its end, and no parameter was seen to change" in capsys.readouterr().out
