"""Results as JUnit XML, which CI systems show: a fault is a failure, what could not be examined an error."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Sequence

from unstuck.many.outcome import Outcome

NO_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # characters that XML 1.0 has not


def as_junit(outcomes: Sequence[Outcome]) -> str:
    """One test suite with a test case for each program."""
    faulty = sum(one.verdict == "faulty" for one in outcomes)
    healthy = sum(one.verdict == "healthy" for one in outcomes)
    suite = ET.Element(
        "testsuite",
        name="unstuck",
        tests=str(len(outcomes)),
        failures=str(faulty),
        errors=str(len(outcomes) - faulty - healthy),
        time=f"{sum(one.seconds for one in outcomes):.3f}",
    )
    for one in outcomes:
        case = ET.SubElement(suite, "testcase", classname="unstuck", name=_clean(one.name), time=f"{one.seconds:.3f}")
        if one.cause is not None and one.cause.line is not None:
            case.set("file", _clean(one.cause.file))
            case.set("line", str(one.cause.line))
        if one.verdict == "faulty":
            ET.SubElement(case, "failure", type=one.cause.code if one.cause else "", message=_clean(_message(one)))
        elif one.verdict != "healthy":
            ET.SubElement(case, "error", type=one.verdict, message=_clean(one.sentence))
    ET.indent(suite)
    return ET.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"


def _message(one: Outcome) -> str:
    cause = one.cause
    if cause is None:
        return one.verdict
    place = f", {cause.file}:{cause.line}" if cause.line is not None else ""
    return f"{cause} ({cause.grade}){place}"


def _clean(text: str) -> str:
    return NO_XML.sub("\N{REPLACEMENT CHARACTER}", text)
