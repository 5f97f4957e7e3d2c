"""Reports for code-scanning pages: SARIF 2.1.0, the format of OASIS for the results of static analysis."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from unstuck import __version__
from unstuck.diagnosis.rules import RULES
from unstuck.writing import write_whole

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
LEVELS = {"proved": "error", "measured": "warning", "suspected": "note"}


def write_sarif(path: str | os.PathLike[str], reports: Sequence[dict[str, Any]]) -> None:
    """Write the findings of reports (as data) as one SARIF file."""
    write_whole(path, json.dumps(as_sarif(reports), indent=2, allow_nan=False) + "\n")


def as_sarif(reports: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """One SARIF document: a run with the rules that are named, and a result for each finding and each note.

    A finding that matters has its grade's level; a note has the level "note". The fix of a report, where one was run
    and holds, stands at each finding that it puts right.
    """
    told = [(report, finding, level) for report in reports for finding, level in _told(report)]
    codes = sorted({finding["code"] for _, finding, _ in told})
    index = {code: number for number, code in enumerate(codes)}
    driver = {"name": "unstuck", "semanticVersion": __version__, "rules": [_rule(code) for code in codes]}
    results = [_result(report, finding, level, index) for report, finding, level in told]
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _told(report: dict[str, Any]) -> list[tuple[dict[str, Any], str]]:
    findings = [(finding, LEVELS[finding["grade"]]) for finding in report["findings"]]
    return findings + [(note, "note") for note in report["notes"]]


def _rule(code: str) -> dict[str, Any]:
    rule = RULES[code]
    return {
        "id": code,
        "name": rule.name,
        "shortDescription": {"text": rule.fact},
        "help": {"text": rule.cure or rule.fact},
        "properties": {"stage": rule.stage},
    }


def _result(report: dict[str, Any], finding: dict[str, Any], level: str, index: dict[str, int]) -> dict[str, Any]:
    code, place = finding["code"], finding["location"]
    result: dict[str, Any] = {
        "ruleId": code,
        "ruleIndex": index[code],
        "level": level,
        "message": {"text": f"{finding['summary']}. {finding['cure']}"},
        "properties": {"grade": finding["grade"], "program": report["name"]},
    }
    if place:
        region = {"startLine": place["line"], "snippet": {"text": place["text"]}}
        if place.get("column"):
            region["startColumn"] = place["column"]
        artifact = {"uri": _uri(place["file"])}
        physical = {"artifactLocation": artifact, "region": region}
        result["locations"] = [{"physicalLocation": physical}]
        fix = report.get("fix")
        if fix and fix["verified"] and any(code in edit["codes"] for edit in fix["edits"]):
            result["fixes"] = [_fix(fix, artifact)]
    return result


def _fix(fix: dict[str, Any], artifact: dict[str, str]) -> dict[str, Any]:
    """The whole fix: its edits belong together."""
    replacements = [
        {
            "deletedRegion": {
                "startLine": edit["line"],
                "startColumn": edit["column"],
                "endLine": edit["end_line"],
                "endColumn": edit["end_column"],
            },
            "insertedContent": {"text": edit["replacement"]},
        }
        for edit in fix["edits"]
    ]
    said = "The change that puts it right, which was run and holds."
    return {
        "description": {"text": said},
        "artifactChanges": [{"artifactLocation": artifact, "replacements": replacements}],
    }


def _uri(file: str) -> str:
    """A path below the working folder as code-scanning pages want it; else the whole address of the file."""
    path = Path(file)
    resolved = path.resolve()
    inside = resolved.is_relative_to(Path.cwd())
    return resolved.relative_to(Path.cwd()).as_posix() if inside else resolved.as_uri()
