"""The application behind a client, behind a real socket, and in front of a browser."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import uvicorn
from fastapi import FastAPI
from starlette.testclient import TestClient

from unstuck.nn.network import Network
from unstuck.web.application import create_application
from unstuck.web.patience import Impatient

BASE = "http://localhost"


@pytest.fixture(scope="session")
def untrained():
    """A network that answers at once, and whatever it likes."""
    return Network([784, 20, 10], seed=1)


@pytest.fixture
def client(untrained):
    with TestClient(create_application(untrained), base_url=BASE) as client:
        yield client


@contextmanager
def served(application: FastAPI) -> Iterator[str]:
    """The address under which the application is served on a free port."""
    server = uvicorn.Server(uvicorn.Config(application, port=0, log_level="error", lifespan="on", http=Impatient))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive(), "the server ended before it began"
            time.sleep(0.02)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()


def finished(client, job: str, seconds: float = 120.0) -> dict:
    """The status of a job once it is over, with all its points."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        status = client.get(f"/api/jobs/{job}").json()
        if status["state"] in ("done", "stopped", "failed"):
            return status
        time.sleep(0.05)
    raise AssertionError(f"the job was not over after {seconds} s")
