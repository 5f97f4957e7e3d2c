"""`unstuck diagnose` and `unstuck rules`: exit codes, one JSON document, bad input."""

import json
import subprocess
import sys

import jsonschema
import pytest

from tests.cli.answers import assert_one_sentence
from unstuck.diagnosis import schema

PROGRAM = '''
import numpy as np
import unstuck


class Net:
    """Six inputs, three classes."""

    def __init__(self, seed):
        generator = np.random.default_rng(seed)
        self.w1 = generator.normal(size=(6, 8)) * (2 / 6) ** 0.5
        self.b1 = np.zeros(8)
        self.w2 = generator.normal(size=(8, 3)) * (2 / 8) ** 0.5
        self.b2 = np.zeros(3)

    def forward(self, x):
        self.z1 = x @ self.w1 + self.b1
        self.a1 = np.maximum(self.z1, 0)
        z2 = self.a1 @ self.w2 + self.b2
        e = np.exp(z2 - z2.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)

    def step(self, x, t):
        d2 = (self.forward(x) - t) / len(x)
        d1 = (d2 @ self.w2.T) * (self.z1 > 0)
        for p, g in ((self.w1, x.T @ d1), (self.b1, d1.sum(0)), (self.w2, self.a1.T @ d2), (self.b2, d2.sum(0))):
            p SIGN= 0.5 * g


def build(seed):
    generator = np.random.default_rng(1)
    labels = generator.integers(0, 3, 600)
    x = generator.random((600, 6))
    x[np.arange(600), labels] += 1.0
    x -= x.mean(axis=0)
    net = Net(seed)
    return unstuck.Case(
        predict=lambda x: net.forward(x),
        x=x,
        targets=np.eye(3)[labels],
        parameters=lambda: [net.w1, net.b1, net.w2, net.b2],
        step=net.step,
        learning_rate=0.5,
        batch_size=20,
        updates=300,
        build=build,
    )
'''


@pytest.fixture(autouse=True)
def programs(tmp_path):
    """A network that learns, and the same one stepping uphill."""
    (tmp_path / "healthy.py").write_text(PROGRAM.replace("SIGN", "-"))
    (tmp_path / "faulty.py").write_text(PROGRAM.replace("SIGN", "+"))


def test_a_faulty_program_exits_1_and_names_the_fault(shell):
    result = shell("diagnose", "faulty.py", "--no-cures")
    assert result.exit_code == 1, result.output
    assert "U01 update-ascends" in result.stdout


def test_a_healthy_program_exits_0(shell):
    result = shell("diagnose", "healthy.py", "--no-cures")
    assert result.exit_code == 0, result.output


def test_json_is_one_document(shell):
    result = shell("diagnose", "faulty.py", "--json", "--no-cures", "--budget", "20")
    assert result.exit_code == 1, result.output
    document = json.loads(result.stdout)
    assert document["verdict"] == "faulty"
    assert "U01" in [finding["code"] for finding in document["findings"]]


def test_json_is_valid_against_the_schema_of_the_package(shell):
    document = json.loads(shell("diagnose", "faulty.py", "--json", "--no-cures").stdout)
    jsonschema.validate(document, schema())


def test_each_verdict_has_its_exit_code(shell, tmp_path):
    (tmp_path / "closed.py").write_text(
        "import numpy as np, unstuck\n"
        "case = unstuck.Case(predict=lambda x: np.zeros((len(x), 3)), x=np.zeros((9, 4)), targets=np.arange(9) % 3)\n"
    )
    for name, verdict, code in (("healthy", "healthy", 0), ("faulty", "faulty", 1)):
        result = shell("diagnose", f"{name}.py", "--no-cures", "--json")
        assert (json.loads(result.stdout)["verdict"], result.exit_code) == (verdict, code)
    result = shell("diagnose", "closed.py", "--no-cures", "--json")
    document = json.loads(result.stdout)
    assert document["unchecked"] != []
    assert result.exit_code == {"faulty": 1, "inconclusive": 2}[document["verdict"]]


def test_findings_are_told_before_the_report(shell):
    lines = shell("diagnose", "faulty.py", "--no-cures").stdout.splitlines()
    told = next(i for i, line in enumerate(lines) if line.startswith("U01 update-ascends"))
    assert told < next(i for i, line in enumerate(lines) if line.startswith("faulty: faulty, because of U01"))


@pytest.mark.parametrize("mode", [[], ["--json"]])
def test_what_the_program_prints_is_no_part_of_the_answer(shell, tmp_path, mode):
    noisy = PROGRAM.replace("SIGN", "+").replace(
        "    def step(self, x, t):", "    def step(self, x, t):\n        print('noise')"
    )
    (tmp_path / "noisy.py").write_text("print('noise')\n" + noisy)
    result = shell("diagnose", "noisy.py", "--no-cures", *mode)
    assert result.exit_code == 1, result.output
    assert "noise\n" not in result.stdout
    if mode:
        assert json.loads(result.stdout)["verdict"] == "faulty"


