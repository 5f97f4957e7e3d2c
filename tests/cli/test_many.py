"""`unstuck diagnose` of many programs: exit codes, what is written, what is refused."""

import csv
import json
import xml.etree.ElementTree as ET

import pytest

from tests.cli.answers import assert_one_sentence
from tests.cli.test_scripts import FAULTY, LINES

OPTIONS = ("--out", "out", "--trust", "--no-cures", "--budget", "300")


@pytest.fixture(autouse=True)
def lesson(tmp_path):
    for name, text in (("class/ada/net.py", FAULTY), ("class/bob/net.py", LINES), ("class/empty.py", "")):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)


def test_a_class_is_examined_and_told_in_every_form(shell, tmp_path):
    result = shell("diagnose", "class", *OPTIONS, "--junit", "junit.xml", "--sarif", "all.sarif")
    assert result.exit_code == 1, result.output
    told = ["3 programs: 1 faulty, 1 healthy, 1 not examined", "  1 of 3: U01 update-ascends"]
    assert result.stdout.splitlines()[:2] == told
    rows = list(csv.DictReader((tmp_path / "out" / "results.csv").read_text(encoding="utf-8").splitlines()))
    assert [row["program"] for row in rows] == ["ada/net.py", "bob/net.py", "empty.py"]
    assert [row["verdict"] for row in rows] == ["faulty", "healthy", "not examined"]
    assert (tmp_path / "out" / "reports" / f"{rows[0]['report']}.html").exists()
    assert json.loads((tmp_path / "out" / "results.json").read_text())["programs"] == 3
    assert "1 of 3: U01 update-ascends" in (tmp_path / "out" / "index.html").read_text()
    assert ET.parse(tmp_path / "junit.xml").getroot().get("failures") == "1"
    found = json.loads((tmp_path / "all.sarif").read_text())["runs"][0]["results"]
    assert found[0]["ruleId"] == "U01"
    assert found[0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "class/ada/net.py"

    again = shell("diagnose", "class", *OPTIONS, "--resume", "--json")
    assert again.exit_code == 1
    assert json.loads(again.stdout)["verdicts"]["faulty"] == 1


def test_files_are_taken_as_they_are_named(shell):
    result = shell("diagnose", "class/empty.py", "class/bob/net.py", *OPTIONS)
    assert result.exit_code == 2, result.output
    assert "class/empty.py: has no code in it" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (("class",), "class: is a folder; --out REPORTS"),
        (("class/bob/net.py", "--jobs", "2"), "--jobs: is for many programs"),
        (("class", "--out", "out", "--html", "x.html"), "--html: is for one program"),
        (("class", "--out", "out", "--fix", "x.py"), "--fix: is for one program"),
        (("class", "--out", "class/empty.py"), "is a file, expected a folder"),
        (("nowhere", "--out", "out"), "nowhere: no such file or folder"),
        (("class", "--out", "out", "--jobs", "2", "--scheduler", "tcp://x:1"), "expected one of the two"),
        (("class", "--out", "out", "--junit", "no/x.xml"), "--junit"),
        (("class", "--out", "out", "--junit", "x.xml", "--sarif", "x.xml"), "is the file of --sarif too"),
        (("class", "--out", "out", "--junit", "class/ada/net.py"), "is the program itself"),
    ],
)
def test_what_cannot_be_is_said_in_one_sentence(shell, arguments, part):
    assert_one_sentence(shell("diagnose", *arguments), part)
