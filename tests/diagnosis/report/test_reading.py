"""How a script was read, in words."""

from unstuck.diagnosis.report.contents import Contents
from unstuck.diagnosis.report.page.document import as_html
from unstuck.diagnosis.report.reading import reading_lines
from unstuck.diagnosis.report.text import as_text

READING = {
    "framework": "numpy",
    "data": [{"name": "train.csv", "shape": [42000, 785], "line": 3, "stand_in": "the MNIST of this package"}],
    "inputs": {
        "name": "X",
        "shape": [784, 41000],
        "dtype": "float64",
        "layout": "columns",
        "range": [0, 1.0],
        "line": 12,
    },
    "targets": {"name": "one_hot_y", "shape": [10, 41000], "coding": "one-hot", "line": 46},
    "outputs": {"name": "y_pred", "shape": [10, 41000], "line": 57},
    "parameters": [
        {"name": "w1", "shape": [10, 784], "dtype": "float64", "line": 24, "updated_at": 61},
        {"name": "b", "shape": [], "dtype": "float32", "line": 25, "updated_at": 25},
    ],
    "loss": None,
    "update": {"line": 61, "batch_size": 41000, "learning_rate": 0.01, "updates_planned": 1000},
    "unread": [{"what": "the test data", "missing": "--data PATH"}],
    "remarks": ["it sleeps: not waited for (line 9)"],
}


def test_every_part_has_its_line():
    assert reading_lines(READING) == [
        "  data        train.csv, 42000 x 785, a stand-in: the MNIST of this package (line 3)",
        "  inputs      X, 784 x 41000 float64, columns, 0 to 1 (line 12)",
        "  targets     one_hot_y, 10 x 41000, one-hot (line 46)",
        "  outputs     y_pred, 10 x 41000 (line 57)",
        "  parameters  w1 10 x 784 (line 24, updated in line 61)",
        "              b one number float32 (line 25)",
        "  update      batches of 41,000, rate 0.01, 1,000 updates planned (line 61)",
        "  note        it sleeps: not waited for (line 9)",
        "  not found   the test data: for that, unstuck needs --data PATH",
    ]


def test_cells_of_a_notebook_are_named():
    (line,) = reading_lines({"inputs": {"name": "X", "shape": [4, 2], "cell": 3, "line": 5}})
    assert line == "  inputs      X, 4 x 2 (cell 3, line 5)"


def test_many_parameters_are_counted():
    parameters = [{"name": f"w[{i}]", "shape": [], "line": 1} for i in range(1000)]
    lines = reading_lines({"parameters": parameters})
    assert len(lines) == 9
    assert lines[-1].split() == ["…", "and", "992", "more"]


def test_it_opens_the_report_and_is_on_the_page():
    report = Contents("posted", "inconclusive", 1.0, {}, reading=READING)
    assert as_text(report).splitlines()[:2] == ["How it was read", reading_lines(READING)[0]]
    assert "a stand-in: the MNIST of this package" in as_html(report)
    assert report.to_dict()["reading"] == READING


def test_a_wired_case_has_no_reading():
    report = Contents("wired", "healthy", 1.0, {})
    assert "reading" not in report.to_dict()
    assert not as_text(report).startswith("How")