@pytest.mark.parametrize("place", [".", "nowhere/report.html"])
def test_a_page_that_cannot_be_written_is_known_before_the_work(shell, place):
    assert_one_sentence(shell("diagnose", "faulty.py", "--html", place), "--html")


def test_a_folder_is_no_program(shell, tmp_path):
    (tmp_path / "folder.py").mkdir()
    assert_one_sentence(shell("diagnose", "folder.py"), "folder.py", "folder")


def test_html_is_written_beside_the_text(shell, tmp_path):
    result = shell("diagnose", "faulty.py", "--no-cures", "--html", "report.html")
    assert result.exit_code == 1, result.output
    assert "update-ascends" in (tmp_path / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "text", "parts"),
    [
        ("missing.py", None, ["missing.py"]),
        ("empty.py", "", ["empty.py", "case", "build"]),
        ("broken.py", "import nothing_of_that_name\n", ["broken.py", "nothing_of_that_name"]),
        ("syntax.py", "def (:\n", ["syntax.py"]),
        ("exits.py", "raise SystemExit(3)\n", ["exits.py", "SystemExit"]),
        ("number.py", "case = 3\n", ["number.py", "int"]),
        ("text.txt", "case = 3\n", ["text.txt"]),
        ("raises.py", "def build(seed):\n    raise KeyError('weights')\n", ["raises.py", "KeyError", "weights"]),
        ("divides.py", "x = 1\ny = x / 0\n", ["divides.py", "ZeroDivisionError"]),
    ],
)
def test_a_file_without_a_case_is_one_sentence(shell, tmp_path, name, text, parts):
    if text is not None:
        (tmp_path / name).write_text(text)
    assert_one_sentence(shell("diagnose", name), *parts)


def test_a_budget_of_nothing_is_bad_input(shell):
    assert_one_sentence(shell("diagnose", "faulty.py", "--budget", "0"), "--budget")


def test_rules_lists_the_catalogue(shell):
    result = shell("rules")
    assert result.exit_code == 0
    assert any(line.startswith("F01  softmax-over-batch ") for line in result.stdout.splitlines())


@pytest.mark.parametrize("name", ["B01", "activation-instead-of-derivative"])
def test_a_rule_is_found_by_code_and_by_name(shell, name):
    result = shell("rules", name)
    assert result.exit_code == 0
    assert result.stdout.startswith("B01 activation-instead-of-derivative")


def test_an_unknown_rule_is_one_sentence(shell):
    assert_one_sentence(shell("rules", "Z99"), "Z99")


def test_rules_are_searched_by_words(shell):
    lines = shell("rules", "transposed").stdout.splitlines()
    assert lines[0].startswith("B15  gradient-transposed")
    assert shell("rules", "softmax", "batch").stdout.startswith("F01  softmax-over-batch")


def test_what_a_program_writes_past_its_streams_leaves_the_document_alone(tmp_path):
    noisy = PROGRAM.replace("SIGN", "-").replace(
        "def step(self, x, t):", "def step(self, x, t):\n        os.write(1, b'noise')"
    )
    path = tmp_path / "case.py"
    path.write_text("import os\n" + noisy)
    command = [sys.executable, "-m", "unstuck.cli", "diagnose", str(path), "--json", "--no-cures"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert json.loads(done.stdout)["verdict"] == "healthy"
    assert "noise" in done.stderr


@pytest.mark.parametrize("option", ["--html", "--sarif", "--fix"])
def test_no_answer_replaces_the_program(shell, tmp_path, option):
    (tmp_path / "net.py").write_text("import numpy as np\nw = np.zeros(3)\n")
    assert_one_sentence(shell("diagnose", "net.py", option, "./net.py"), "is the program itself")
    assert (tmp_path / "net.py").read_text().startswith("import numpy")


@pytest.mark.parametrize(("one", "other"), [("--html", "--sarif"), ("--html", "--fix"), ("--fix", "--sarif")])
def test_no_answer_replaces_another(shell, tmp_path, one, other):
    (tmp_path / "net.py").write_text("import numpy as np\nw = np.zeros(3)\n")
    assert_one_sentence(shell("diagnose", "net.py", one, "told", other, "./told"), "is the file of", "another file")
    assert not (tmp_path / "told").exists()


def test_a_budget_is_a_number(shell, tmp_path):
    (tmp_path / "net.py").write_text("w = 1\n")
    assert_one_sentence(shell("diagnose", "net.py", "--budget", "nan"), "no number of seconds")


@pytest.mark.parametrize("asked", [["other.py"], ["--parameters", "w"], ["--no-stand-ins"]])
def test_what_is_for_scripts_is_not_passed_over_for_a_case(shell, tmp_path, asked):
    (tmp_path / "net.py").write_text(PROGRAM.replace("SIGN", "-"))
    assert_one_sentence(shell("diagnose", "net.py", *asked), "defines a Case")
