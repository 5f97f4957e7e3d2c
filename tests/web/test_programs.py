"""Programs of visitors are run for this machine only, and only with the token of the server."""

import json

import pytest
from starlette.testclient import TestClient

from tests.adapters.scripts.drawn import draw
from tests.browser import CHROMIUM, started
from tests.web.conftest import BASE, finished, served
from unstuck.web.application import create_application

TOKEN = "a-token-that-was-drawn"
OWN = ("127.0.0.1", 50000)
PROGRAM = {"text": "x = 1\n", "fix": False}


@pytest.fixture
def own(untrained):
    """A client on this machine."""
    with TestClient(create_application(untrained, token=TOKEN), base_url=BASE, client=OWN) as client:
        yield client


def test_without_the_token_nothing_is_run(own):
    assert own.get("/programs").status_code == 403
    assert own.get("/programs?token=another").status_code == 403
    answer = own.post("/api/programs", json=PROGRAM)
    assert answer.status_code == 403
    assert "the address with the token" in answer.json()["error"]
    assert not own.app.state.jobs.jobs


def test_the_token_leaves_the_address_and_lets_in(own):
    answer = own.get(f"/programs?token={TOKEN}", follow_redirects=False)
    assert answer.status_code == 303
    assert answer.headers["location"] == "/programs"
    assert "HttpOnly" in answer.headers["set-cookie"]
    assert "SameSite=strict" in answer.headers["set-cookie"]
    assert own.get("/programs").status_code == 200


def test_pages_elsewhere_are_refused_even_with_the_token(own):
    own.get(f"/programs?token={TOKEN}")
    for headers in ({"origin": "http://elsewhere.example"}, {"sec-fetch-site": "cross-site"}):
        assert own.post("/api/programs", json=PROGRAM, headers=headers).status_code == 403
    assert not own.app.state.jobs.jobs


@pytest.mark.parametrize("visitor", [("192.0.2.7", 50000), ("nobody", 1)])
def test_other_machines_are_refused_even_with_the_token(untrained, visitor):
    with TestClient(create_application(untrained, token=TOKEN), base_url=BASE, client=visitor) as client:
        assert client.get(f"/programs?token={TOKEN}").status_code == 403


def test_a_server_without_a_token_runs_no_programs(untrained):
    with TestClient(create_application(untrained), base_url=BASE, client=OWN) as client:
        assert client.get("/programs?token=").status_code == 403
        assert client.post("/api/programs", json=PROGRAM).status_code == 403


def test_a_script_and_a_notebook_are_put_right(own):
    own.get(f"/programs?token={TOKEN}")
    script = draw(12, "sign").text
    right = draw(12, "healthy").text
    job = own.post("/api/programs", json={"text": script}).json()
    result = finished(own, job["id"])["result"]
    assert result["verdict"] == "faulty"
    assert result["fix"]["verified"]
    assert result["fixed"] == right
    assert "update-ascends" in result["html"]
    assert "<script" not in result["html"]
    cell = {"cell_type": "code", "metadata": {}, "outputs": [], "source": script.splitlines(keepends=True)}
    book = json.dumps({"nbformat": 4, "cells": [cell]})
    job = own.post("/api/programs", json={"text": book, "kind": "notebook"}).json()
    fixed = json.loads(finished(own, job["id"])["result"]["fixed"])
    assert "".join(fixed["cells"][0]["source"]) == right


def test_what_cannot_be_run_gets_one_sentence(own):
    own.get(f"/programs?token={TOKEN}")
    job = own.post("/api/programs", json={"text": "print(1\n"}).json()
    status = finished(own, job["id"])
    assert status["state"] == "failed"
    assert "line 1" in status["error"]


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium found; Debian has one: apt-get install chromium")
@pytest.mark.parametrize("look", [{"viewport": {"width": 360, "height": 740}}, {"color_scheme": "dark"}])
def test_a_pasted_program_is_read_put_right_and_kept_over_a_reload(untrained, look):
    complaints = []
    with served(create_application(untrained, token=TOKEN)) as address, started() as browser:
        page = browser.new_context(base_url=address, **look).new_page()
        page.set_default_timeout(120_000)
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(f"/programs?token={TOKEN}")
        assert "token" not in page.url
        page.locator("#text").fill(draw(12, "sign").text)
        page.locator("#start").click()
        page.locator("#fix-change").wait_for()
        assert "w - eta" in page.locator("#diff ins").first.inner_text()
        page.reload()
        page.locator("#fix-change").wait_for()
        assert page.locator("#report").inner_text()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert complaints == []
