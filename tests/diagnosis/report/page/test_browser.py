"""The page in a real browser: no errors, nothing fetched, every section visible, no sideways scrolling."""

import os

import pytest

import unstuck
from tests.browser import CHROMIUM, started
from tests.diagnosis.trials.trial import Trial

SECTIONS = ("findings", "training", "layers", "confusions", "unchecked")
MOST_BYTES = 3_000_000


@pytest.fixture(scope="module")
def browser():
    pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("no Chromium found; Debian has one: apt-get install chromium")
    with started() as browser:
        yield browser


@pytest.fixture(scope="module")
def page_file(tmp_path_factory):
    faults = ("F01 SumOverWholeBatch", "B01 ActivationForDerivative")
    report = unstuck.diagnose(Trial("relu_softmax", faults, "no_raw").case(), budget=8, cures=False)
    path = tmp_path_factory.mktemp("page") / "report.html"
    report.to_html(path)
    return path


def visit(browser, path, **settings):
    """(page, what it complained of or fetched)."""
    page = browser.new_page(**settings)
    complaints = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: complaints.append(request.url) if request.url.startswith("http") else None)
    page.goto(path.as_uri())
    return page, complaints


@pytest.mark.parametrize("color_scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1200, 390])
def test_every_section_shows_without_complaint(browser, page_file, width, color_scheme):
    page, complaints = visit(browser, page_file, viewport={"width": width, "height": 900}, color_scheme=color_scheme)
    assert complaints == []
    for section in SECTIONS:
        assert page.locator(f"section.{section}").bounding_box()["height"] > 50, section
    assert page.locator("svg.chart").count() > 10
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert ground == {"light": "rgb(255, 255, 255)", "dark": "rgb(23, 24, 26)"}[color_scheme]
    page.close()


def test_it_prints(browser, page_file):
    page, _ = visit(browser, page_file)
    assert page.pdf(format="A4").startswith(b"%PDF")
    page.close()


def test_it_is_small(page_file):
    assert os.path.getsize(page_file) < MOST_BYTES
