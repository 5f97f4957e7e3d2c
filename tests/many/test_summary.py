"""All outcomes together, as data, as a table, for CI and for a teacher."""

import csv
import io
import xml.etree.ElementTree as ET

import pytest

from unstuck.many.junit import as_junit
from unstuck.many.outcome import Cause, Outcome, facts_of
from unstuck.many.page import as_page
from unstuck.many.summary import as_csv, as_data, as_text, exit_code, group, links


def one(name, verdict="healthy", cause=None, **more):
    return Outcome(name, name, "", verdict, 1.0, cause=cause, report="" if verdict == "not examined" else name, **more)


B02 = Cause("B02", "derivative-missing", "proved", 1, "net.py", 12)
U07 = Cause("U07", "learning-rate-too-high", "measured", None, "net.py", 3)
RIGHT = {"data": "right", "backward": "right"}
LESSON = [
    one("ada", "faulty", B02, before=0.5, after=0.975, stages={"data": "right", "backward": "faulty"}),
    one("bob", "faulty", U07, stages=RIGHT),
    one("cleo", "faulty", B02, stages={"data": "not examined", "backward": "faulty"}),
    one("dan", stages=RIGHT),
    one("eve", "inconclusive", sentence="not examined: the step"),
    one("=fay", "not examined", sentence="has no code in it"),
]


def test_programs_are_grouped_by_cause_the_most_frequent_first():
    assert [(found.title, len(found.outcomes)) for found in group(LESSON)] == [
        ("B02 derivative-missing, layer 1", 2),
        ("U07 learning-rate-too-high", 1),
        ("healthy", 1),
        ("inconclusive", 1),
        ("not examined", 1),
    ]


def test_the_share_of_right_links_is_of_those_that_were_examined():
    found = {link.stage: link for link in links(LESSON)}
    assert (found["data"].right, found["data"].examined, found["data"].share) == (3, 3, 1.0)
    assert (found["backward"].right, found["backward"].faulty, found["backward"].share) == (2, 2, 0.5)
    assert found["update"].share is None


@pytest.mark.parametrize(
    ("outcomes", "code"),
    [(LESSON, 1), (LESSON[3:4], 0), (LESSON[3:], 2), (LESSON[3:5], 2), (LESSON[:4], 1)],
)
def test_the_exit_code_is_the_worst_that_was_found(outcomes, code):
    assert exit_code(outcomes) == code


def test_the_table_has_a_row_for_each_and_nothing_that_a_spreadsheet_computes():
    rows = list(csv.DictReader(io.StringIO(as_csv(LESSON))))
    assert len(rows) == 6
    assert (rows[0]["code"], rows[0]["line"], rows[0]["accuracy_cured"]) == ("B02", "12", "0.975")
    assert rows[5]["program"] == "'=fay"


def test_the_data_count_what_they_list():
    data = as_data(LESSON)
    assert data["verdicts"] == {"faulty": 3, "healthy": 1, "inconclusive": 1, "not examined": 1}
    assert data["causes"][0] == {"cause": "B02 derivative-missing, layer 1", "programs": 2}
    assert [Outcome.from_dict(values) for values in data["outcomes"]] == LESSON


def test_the_text_names_causes_and_what_could_not_be_examined():
    assert as_text(LESSON).splitlines() == [
        "6 programs: 3 faulty, 1 healthy, 1 inconclusive, 1 not examined",
        "  2 of 6: B02 derivative-missing, layer 1",
        "  1 of 6: U07 learning-rate-too-high",
        "  =fay: has no code in it",
    ]


def test_junit_counts_faults_as_failures_and_what_was_not_examined_as_errors():
    suite = ET.fromstring(as_junit([*LESSON, one("\x00\ud800<&", "faulty", B02)]))
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("7", "4", "2")
    assert suite[0][0].get("message") == "B02 derivative-missing, layer 1 (proved), net.py:12"
    assert suite[0].get("line") == "12"
    assert suite[3].find("failure") is suite[3].find("error") is None
    assert suite[6].get("name") == "\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}<&"


def test_the_page_groups_links_and_escapes():
    page = as_page([*LESSON, one("<b>", "not examined", sentence="<i>")], "lesson <1>")
    assert "2 of 7: B02 derivative-missing, layer 1" in page
    assert '<a href="reports/ada.html">ada</a>' in page
    assert "2 of 4 right (50%)" in page
    assert "<b>" not in page
    assert "&lt;b&gt;" in page
    assert "<title>lesson &lt;1&gt;</title>" in page
    assert "97.5%" in page


@pytest.mark.parametrize(
    "report",
    [[], {}, {"verdict": "fine"}, {"verdict": "faulty", "findings": [{}], "cures": [], "unchecked": [], "network": {}}],
)
def test_what_is_no_report_is_refused(report):
    with pytest.raises(ValueError, match=r"no report|no verdict"):
        facts_of(report)
