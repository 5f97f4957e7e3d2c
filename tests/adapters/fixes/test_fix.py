"""A fix is offered where it was run and holds, and only there; the original stays as it is."""

import json

import jsonschema
import pytest

from tests.adapters.fixes.published import sarif_schema
from tests.adapters.scripts.drawn import draw
from unstuck.adapters.fixes.fix import Fix
from unstuck.adapters.fixes.sarif import as_sarif
from unstuck.adapters.fixes.search import find_fix
from unstuck.adapters.fixes.terminal import as_text
from unstuck.diagnosis import schema
from unstuck.diagnosis.rules import RULES


def report(verdict, *codes, line=1):
    """A report (as data) with these findings."""
    findings = [
        {
            "code": code,
            "name": "a-name",
            "grade": "proved",
            "layer": 1,
            "location": {"file": "a.py", "line": line, "column": 5, "text": ""},
            "summary": "it is so",
            "cure": "do this",
        }
        for code in codes
    ]
    network = {"hidden": ["sigmoid"], "update": {}}
    return {"name": "a", "verdict": verdict, "findings": findings, "notes": [], "cures": [], "network": network}


TEXT = "d = (e @ W.T) * a\n"
RIGHT = "d = (e @ W.T) * a * (1 - a)\n"


def test_what_holds_is_offered():
    runs = []

    def diagnose(text, cures):
        runs.append(text)
        return report("healthy") if text == RIGHT else report("faulty", "B01")

    fix = find_fix(TEXT, report("faulty", "B01"), diagnose)
    assert fix.verified
    assert fix.text == RIGHT
    assert runs == [RIGHT]
    assert fix.to_dict("a.py")["edits"] == [
        {"line": 1, "column": 18, "end_line": 1, "end_column": 18, "replacement": " * (1 - a)", "codes": ["B01"]}
    ]
    assert "-d = (e @ W.T) * a\n+d = (e @ W.T) * a * (1 - a)\n" in fix.diff("a.py")


@pytest.mark.parametrize("after", [None, report("faulty", "B01"), report("inconclusive"), report("faulty", "B05")])
def test_what_does_not_hold_is_not_offered_and_said_in_words(after):
    fix = find_fix(TEXT, report("faulty", "B01"), lambda text, cures: after)
    assert not fix.verified
    assert fix.text == TEXT
    assert fix.to_dict("a.py")["diff"] == ""
    assert fix.remaining == ("line 1: B01 a-name: do this",)


def test_nothing_is_run_for_a_healthy_program():
    def diagnose(text, cures):
        raise AssertionError("a copy was run")

    assert not find_fix(TEXT, report("healthy"), diagnose).verified


def test_the_command_writes_the_fix_and_leaves_the_script(shell, tmp_path):
    script = draw(12, "sign")
    (tmp_path / "script.py").write_text(script.text)
    result = shell("diagnose", "script.py", "--json", "--fix", "out.py", "--sarif", "out.sarif")
    document = json.loads(result.stdout)
    jsonschema.validate(document, schema())
    fix = document["fix"]
    assert fix["verified"]
    assert fix["after"]["verdict"] == "healthy"
    before, after = (float(fix[side]["printed"].split()[-1]) for side in ("before", "after"))
    assert after > before + 0.3  # what the script itself prints as its accuracy
    assert (tmp_path / "script.py").read_text() == script.text
    right = draw(12, "healthy").text
    assert (tmp_path / "out.py").read_text() == right
    sarif = json.loads((tmp_path / "out.sarif").read_text())
    jsonschema.validate(sarif, sarif_schema())
    results = sarif["runs"][0]["results"]
    assert results[0]["ruleId"] == "U01"
    assert results[0]["fixes"][0]["artifactChanges"][0]["replacements"]


@pytest.mark.parametrize("option", ["--fix", "--diff"])
def test_a_healthy_script_gets_no_fix(shell, tmp_path, option):
    (tmp_path / "script.py").write_text(draw(10, "healthy").text)
    result = shell("diagnose", "script.py", "--no-cures", option, *(["out.py"] if option == "--fix" else []))
    assert result.exit_code == 0
    assert "There is nothing to put right." in result.stdout
    assert not (tmp_path / "out.py").exists()


def test_the_command_refuses_to_write_over_the_script(shell, tmp_path):
    (tmp_path / "script.py").write_text("x = 1\n")
    result = shell("diagnose", "script.py", "--fix", "script.py")
    assert result.exit_code == 2
    assert "is the program itself" in result.stderr


def test_a_sarif_document_names_each_finding_with_its_place_and_its_fix():
    one = report("faulty", "B01")
    one["fix"] = Fix(TEXT, RIGHT, {1: ("B01",)}, (), {}, {}, True).to_dict("a.py")
    one["notes"] = report("faulty", "F03")["findings"]
    run = as_sarif([one, report("healthy")])["runs"][0]
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["B01", "F03"]
    first, second = run["results"]
    assert (first["level"], second["level"]) == ("error", "note")
    region = first["locations"][0]["physicalLocation"]["region"]
    assert (region["startLine"], region["startColumn"]) == (1, 5)
    (replacement,) = first["fixes"][0]["artifactChanges"][0]["replacements"]
    assert replacement["insertedContent"]["text"] == " * (1 - a)"
    assert "fixes" not in second


def places():
    """Reports whose findings lie in a file, in none, in a notebook with a name of its own, and in no line."""
    for line, file in ((1, "a.py"), (3, "/elsewhere/with space/ä.py"), (2, "net.ipynb")):
        one = report("faulty", "B01", "U07", line=line)
        for finding in one["findings"]:
            finding["location"]["file"] = file
        yield one
    one = report("inconclusive")
    one["notes"] = [{**note, "location": {}} for note in report("faulty", *RULES)["findings"]]
    yield one
    yield report("healthy")


def test_a_sarif_document_is_as_the_published_schema_wants_it():
    schema = sarif_schema()
    one = report("faulty", "B01")
    one["fix"] = Fix(TEXT, RIGHT, {1: ("B01",)}, (), {}, {}, True).to_dict("a.py")
    document = as_sarif([one, *places()])
    jsonschema.validate(document, schema)
    assert len(document["runs"][0]["results"]) == 1 + 6 + len(RULES)
    document["runs"][0]["results"][0]["level"] = "dreadful"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, schema)


def test_an_unknown_program_is_not_called_one_with_nothing_to_put_right():
    told = as_text(find_fix(TEXT, report("inconclusive"), lambda text, cures: None).to_dict("a.py"))
    assert told == "Nothing was found to put right, in a program that could not be examined as a whole."
