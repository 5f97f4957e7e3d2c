"""The HTML report: one file, well-formed, everything said and nothing let through unescaped."""

from dataclasses import replace
from html.parser import HTMLParser

import pytest

from unstuck.diagnosis.examination.examination import Missing
from unstuck.diagnosis.report.contents import Cure, Finding
from unstuck.diagnosis.report.page.chain import stage_states
from unstuck.diagnosis.report.page.document import as_html, write_html
from unstuck.diagnosis.report.report import Report
from unstuck.diagnosis.rules import RULES
from unstuck.diagnosis.source.change import Edit
from unstuck.diagnosis.source.location import Location
from unstuck.errors import UnstuckError

VOID = {"meta", "br", "hr", "img"}
NETWORK = {
    "sizes": [784, 16, 10],
    "hidden": ["relu"],
    "output": "softmax over the whole batch",
    "loss": "cross_entropy",
    "update": {"learning_rate": 0.02, "reduction": "mean", "momentum": 0.0, "l2": 0.0},
}


def finding(code, **changes):
    numbers = {"residual": 6.8e-17, "nearest_other_residual": 1.1e-3, "nearest_other_formula": "softmax"}
    place = Location("net<1>.py", 18, "return e / e.sum() if a < b else 0")
    return replace(Finding(RULES[code], "proved", "seen & measured", numbers, True, 2, place), **changes)


@pytest.fixture
def report():
    return Report(
        name="<script>alert(1)</script>",
        verdict="faulty",
        seconds=1.5,
        network=NETWORK,
        findings=[finding("F01"), finding("B01", matters=None, location=None, look_alikes=("B03",))],
        notes=[finding("F03")],
        cures=[Cure(("F01", "B01"), 0.111, 0.451, 405, 0, 1.0)],
        unchecked=[Missing("the user's evaluation", "accuracy=…")],
    )


class Page(HTMLParser):
    """Checks that tags are closed in order; keeps text, tags and links to other places."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.text, self.elsewhere = [], [], "", []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.elsewhere += [value for name, value in attributes if name in ("src", "href")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def test_the_page_says_everything_the_report_knows(report):
    page = Page(as_html(report))
    for part in (
        "faulty, because of F01 softmax-over-batch and B01 activation-instead-of-derivative",
        "784-16-10",
        "proved",
        "seen & measured",
        "6.8e-17",
        "net<1>.py, line 18",
        "return e / e.sum() if a < b else 0",
        RULES["F01"].cure.replace("`", ""),
        "F01 + B01",
        "11.1%",
        "45.1%",
        "F03",
        "no experiment could be run",
        "the user's evaluation: for that, unstuck needs accuracy=…",
    ):
        assert part in page.text, part


def test_the_page_needs_nothing_but_itself(report):
    text = as_html(report)
    page = Page(text)
    assert page.elsewhere == []
    assert not {"script", "link", "img", "iframe"} & set(page.tags)
    assert "http" not in text
    assert "@import" not in text
    assert "url(" not in text
    assert "prefers-color-scheme: dark" in text
    assert "@media print" in text


def test_every_link_of_the_chain_is_marked(report):
    assert stage_states(report) == {
        "data": "right",
        "initial state": "right",
        "forward": "faulty",
        "loss": "right",
        "backward": "faulty",
        "update": "right",
        "evaluation": "not examined",
    }


def test_the_line_stands_among_its_neighbours_with_what_it_should_be(report, tmp_path):
    program = tmp_path / "net.py"
    program.write_text("def softmax(z):\n    e = np.exp(z)\n    return e / e.sum()\n\n\n")
    change = Edit("return e / e.sum(axis=1)", "rows")
    place = Location(str(program), 3, "return e / e.sum()")
    page = Page(as_html(replace(report, findings=[finding("F01", location=place, change=change)])))
    assert "1 def softmax(z):" in page.text
    assert "3     return e / e.sum()\n   →     return e / e.sum(axis=1)" in page.text
    assert "→ rows" in page.text


def test_a_line_that_moved_stands_alone(report, tmp_path):
    program = tmp_path / "net.py"
    program.write_text("import numpy\n")
    place = Location(str(program), 1, "return e / e.sum()")
    page = Page(as_html(replace(report, findings=[finding("F01", location=place)])))
    assert "return e / e.sum()" in page.text
    assert "import numpy" not in page.text


def test_an_experiment_shows_its_spread_and_what_each_change_is_worth(report):
    cure = Cure(("F01", "U07"), 0.1, 0.8, 500, 0, 1.0, 3, (0.01, 0.02), {"F01": 0.6, "U07": 0.3}, {"U07": "rate 0.3"})
    page = Page(as_html(replace(report, cures=[cure])))
    alone = "Accuracy 80.0% with all of it put right, 20.0% with all but this."
    for part in ("10.0% ± 1.0", "80.0% ± 2.0", "20.0%", "50.0%", "rate 0.3", "without it", alone):
        assert part in page.text, part


def test_half_a_look_is_marked_as_that(report):
    entries = [Missing("whether the inputs were prepared as meant", "raw=…")]
    states = stage_states(replace(report, unchecked=entries))
    assert states["data"] == "examined in part"
    assert states["evaluation"] == "right"


def test_code_in_a_cure_is_code(report):
    assert "`" not in as_html(report)


def test_nothing_is_called_right_that_was_not_looked_at(report):
    unknown = {"sizes": None, "hidden": None, "output": None, "loss": None, "update": {"learning_rate": None}}
    blind = replace(report, verdict="inconclusive", network=unknown, findings=[], notes=[], cures=[])
    assert set(stage_states(replace(blind, unchecked=[Missing("everything that needs outputs", "…")])).values()) == {
        "not examined"
    }
    states = stage_states(blind)
    assert {states[stage] for stage in ("initial state", "forward", "loss", "backward", "update")} == {"not examined"}


@pytest.mark.parametrize("verdict", ["healthy", "inconclusive"])
def test_a_report_without_findings_is_a_whole_page_too(verdict):
    page = Page(as_html(Report("net", verdict, 0.1, NETWORK)))
    assert verdict in page.text
    assert "Findings" not in page.text


def test_what_cannot_be_drawn_costs_the_picture_and_not_the_report(report, monkeypatch):
    with pytest.raises(AttributeError):
        as_html(replace(report, portrait="no portrait"))
    monkeypatch.delenv("UNSTUCK_STRICT")
    page = Page(as_html(replace(report, portrait="no portrait")))
    assert "Not drawn: AttributeError" in page.text
    assert "F01 + B01" in page.text
    assert "seen & measured" in page.text


def test_an_unfinished_page_is_never_found(report, tmp_path, monkeypatch):
    place = tmp_path / "report.html"
    place.write_text("the one before")
    monkeypatch.setattr("unstuck.diagnosis.report.page.document.as_html", lambda report: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        write_html(report, place)
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]
    assert place.read_text() == "the one before"


def test_the_page_replaces_the_one_before(report, tmp_path):
    place = tmp_path / "report.html"
    place.write_text("the one before")
    report.to_html(place)
    assert place.read_text(encoding="utf-8") == as_html(report)
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]


@pytest.mark.parametrize("place", [".", "nowhere/report.html"])
def test_a_place_that_cannot_be_is_one_sentence(report, tmp_path, place):
    with pytest.raises(UnstuckError, match="folder"):
        write_html(report, tmp_path / place)


def test_a_notebook_shows_the_same_content(report):
    page = Page(report._repr_html_())
    assert "because of F01" in page.text
    assert not {"html", "body", "head"} & set(page.tags)
