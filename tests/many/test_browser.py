"""The page of a class of 1,000 in a real browser: whole, narrow and dark, each row opening its report."""

import pytest

from tests.browser import CHROMIUM, started
from tests.many.test_summary import B02, U07
from unstuck.many.outcome import Outcome
from unstuck.many.page import as_page

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium found; Debian has one: apt-get install chromium")

KINDS = [("faulty", B02), ("healthy", None), ("faulty", U07), ("not examined", None), ("inconclusive", None)]


def outcome(number):
    verdict, cause = KINDS[number % 5]
    name, sentence = f"student-{number:04}/a-long-name-of-a-program.py", "a sentence " * 8
    report = "" if verdict == "not examined" else f"report-{number}"
    return Outcome(name, name, "", verdict, 1.0, sentence, cause, 0.5, 0.9, {}, report)


@pytest.fixture
def address(tmp_path):
    (tmp_path / "index.html").write_text(as_page([outcome(number) for number in range(1000)], "class"))
    (tmp_path / "reports").mkdir()
    (tmp_path / "reports" / "report-0.html").write_text("<title>the report</title>")
    return (tmp_path / "index.html").as_uri()


@pytest.fixture(scope="module")
def browser():
    with started() as browser:
        yield browser


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1200])
def test_a_thousand_rows_fit_the_window(browser, address, scheme, width):
    page = browser.new_page(color_scheme=scheme, viewport={"width": width, "height": 800})
    page.goto(address)
    assert page.locator(".group tbody tr").count() == 1000
    page.evaluate("document.querySelectorAll('details').forEach(group => { group.open = true })")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert ground == {"light": "rgb(255, 255, 255)", "dark": "rgb(23, 24, 26)"}[scheme]
    page.close()


def test_a_row_opens_its_report(browser, address):
    page = browser.new_page()
    page.goto(address)
    page.get_by_role("link", name="student-0000/").click()
    assert page.title() == "the report"
    page.close()


def test_groups_fold(browser, address):
    page = browser.new_page()
    page.goto(address)
    group = page.locator("details.healthy")
    assert not group.locator("tbody tr").first.is_visible()
    group.locator("summary").click()
    assert group.locator("tbody tr").first.is_visible()
    page.close()
