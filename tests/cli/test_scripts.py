"""`unstuck diagnose` of plain scripts: report, exit codes, one JSON document, the page, notebooks."""

import json
import os
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

import unstuck
from tests.cli.answers import assert_one_sentence
from unstuck.diagnosis import schema

LINES = """\
import numpy as np
rng = np.random.RandomState(1)
labels = rng.randint(0, 3, 600)
x = rng.rand(600, 6)
x[np.arange(600), labels] += 1.0
x -= x.mean(axis=0)
t = np.eye(3)[labels]
w1, b1 = rng.randn(6, 8) * 0.6, np.zeros(8)
w2, b2 = rng.randn(8, 3) * 0.5, np.zeros(3)
def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)
for epoch in range(30):
    for k in range(0, 600, 20):
        a = x[k:k + 20]
        h = np.maximum(a @ w1 + b1, 0)
        p = softmax(h @ w2 + b2)
        d2 = (p - t[k:k + 20]) / 20
        d1 = d2 @ w2.T * (h > 0)
        w2 -= 0.5 * h.T @ d2
        b2 -= 0.5 * d2.sum(0)
        w1 -= 0.5 * a.T @ d1
        b1 -= 0.5 * d1.sum(0)
    print('epoch', epoch)
"""
FAULTY = LINES.replace("-= 0.5", "+= 0.5")  # lines 20 to 23


@pytest.fixture(autouse=True)
def programs(tmp_path):
    (tmp_path / "healthy.py").write_text(LINES)
    (tmp_path / "faulty.py").write_text(FAULTY)


def test_a_faulty_script_exits_1_and_is_named_on_its_line(shell):
    result = shell("diagnose", "faulty.py", "--no-cures")
    assert result.exit_code == 1, result.output
    lines = result.stdout.splitlines()
    assert lines[0] == "first update: 6-8-3, relu then softmax, batches of 20, rate 0.5 (lines 20 to 23)"
    assert lines[1] == "How it was read"
    assert any(line.startswith("  parameters  w1 6 x 8 (line 8") for line in lines)
    assert "U01 update-ascends (proved)" in lines
    assert any(line.startswith(("  faulty.py:20: ", "  faulty.py:22: ")) for line in lines)
    assert "epoch" not in result.output


def test_a_script_elsewhere_is_named_as_one_would_type_it_here(shell, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "faulty.py").write_text(FAULTY)
    result = shell("diagnose", "elsewhere/faulty.py", "--no-cures")
    assert result.exit_code == 1, result.output
    assert any(line.startswith("  elsewhere/faulty.py:2") and "+= 0.5" in line for line in result.stdout.splitlines())


def test_a_healthy_script_exits_0(shell):
    result = shell("diagnose", "healthy.py", "--no-cures")
    assert result.exit_code == 0, result.output
    assert "healthy: healthy" in result.stdout


def test_json_is_one_valid_document_with_the_reading(shell):
    result = shell("diagnose", "faulty.py", "--no-cures", "--json")
    document = json.loads(result.stdout)
    jsonschema.validate(document, schema())
    assert document["name"] == "faulty"
    assert document["reading"]["inputs"]["shape"] == [600, 6]
    assert [entry["name"] for entry in document["reading"]["parameters"]] == ["w1", "b1", "w2", "b2"]
    place = next(finding for finding in document["findings"] if finding["code"] == "U01")["location"]
    assert (Path(place["file"]).name, place["line"] in range(20, 24)) == ("faulty.py", True)


def test_the_page_opens_with_the_reading(shell, tmp_path):
    result = shell("diagnose", "faulty.py", "--no-cures", "--html", "report.html")
    assert result.exit_code == 1, result.output
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert page.index("How it was read") < page.index("<h2>Findings</h2>")
    assert "w1 6 x 8 (line 8" in page


def test_a_notebook_names_cell_and_line(shell, tmp_path):
    lines = FAULTY.splitlines(keepends=True)
    cells = [["%matplotlib inline\n", *lines[:9]], lines[9:12], lines[12:]]
    book = {"cells": [{"cell_type": "code", "source": cell} for cell in cells]}
    (tmp_path / "book.ipynb").write_text(json.dumps(book))
    result = shell("diagnose", "book.ipynb", "--no-cures", "--json")
    assert result.exit_code == 1, result.output
    document = json.loads(result.stdout)
    jsonschema.validate(document, schema())
    place = next(finding for finding in document["findings"] if finding["code"] == "U01")["location"]
    assert (place["cell"], place["line"] in range(8, 12)) == (3, True)
    parameter = document["reading"]["parameters"][0]
    assert (parameter["cell"], parameter["line"]) == (1, 9)
    assert "cell 1, line 1 was left out (%matplotlib inline)" in document["reading"]["remarks"]


def test_a_step_that_fails_is_read_up_to_there(shell, tmp_path):
    (tmp_path / "misfit.py").write_text(LINES.replace("d2 @ w2.T", "d2 @ w2"))
    result = shell("diagnose", "misfit.py", "--no-cures")
    assert result.exit_code == 2
    assert "misfit.py, line 19: (20, 3) @ (8, 3) does not fit: d2 @ w2" in result.stdout
    assert "(p - t[k:k + 20]) / 20 is 20 x 3 (line 18)" in result.stdout


@pytest.mark.parametrize("mode", [[], ["--json"]])
def test_what_never_trains_is_one_sentence(shell, tmp_path, mode):
    (tmp_path / "idle.py").write_text("import numpy as np\nprint(np.ones(3))\n")
    assert_one_sentence(shell("diagnose", "idle.py", *mode), "idle.py", "trained step by step")


def test_a_reader_that_goes_away_is_no_error(tmp_path):
    home = str(Path(unstuck.__file__).parents[1])
    program = f"import sys; sys.path.insert(0, {home!r}); from unstuck.cli import main; main()"
    command = [sys.executable, "-c", program, "diagnose", "faulty.py", "--no-cures"]
    process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=os.environ)
    assert process.stdout is not None
    assert process.stderr is not None
    assert process.stdout.readline().startswith(b"first update: ")
    process.stdout.close()
    assert process.wait(60) == 0
    assert b"Traceback" not in process.stderr.read()
    process.stderr.close()


def test_a_name_that_is_not_in_the_script_is_one_sentence(shell):
    result = shell("diagnose", "faulty.py", "--parameters", "w1,w3")
    assert_one_sentence(result, "faulty.py: --parameters w3: there is no w3 in the script")


def test_names_say_what_is_what(shell):
    result = shell("diagnose", "healthy.py", "--no-cures", "--parameters", "w2,b2", "--inputs", "h", "--json")
    document = json.loads(result.stdout)
    assert [entry["name"] for entry in document["reading"]["parameters"]] == ["w2", "b2"]
    assert document["reading"]["inputs"]["line"] == 17
