"""What is refused before it reaches a route."""

import asyncio

import pytest
from starlette.testclient import TestClient

from tests.web.conftest import BASE
from tests.web.strokes import ROUND, png
from unstuck.web import limits
from unstuck.web.application import create_application
from unstuck.web.protection import HEADERS, is_own_name

RUN = {"program": "guesses"}


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:8000", "127.0.0.1:8000", "[::1]:80", "192.168.0.7:8000", "LOCALHOST", "my.box:1"]
)
def test_own_names(host):
    assert is_own_name(host, "my.box")


@pytest.mark.parametrize(
    "host",
    ["", "evil.example", "evil.example:8000", "localhost.evil.example", "127.0.0.1.evil.example", "localhost:port",
     "127.0.0.1@evil.example", "[::1", "2130706433", "a b", "localhost:99999999", "my.box.evil.example",
     "localhost?evil.example", "localhost/evil.example", "localhost#evil.example", "evil.example@localhost"],
)  # fmt: skip
def test_foreign_names(host):
    assert not is_own_name(host, "my.box")


def test_a_foreign_name_is_refused_whatever_is_asked(client):
    for path in ("/", "/static/page.css", "/openapi.json", "/nothing"):
        response = client.get(path, headers={"host": "evil.example"})
        assert response.status_code == 421
        assert response.json() == {"error": "this page is not served under the name 'evil.example'"}


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://localhost:9999"},
        {"origin": "http://127.0.0.1"},
        {"origin": "http://["},
        {"origin": ""},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "none"},
        {"origin": "http://localhost", "sec-fetch-site": "cross-site"},
    ],
)
def test_posts_from_other_pages_are_refused(client, headers):
    for path in ("/api/runs", "/api/trainings", "/api/readings", "/api/jobs/x/stop", "/nothing"):
        response = client.post(path, json=RUN, headers=headers)
        assert response.status_code == 403
        assert response.json() == {"error": "this request comes from another page than this one"}
    assert client.app.state.jobs.jobs == {}


@pytest.mark.parametrize(
    "headers", [{}, {"origin": BASE}, {"origin": BASE, "sec-fetch-site": "same-origin"}, {"origin": "http://LOCALHOST"}]
)
def test_posts_from_this_page_and_from_programs_are_taken(client, headers):
    response = client.post("/api/runs", json=RUN, headers=headers)
    assert response.status_code == 202
    client.post(f"/api/jobs/{response.json()['id']}/stop")


def test_a_form_of_another_page_cannot_pose_as_json(client):
    response = client.post("/api/runs", content='{"program": "guesses"}', headers={"content-type": "text/plain"})
    assert response.status_code == 422


def test_every_answer_carries_the_headers(client):
    for response in (client.get("/"), client.get("/nothing"), client.get("/static/page.css"), client.post("/")):
        assert {name: response.headers[name] for name in HEADERS} == HEADERS
        assert response.headers["cache-control"] in ("no-store", "no-cache")
    policy = HEADERS["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "script-src 'self' " not in policy


def test_nothing_is_said_to_other_pages(client):
    response = client.options(
        "/api/runs", headers={"origin": "https://evil.example", "access-control-request-method": "POST"}
    )
    assert not [name for name in response.headers if name.startswith("access-control")]


def test_a_body_may_not_be_larger_than_the_limit(client):
    within, beyond = bytes(limits.BODY_BYTES), bytes(limits.BODY_BYTES + 1)
    image = {"content-type": "image/png"}
    assert client.post("/api/readings", content=within, headers=image).status_code == 422
    for content in (beyond, iter([beyond[:1000], beyond])):  # declared, and in chunks that say nothing of the whole
        response = client.post("/api/readings", content=content, headers=image)
        assert response.status_code == 413
        assert "256" in response.json()["error"] or "262,144" in response.json()["error"]


def test_a_length_that_is_no_number_is_refused(client):
    assert client.post("/api/readings", content=b"", headers={"content-length": "many"}).status_code == 400
    assert client.post("/api/readings", content=b"", headers={"content-length": "9" * 5000}).status_code == 413


def ask(application, messages, **scope):
    """The status with which an application answers a raw request whose body comes as these messages."""
    answers = []

    async def receive():
        if not messages:
            await asyncio.sleep(60)
        return messages.pop(0)

    async def send(message):
        answers.append(message)

    scope = {
        "type": "http", "method": "POST", "path": "/api/readings", "query_string": b"", "root_path": "",
        "headers": [(b"host", b"localhost"), (b"content-type", b"image/png")], "scheme": "http", **scope,
    }  # fmt: skip
    asyncio.run(application(scope, receive, send))
    return answers[0]["status"]


def test_a_body_that_does_not_come_is_not_waited_for(untrained, monkeypatch):
    monkeypatch.setattr(limits, "BODY_SECONDS", 0.2)
    part = {"type": "http.request", "body": png(ROUND[1])[:50], "more_body": True}
    assert ask(create_application(untrained), [part]) == 408


def test_a_visitor_who_leaves_in_the_middle_is_no_error(untrained):
    part = {"type": "http.request", "body": b"x", "more_body": True}
    assert ask(create_application(untrained), [part, {"type": "http.disconnect"}]) == 400


@pytest.mark.parametrize("kind", ["text/plain", "application/json", "image/gif", "image/png; charset=x", ""])
def test_a_reading_takes_images_only(client, kind):
    response = client.post("/api/readings", content=png(ROUND[1]), headers={"content-type": kind})
    assert response.status_code == 415


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "TRACE", "GET", "OPTIONS"])
def test_other_methods_are_refused(client, method):
    response = client.request(method, "/api/readings")
    assert response.status_code == 405
    assert response.json() == {"error": f"{method} is not possible here"}


def test_what_should_not_happen_is_not_explained_to_visitors(untrained, monkeypatch):
    application = create_application(untrained)
    monkeypatch.setattr("unstuck.web.api.answer", lambda *_: 1 / 0)
    with TestClient(application, base_url=BASE, raise_server_exceptions=False) as client:
        response = client.post("/api/readings", content=png(ROUND[1]), headers={"content-type": "image/png"})
    assert response.status_code == 500
    assert response.json() == {"error": "this went wrong on the server; its log says how"}
