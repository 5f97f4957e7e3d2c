"""The page: draw digits, watch a network learn, see stuck networks diagnosed. Needs the extra `web`.

server.py      serve(): the address, the model, the start
application.py the pages and what they ask for; protection.py what is refused before it gets there
reading.py     from a drawing to an answer
jobs.py        work that takes seconds, each in a process of its own; worker.py is that process
gallery/       the stuck programs
"""

from __future__ import annotations

import os
from importlib import import_module

from unstuck.errors import UnstuckError


def serve(host: str = "127.0.0.1", port: int = 8000, model: str | os.PathLike[str] | None = None) -> None:
    """Serve the page until interrupted.

    host, port: where to listen, this machine only unless another host is given; port 0 takes a free one.
    model: a network saved by `unstuck.save` that reads the drawings; without one, the default recipe is trained first.

    Raises UnstuckError without the extra `web` and if the address is taken, ModelFileError for a model that cannot be
    read or is no classifier of 28 x 28 pixels.
    """
    for package in ("fastapi", "jinja2", "uvicorn"):
        try:
            import_module(package)
        except ModuleNotFoundError as error:
            raise UnstuckError(f'the page needs {package}: pip install "unstuck[web]"') from error
    from unstuck.web.server import run

    run(host, port, model)
