"""The pages in a real browser: drawn on, typed on, reloaded, in light, dark and narrow."""

import re

import pytest

from tests.browser import CHROMIUM, started
from tests.web.conftest import served
from tests.web.strokes import NARROW, ROUND, smooth
from unstuck.web.application import create_application
from unstuck.web.gallery import PROGRAMS

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium found; Debian has one: apt-get install chromium")

LOOKS = {
    "light": {"color_scheme": "light", "viewport": {"width": 1200, "height": 900}},
    "dark": {"color_scheme": "dark", "viewport": {"width": 1200, "height": 900}},
    "narrow": {"color_scheme": "light", "viewport": {"width": 360, "height": 740}},
}
EPOCH = re.compile(r"Epoch \d+ of 30")
ENOUGH = 120_000  # milliseconds to wait for what takes seconds


@pytest.fixture(scope="module")
def address():
    with served(create_application()) as address:
        yield address


@pytest.fixture(scope="module")
def browser():
    with started() as browser:
        yield browser


@pytest.fixture
def visit(browser, address):
    """Opens pages for a visitor of their own; in the end nothing was complained of, nothing fetched from elsewhere."""
    complaints, contexts = [], []

    def visit(path="/", **look):
        contexts.append(browser.new_context(base_url=address, **look))
        page = contexts[-1].new_page()
        page.set_default_timeout(ENOUGH)
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: request.url.startswith((address, "blob:")) or complaints.append(request.url))
        page.goto(path)
        return page

    visit.allowed = []  # what a test provokes: Chromium writes refused requests to the console
    yield visit
    for context in contexts:
        context.close()
    assert [line for line in complaints if not any(part in line for part in visit.allowed)] == []


def draw(page, strokes, lift=True):
    """Real pointer strokes on the drawing field; the last one is not ended with lift=False."""
    field = page.locator("#field")
    field.scroll_into_view_if_needed()
    box = field.bounding_box()
    scale = box["width"] / 280
    for i, stroke in enumerate(strokes):
        points = [(box["x"] + x * scale, box["y"] + y * scale) for x, y in smooth(stroke, 3)]
        page.mouse.move(*points[0])
        page.mouse.down()
        for point in points[1:]:
            page.mouse.move(*point)
        if lift or i < len(strokes) - 1:
            page.mouse.up()


def read(page):
    """The answer to all that is drawn."""
    page.locator("#answer[aria-busy=false] #label", has_text=re.compile("[0-9]")).wait_for()
    page.locator("#sentence", has_text=f"It reads {page.locator('#label').inner_text()}").wait_for()
    return page.locator("#label").inner_text()


@pytest.mark.parametrize("hand", [ROUND, NARROW], ids=["round", "narrow"])
def test_drawn_digits_are_read(visit, hand):
    page = visit()
    read_as = {}
    for digit, strokes in hand.items():
        draw(page, strokes)
        read_as[digit] = read(page)
        page.click("#clear")
        page.locator("#sentence", has_text="Nothing drawn").wait_for()
    right = sum(label == str(digit) for digit, label in read_as.items())
    assert right >= 9, read_as


def test_the_answer_comes_while_the_digit_is_drawn_with_all_that_led_to_it(visit):
    page = visit()
    assert page.locator("#undo").is_disabled()
    draw(page, ROUND[7], lift=False)
    assert read(page) == "7"
    page.mouse.up()
    assert page.locator("#scores li").count() == 10
    assert page.locator("#scores li.first b").inner_text() == "7"
    scores = [float(text) for text in page.locator("#scores span").all_inner_texts()]
    assert sum(scores) == pytest.approx(1, abs=0.01)
    assert page.locator("#units li").count() == 12
    assert "of 256 units are active" in page.locator("#activations").get_attribute("aria-label")
    pixels = "document.getElementById('image').getContext('2d').getImageData(0, 0, 28, 28).data"
    assert page.evaluate(f"{pixels}.some(value => value > 0)")


def test_strokes_are_taken_back_one_by_one(visit):
    page = visit()
    draw(page, ROUND[7])
    assert read(page) == "7"
    page.click("#undo")
    page.locator("#sentence", has_text="It reads").wait_for()
    page.click("#undo")
    page.locator("#sentence", has_text="Nothing drawn").wait_for()
    assert page.locator("#label").inner_text() == "–"
    assert page.locator("#undo").is_disabled()


def test_a_finger_draws_without_moving_the_page(visit):
    page = visit(**LOOKS["narrow"], has_touch=True, is_mobile=True)
    field = page.locator("#field")
    field.scroll_into_view_if_needed()
    box, before = field.bounding_box(), page.evaluate("scrollY")
    touch = page.context.new_cdp_session(page)
    for stroke in ROUND[3]:
        scale = box["width"] / 280
        points = [{"x": box["x"] + x * scale, "y": box["y"] + y * scale} for x, y in smooth(stroke, 3)]
        touch.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": points[:1]})
        for point in points[1:]:
            touch.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [point]})
        touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    assert read(page) == "3"
    assert page.evaluate("scrollY") == before


