"""The pages as they are served: complete, of this server only, usable without sight."""

import re
from html.parser import HTMLParser

import pytest

from unstuck.diagnosis.rules import RULES
from unstuck.diagnosis.rules.rule import STAGES
from unstuck.web.gallery import FOLDER, PROGRAMS
from unstuck.web.pages import static_files

PAGES = ["/", "/train", "/diagnose", *(f"/diagnose/{name}" for name in PROGRAMS)]
VOID = {"meta", "link", "img", "input", "br"}


class Outline(HTMLParser):
    """Tags with their attributes, and whether they are closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags, self.open = [], []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def named(self, name):
        return [attributes for tag, attributes in self.tags if tag == name]


@pytest.fixture(params=PAGES)
def outline(request, client):
    response = client.get(request.param)
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    return Outline(response.text)


def test_a_page_has_a_language_one_heading_and_a_way_past_the_navigation(outline):
    assert outline.named("html")[0]["lang"] == "en"
    assert len(outline.named("h1")) == 1
    assert {"class": "skip", "href": "#content"} in outline.named("a")
    assert [main["id"] for main in outline.named("main")] == ["content"]


def test_every_control_of_a_page_has_a_name(outline):
    labelled = {label["for"] for label in outline.named("label")}
    for control in outline.named("input") + outline.named("select"):
        assert control["id"] in labelled
    for image in outline.named("img"):
        assert "alt" in image
    for drawn in outline.named("canvas"):
        assert drawn["aria-label"]
        assert drawn["role"]


def test_a_page_has_no_script_or_style_of_its_own(outline):
    assert all(script.keys() >= {"src"} for script in outline.named("script"))
    assert not outline.named("style")
    assert not [attributes for _, attributes in outline.tags if any(name.startswith("on") for name in attributes)]


def test_whatever_a_page_names_is_there(outline, client):
    ids = [attributes["id"] for _, attributes in outline.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    for _, attributes in outline.tags:
        for name in ("src", "href"):
            if attributes.get(name, "#").startswith("/"):
                assert client.get(attributes[name]).status_code == 200, attributes[name]
        for name in ("for", "aria-labelledby", "aria-describedby"):
            assert attributes.get(name, ids[0]) in ids


def test_nothing_is_fetched_from_elsewhere(client):
    texts = [client.get(page).text for page in PAGES] + [content.decode() for content, _ in static_files().values()]
    addresses = {address for text in texts for address in re.findall(r"(?:https?:)?//[a-z0-9.-]+\.[a-z]{2,}", text)}
    assert addresses <= {"http://www.w3.org"}  # the name of SVG, which nobody fetches


def test_a_page_answers_head_and_nothing_else_but_get(client):
    for page in PAGES:
        assert client.head(page).status_code == 200
        assert client.head(page).text == ""
        assert client.post(page).status_code == 405


@pytest.mark.parametrize(
    "path", ["/nothing", "/diagnose/nothing", "/static/nothing.css", "/static/", "/static/..%2fpages.py", "/train/"]
)
def test_what_is_not_there_is_said_on_a_page(client, path):
    response = client.get(path)
    assert response.status_code == 404
    assert "There is nothing under this address" in response.text
    assert Outline(response.text).named("nav")


def test_there_is_a_stuck_program_for_every_stage():
    assert {RULES[program.code].stage for program in PROGRAMS.values()} == set(STAGES.values())


def test_every_program_of_the_folder_is_in_the_gallery():
    assert {path.stem for path in FOLDER.glob("[a-z]*.py")} == set(PROGRAMS)
