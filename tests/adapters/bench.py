"""The bench of broken and right programs: what an examination of each must say."""

from tests.adapters.running import PROGRAMS, runner
from unstuck.adapters.watched.examine import examine


def complaints_of_broken(framework, name, expected):
    """What is wrong with the report on the broken program of a pair; nothing where it is right."""
    report = examine(framework, runner(PROGRAMS / framework.name / name / "broken.py"), name, cures=False)
    found = [(finding.rule.code, finding.location.line if finding.location else None) for finding in report.findings]
    named = [(code, line) for code, line in found if code in expected["codes"]]
    false = [code for code, _ in found if code not in expected["codes"] + expected["also"]]
    wrong = [] if report.verdict == "faulty" else [f"verdict {report.verdict}"]
    wrong += [] if named else [f"not named: {expected['codes']}, found {found}"]
    wrong += [f"false: {code}" for code in false]
    wrong += [] if any(line in expected["lines"] for _, line in named) else [f"line: {named}, not {expected['lines']}"]
    return wrong


def complaints_of_right(framework, name):
    """What is wrong with the report on the right program of a pair."""
    report = examine(framework, runner(PROGRAMS / framework.name / name / "right.py"), name, cures=False)
    return (
        [f"{report.verdict}: {[finding.rule.code for finding in report.findings]}"]
        if report.verdict != "healthy"
        else []
    )