def test_a_digit_is_drawn_with_the_keyboard_alone(visit):
    page = visit()
    while page.evaluate("document.activeElement.id") != "field":
        page.keyboard.press("Tab")
    for _ in range(9):
        page.keyboard.press("ArrowUp")
    page.keyboard.press("Space")
    assert page.locator("#pen").inner_text() == "Pen down"
    for _ in range(18):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Space")
    assert read(page) == "1"
    page.keyboard.press("u")
    page.locator("#sentence", has_text="Nothing drawn").wait_for()


def test_a_drawing_survives_a_reload_and_another_visitor_does_not_see_it(visit):
    page = visit()
    draw(page, ROUND[2])
    assert read(page) == "2"
    page.reload()
    assert read(page) == "2"
    other = visit()
    other.wait_for_timeout(300)
    assert other.locator("#label").inner_text() == "–"


def test_a_training_is_watched_reloaded_stopped_downloaded_and_drawn_with(visit, tmp_path):
    page = visit("/train")
    page.select_option("#recipe", "nielsen")
    assert page.locator("#hidden").get_attribute("placeholder") == "30"
    page.fill("#hidden", "400")
    page.click("#start")
    page.locator("#accuracy .curve.test").wait_for()
    assert page.locator("#weights li").count() == 18
    assert page.locator("#confusion tr").count() == 11
    page.locator("#sentence", has_text=EPOCH).wait_for()
    page.reload()
    page.locator("#sentence", has_text=EPOCH).wait_for()
    assert page.locator("#hidden").input_value() == "400"
    page.click("#stop")
    page.locator("#sentence", has_text=re.compile(r"Stopped: 784-400-10 reads \d\d")).wait_for()
    assert "10,000 test images" in page.locator("#confusion + p, .scroll + .note").last.inner_text()
    with page.expect_download() as download:
        page.click("#download")
    download.value.save_as(tmp_path / "model.safetensors")
    from unstuck import load

    assert load(tmp_path / "model.safetensors").sizes == (784, 400, 10)
    page.click("#draw")
    page.locator("#reader").wait_for()
    draw(page, ROUND[3])
    assert read(page) == "3"
    assert "of 400 units are active" in page.locator("#activations").get_attribute("aria-label")


def test_a_setting_that_cannot_be_is_said_before_anything_runs(visit):
    page = visit("/train")
    page.fill("#hidden", "8, 8, 8, 8")
    page.click("#start")
    assert page.locator("#hidden:invalid").count() == 1
    visit.allowed.append("422")  # what the browser finds in order and the server does not
    page.fill("#hidden", "2000")
    page.click("#start")
    page.locator("#sentence", has_text="Input should be less than or equal to 1024").wait_for()
    assert page.locator("#start").is_enabled()


def test_a_stuck_program_is_run_diagnosed_and_cured(visit):
    name = "swinging_loss"
    page = visit("/diagnose")
    page.click(f"[data-program={name}]")
    page.click("#run")
    page.locator("#run-sentence", has_text="Done").wait_for()
    stuck = float(re.search(r"([\d.]+) % of the test", page.locator("#run-sentence").inner_text())[1])
    assert stuck < 20
    assert page.locator("#cure").is_hidden()
    page.click("#diagnose")
    page.locator("#report", has_text="faulty, because of U02 gradients-accumulate").wait_for()
    assert page.locator(".code .fault").count() == PROGRAMS[name].before.count("\n")
    page.click("#cured-run")
    page.locator("#cured-run-sentence", has_text="Done").wait_for()
    cured = float(re.search(r"([\d.]+) % of the test", page.locator("#cured-run-sentence").inner_text())[1])
    assert cured > 80
    assert page.locator("#cured-run-accuracy .curve").count() == 2
    page.reload()
    page.locator("#cured-run-sentence", has_text="Done").wait_for()
    assert page.locator("#report").is_visible()
    page.click("#cured-diagnose")
    page.locator("#cured-diagnose-sentence", has_text="healthy").wait_for()
    page.goto("/diagnose")
    assert page.locator(f"[data-program={name}] .state").inner_text() == "✓ cured"


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("path", ["/", "/train", "/diagnose", "/diagnose/guesses"])
def test_a_page_fits_its_window_and_can_be_walked_by_keyboard(visit, path, look):
    page = visit(path, **LOOKS[look])
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    controls = page.locator("a:visible, button:enabled:visible, input:visible, select:visible").count()
    visited = set()
    for _ in range(controls + 12):
        page.keyboard.press("Tab")
        visited.add(page.evaluate("document.activeElement.outerHTML.slice(0, 80)"))
    assert len(visited) >= controls - 1
    ground = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    assert ground == ("rgb(23, 24, 26)" if look == "dark" else "rgb(255, 255, 255)")
