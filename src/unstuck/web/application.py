"""The application put together: routes, protection, and one clear sentence for everything that goes wrong."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from unstuck import __version__
from unstuck.errors import DataError
from unstuck.nn.network import Network
from unstuck.web import api, limits, pages, programs
from unstuck.web.jobs import Jobs
from unstuck.web.protection import Protection


def create_application(network: Network | None = None, host: str = "127.0.0.1", token: str | None = None) -> FastAPI:
    """The ASGI application.

    network: reads the drawings; without one, the default recipe is trained as soon as the application starts.
    host: the name it is served under; others than this, localhost and plain addresses are refused.
    token: who has it may have programs of their own run; without one nobody may.
    """
    application = FastAPI(
        title="unstuck", version=__version__, docs_url=None, redoc_url=None, lifespan=lifespan, redirect_slashes=False
    )
    application.state.network = network
    application.state.first_training = None
    application.state.token = token
    application.include_router(pages.router)
    application.include_router(api.router)
    application.include_router(programs.router)
    application.add_middleware(Protection, host=host)
    application.add_exception_handler(HTTPException, answer_refusal)
    application.add_exception_handler(RequestValidationError, answer_malformed)
    application.add_exception_handler(DataError, answer_bad_data)
    application.add_exception_handler(Exception, answer_own_fault)
    return application


@asynccontextmanager
async def lifespan(application: FastAPI) -> AsyncIterator[None]:
    """The jobs live as long as the application; the first may be the training of its own network."""
    state = application.state
    async with Jobs() as state.jobs:
        if state.network is None:
            settings = {"recipe": "default", "seed": 0}
            state.first_training = state.jobs.submit("train", settings, limits.TRAINING_SECONDS, watched=False)
        yield


async def answer_refusal(request: Request, error: Exception) -> Response:
    """What a route refused, or what has no route."""
    assert isinstance(error, HTTPException)
    said_by_framework = {
        "Not Found": "there is nothing under this address",
        "Method Not Allowed": f"{request.method} is not possible here",
    }
    sentence = said_by_framework.get(error.detail, error.detail)
    return respond(request, error.status_code, sentence, dict(error.headers or {}))


async def answer_malformed(request: Request, error: Exception) -> Response:
    """The first thing that is wrong with what was asked for, and where."""
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    place = ".".join(str(part)[:60] for part in first["loc"])
    return respond(request, 422, f"{place}: {first['msg']}")


async def answer_bad_data(request: Request, error: Exception) -> Response:
    """A drawing that is none."""
    return respond(request, 422, str(error))


async def answer_own_fault(request: Request, error: Exception) -> Response:
    """What should not have happened; the traceback is in the log."""
    return respond(request, 500, "this went wrong on the server; its log says how")


def respond(request: Request, status: int, sentence: str, headers: dict[str, str] | None = None) -> Response:
    """An error as JSON to programs, as a page to people."""
    sentence = sentence.encode("utf-8", "replace").decode("utf-8")
    if request.method in ("GET", "HEAD") and not request.url.path.startswith("/api/"):
        return pages.error_page(request, status, sentence)
    return JSONResponse({"error": sentence}, status, headers)
