"""The start: the address, the model, the server."""

from __future__ import annotations

import ipaddress
import os
import secrets
import signal
import socket
import sys
from contextlib import ExitStack, suppress

import uvicorn

from unstuck.errors import UnstuckError
from unstuck.nn.files.model_file import load
from unstuck.web.application import create_application
from unstuck.web.patience import Impatient
from unstuck.web.reading import expect_reader

CONNECTIONS = 1000  # at a time; further ones are told to come again


def run(host: str, port: int, model: str | os.PathLike[str] | None) -> None:
    """Serve the page; see `unstuck.web.serve`."""
    network = None
    if model is not None:
        network = load(model)
        expect_reader(network, str(model))
    listener = listen(host, port)
    token = secrets.token_urlsafe(24) if is_loopback(listener) else None
    config = uvicorn.Config(
        create_application(network, host, token),
        log_level="warning",
        access_log=False,
        server_header=False,
        limit_concurrency=CONNECTIONS,
        timeout_keep_alive=5,
        http=Impatient,
        timeout_graceful_shutdown=3,
        lifespan="on",
    )
    address = f"[{host}]" if ":" in host else host
    url = f"http://{address}:{listener.getsockname()[1]}"
    print(f"draw, train and diagnose at {url} (Ctrl+C ends it)", file=sys.stderr, flush=True)
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, lambda number, frame: signal.raise_signal(signal.SIGTERM))  # a closed terminal
    if token is not None:
        print(f"diagnose a program of your own at {url}/programs?token={token}", file=sys.stderr, flush=True)
    with listener, suppress(KeyboardInterrupt):
        uvicorn.Server(config).run(sockets=[listener])


def is_loopback(listener: socket.socket) -> bool:
    """Whether only this machine reaches a socket."""
    return ipaddress.ip_address(listener.getsockname()[0].partition("%")[0]).is_loopback


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens there; UnstuckError if it cannot."""
    if not 0 <= port <= 65535:
        raise UnstuckError(f"port {port}: expected a number from 0 to 65535")
    try:
        [(family, kind, protocol, _, address), *_] = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        with ExitStack() as stack:
            listener = stack.enter_context(socket.socket(family, kind, protocol))
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            listener.listen(2048)
            stack.pop_all()
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UnstuckError(f"cannot listen on {host} port {port}: {reason}") from error
    return listener
