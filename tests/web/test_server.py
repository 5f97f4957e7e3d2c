"""The server as the shell starts it, and many visitors at once."""

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
from collections import Counter

import httpx2
import pytest

import unstuck
from tests.web.conftest import served
from tests.web.strokes import NARROW, ROUND, png
from unstuck.errors import ModelFileError, UnstuckError
from unstuck.nn.network import Network
from unstuck.web import limits
from unstuck.web.application import create_application
from unstuck.web.reading import answer, read_drawing
from unstuck.web.server import listen

IMAGE = {"content-type": "image/png"}
CLIENTS = 200


def start(*arguments):
    code = f"import unstuck.web; unstuck.web.serve({', '.join(arguments)})"
    return subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE, text=True, env=os.environ)


@pytest.mark.parametrize("interruption", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_server_says_where_it_is_and_ends_when_told(tmp_path, untrained, interruption):
    unstuck.save(untrained, tmp_path / "model.safetensors")
    with start("port=0", f"model={str(tmp_path / 'model.safetensors')!r}") as server:
        try:
            said = server.stderr.readline()
            address = re.search(r"http://127\.0\.0\.1:\d+", said)[0]
            assert re.search(rf"{address}/programs\?token=[\w-]{{32}}$", server.stderr.readline().strip())
            reading = httpx2.post(f"{address}/api/readings", content=png(ROUND[4]), headers=IMAGE).json()
            assert reading["label"] == answer(untrained, read_drawing(png(ROUND[4])))["label"]
        finally:
            server.send_signal(interruption)
        assert server.stderr.read() == ""


@pytest.mark.parametrize(
    ("network", "sentence"), [(Network([5, 3, 2]), "takes 5 inputs, expected 784"), (None, "No such file")]
)
def test_a_model_that_cannot_read_digits_is_refused_before_anything_is_served(tmp_path, network, sentence):
    path = tmp_path / "model.safetensors"
    if network is not None:
        unstuck.save(network, path)
    from unstuck.web import serve

    with pytest.raises(ModelFileError, match=sentence):
        serve(port=0, model=path)


def test_an_address_that_is_taken_is_a_sentence():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(UnstuckError, match=f"cannot listen on 127.0.0.1 port {port}: Address already in use"):
            listen("127.0.0.1", port)


@pytest.mark.parametrize("host", ["no such host", "999.1.1.1", "\udcff"])
def test_an_address_that_is_none_is_a_sentence(host):
    with pytest.raises(UnstuckError, match="cannot listen on"):
        listen(host, 0)


@pytest.mark.parametrize("package", ["fastapi", "uvicorn", "jinja2"])
def test_without_the_extra_one_sentence_names_it(package):
    code = f"import sys; sys.modules[{package!r}] = None; import unstuck.web; unstuck.web.serve()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=os.environ)
    assert done.stderr.splitlines()[-1].endswith(f'the page needs {package}: pip install "unstuck[web]"')


def test_the_package_is_imported_without_the_extra():
    code = "import sys, unstuck.web, unstuck.web.worker; print(*{'fastapi', 'uvicorn', 'jinja2'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ)
    assert done.stdout.strip() == ""


def test_two_hundred_visitors_at_once_get_their_own_answers(untrained, monkeypatch):
    """Each draws something else and gets what belongs to it; jobs are queued, or refused in a sentence."""
    until_stopped = "import sys; sys.stdin.readline(); sys.stdin.readline()"  # a job that costs next to nothing
    monkeypatch.setattr("unstuck.web.jobs.WORKER", (sys.executable, "-S", "-c", until_stopped))
    drawings = [png((ROUND, NARROW)[i % 2][i % 10], side=140, pen=14 + i / 20) for i in range(CLIENTS)]
    expected = [answer(untrained, read_drawing(drawing)) for drawing in drawings]

    async def visit(client, i):
        reading = await client.post("/api/readings", content=drawings[i], headers=IMAGE)
        assert reading.status_code == 200
        assert reading.json() == expected[i]
        job = await client.post("/api/runs", json={"program": "guesses"})
        if job.status_code == 202:
            id = job.json()["id"]
            assert (await client.get(f"/api/jobs/{id}")).json()["id"] == id
            await client.post(f"/api/jobs/{id}/stop")
        page = await client.get("/diagnose")
        assert page.status_code == 200
        return job.status_code

    async def visit_all(address):
        connections = httpx2.Limits(max_connections=CLIENTS, max_keepalive_connections=0)  # one a request
        async with httpx2.AsyncClient(base_url=address, timeout=300, limits=connections) as client:
            return Counter(await asyncio.gather(*(visit(client, i) for i in range(CLIENTS))))

    with served(create_application(untrained)) as address:
        outcomes = asyncio.run(visit_all(address))
    assert set(outcomes) <= {202, 429}
    assert outcomes[202] >= limits.WAITING_JOBS


def test_a_visitor_who_sends_nothing_keeps_nobody_waiting(untrained):
    with served(create_application(untrained)) as address:
        place = address.removeprefix("http://").split(":")
        silent = [socket.create_connection((place[0], int(place[1]))) for _ in range(50)]
        for i, connection in enumerate(silent):
            connection.sendall(
                b"POST /api/readings HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n"[: 10 + 2 * i]
            )
        assert httpx2.get(address, timeout=10).status_code == 200
        for connection in silent:
            connection.close()


HOST = b"Host: localhost\r\n"


@pytest.mark.parametrize(
    "content",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET /\r\n\r\n",
        b"\x00\xff\r\n\r\n",
        b"GET / HTTP/9\r\n" + HOST + b"\r\n",
        b"GET http://evil.example/ HTTP/1.1\r\nHost: evil.example\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + HOST + b"Host: evil.example\r\n\r\n",
        b"POST /api/runs HTTP/1.1\r\n" + HOST + b"Content-Length: -5\r\n\r\n",
        b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n" + HOST + b"\r\n",
    ],
)
def test_what_is_no_request_is_refused(untrained, content):
    with served(create_application(untrained)) as address:
        host, port = address.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=10) as connection:
            connection.sendall(content)
            status = connection.recv(1000).split(b" ")[1]
    assert status.startswith(b"4")


def test_connections_without_a_request_are_closed(untrained, monkeypatch):
    monkeypatch.setattr(limits, "HEADER_SECONDS", 0.2)
    with served(create_application(untrained)) as address:
        host, port = address.removeprefix("http://").split(":")
        for begun in (b"", b"GET / HTTP/1.1\r\nHost: local"):
            with socket.create_connection((host, int(port)), timeout=20) as idle:
                idle.sendall(begun)
                assert idle.recv(1000) == b""
        assert httpx2.get(address).status_code == 200
