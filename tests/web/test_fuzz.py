"""Whatever is sent, the answer is one of those that the description promises: no 500, nothing that hangs."""

import json
import warnings

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from tests.web.conftest import BASE, served
from tests.web.strokes import ROUND, png
from unstuck.nn.network import Network
from unstuck.web.application import create_application
from unstuck.web.gallery import PROGRAMS

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import schemathesis
    from schemathesis.specs.openapi.checks import positive_data_acceptance

APPLICATION = create_application(Network([784, 8, 10]))
IMAGE = {"content-type": "image/png"}
PROMISED = {200, 202, 400, 403, 404, 405, 408, 413, 415, 421, 422, 429, 503}
QUICKLY = settings(deadline=None, suppress_health_check=list(HealthCheck))

schema = schemathesis.openapi.from_dict(APPLICATION.openapi())


@pytest.fixture(scope="module")
def client():
    with TestClient(APPLICATION, base_url=BASE) as client:
        yield client


def sound(response) -> bool:
    """A promised status; a sentence and nothing of the inside where something was refused."""
    if response.status_code not in PROMISED:
        return False
    if response.status_code < 400:
        return True
    text = response.text
    return "Traceback" not in text and "/work" not in text and (len(text) < 6000)


@pytest.fixture(scope="module")
def address():
    with served(create_application(Network([784, 8, 10]))) as address:
        yield address


@schema.parametrize()
@settings(QUICKLY, max_examples=25)
def test_the_description_is_kept(case, address):
    """Requests made from the description, right and wrong ones; the answers have its statuses, types and forms."""
    # Which PNG shows a digit is more than a schema can say: a valid one may be refused.
    beyond_schemas = [positive_data_acceptance] if case.path == "/api/readings" else []
    response = case.call_and_validate(base_url=address, excluded_checks=beyond_schemas)
    assert response.status_code in PROMISED
    if response.status_code == 202:
        httpx2.post(f"{address}/api/jobs/{response.json()['id']}/stop")


def stop(client, response):
    """No job of a made-up request goes on."""
    if response.status_code == 202:
        client.post(f"/api/jobs/{response.json()['id']}/stop")


PARTS = ["..", "%2e%2e", "static", "pages.py", "%00", "%2f", ".", "etc", "passwd", "\\", "page.css"]
PATHS = st.one_of(
    st.text(max_size=40),
    st.sampled_from(["/static/", "/diagnose/", "/api/jobs/", "/", "//", "/api/"]).flatmap(
        lambda start: st.text(max_size=30).map(lambda end: start + end)
    ),
    st.lists(st.sampled_from(PARTS)).map(lambda parts: "/" + "/".join(parts)),
)  # fmt: skip


@settings(QUICKLY, max_examples=150)
@given(path=PATHS, method=st.sampled_from(["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "X"]))
def test_no_path_leads_anywhere_else(client, path, method):
    from urllib.parse import quote

    response = client.request(method, BASE + "/" + quote(path.lstrip("/"), safe="/%\\", errors="replace"))
    assert sound(response)
    assert "def create_application" not in response.text
    assert "root:" not in response.text


@settings(QUICKLY, max_examples=100)
@given(content=st.binary(max_size=3000))
def test_no_bytes_are_a_drawing_by_chance(client, content):
    assert client.post("/api/readings", content=content, headers=IMAGE).status_code == 422


@settings(QUICKLY, max_examples=200)
@given(data=st.data())
def test_a_broken_image_is_refused_or_read(client, data):
    """A drawing of any size with some bytes changed, cut or doubled."""
    side = data.draw(st.integers(1, 64))
    content = bytearray(png(ROUND[data.draw(st.integers(0, 9))], side=side))
    for _ in range(data.draw(st.integers(0, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(content)))
    content = data.draw(st.sampled_from([content, content[:cut], content[cut:], content + content[:cut]]))
    response = client.post("/api/readings", content=bytes(content), headers=IMAGE)
    assert response.status_code in (200, 422), response.text
    if response.status_code == 422:
        assert response.json()["error"].startswith("the drawing")
    else:
        assert 0 <= response.json()["label"] <= 9


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=20), inner, max_size=4),
    max_leaves=12,
)
SETTINGS = st.dictionaries(
    st.sampled_from(["recipe", "hidden", "epochs", "learning_rate", "batch_size", "seed", "program", "cured", "x"]),
    JSON | st.sampled_from(["default", *PROGRAMS]),
    max_size=4,
)


@settings(QUICKLY, max_examples=150)
@given(
    path=st.sampled_from(["/api/trainings", "/api/runs", "/api/diagnoses"]),
    body=JSON.map(json.dumps) | SETTINGS.map(json.dumps) | st.text(max_size=50) | st.just("[" * 50_000),
)
def test_no_body_is_more_than_it_says(client, path, body):
    headers = {"content-type": "application/json"}
    response = client.post(path, content=body.encode("utf-8", "surrogatepass"), headers=headers)
    assert sound(response), (body, response.status_code)
    stop(client, response)


NAMES = ["host", "origin", "sec-fetch-site", "content-type", "content-length", "range"]
HEADER = st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=60)


@settings(QUICKLY, max_examples=100)
@given(name=st.sampled_from(NAMES), value=HEADER)
def test_no_header_upsets_the_server(client, name, value):
    headers = {"content-type": "application/json", name: value.encode("latin-1")}
    response = client.post("/api/runs", content=b'{"program": "none"}', headers=headers)
    assert sound(response)
    assert response.status_code >= 400
