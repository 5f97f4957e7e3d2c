"""Programs of the visitor's own: diagnosed as `unstuck diagnose` does, for who has the token of this server only.

To diagnose a program is to run it. So only the machine itself may ask, and only with the token that `unstuck serve`
prints in its address, as Jupyter does: neither other machines nor pages elsewhere, nor other users of this machine.
"""

from __future__ import annotations

import hmac
import ipaddress
from typing import Annotated, Literal

from fastapi import APIRouter, HTTPException, Query
from fastapi import Request as HttpRequest
from fastapi.responses import RedirectResponse, Response
from pydantic import Field

from unstuck.web import limits, pages
from unstuck.web.api import submit
from unstuck.web.messages import JobStatus, Request

router = APIRouter()
NO_TOKEN = "programs are run for who comes by the address with the token that `unstuck serve` prints"


class OwnProgramRequest(Request):
    """The text of a script or a notebook, and whether a fix is wanted."""

    text: Annotated[str, Field(min_length=1)]
    kind: Literal["script", "notebook"] = "script"
    fix: bool = True


@router.api_route("/programs", methods=pages.GET, include_in_schema=False)
async def own_programs(request: HttpRequest, token: Annotated[str | None, Query(max_length=100)] = None) -> Response:
    """Paste or drop a program; the token of the address becomes a cookie and leaves the address."""
    expect_own_machine(request)
    if token is None:
        expect_token(request, request.cookies.get(cookie_name(request)))
        return pages.render(request, "programs.html")
    expect_token(request, token)
    answer = RedirectResponse("/programs", 303)
    answer.set_cookie(cookie_name(request), token, httponly=True, samesite="strict")
    return answer


@router.post("/api/programs", status_code=202, include_in_schema=False)
async def start_program(request: HttpRequest, wanted: OwnProgramRequest) -> JobStatus:
    """Diagnose a program of the visitor's own, and look for its fix."""
    expect_own_machine(request)
    expect_token(request, request.cookies.get(cookie_name(request)))
    return submit(request, "program", wanted.model_dump(), limits.PROGRAM_SECONDS)


def cookie_name(request: HttpRequest) -> str:
    """Cookies know no ports, servers do."""
    return f"unstuck-{request.url.port}"


def expect_own_machine(request: HttpRequest) -> None:
    """Refuses other machines."""
    try:
        own = request.client is not None and ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        own = False
    if not own:
        raise HTTPException(403, "programs are run for this machine itself only")


def expect_token(request: HttpRequest, given: str | None) -> None:
    """Refuses who has no token, or another one."""
    token: str | None = request.app.state.token
    if token is None or given is None or not hmac.compare_digest(token.encode(), given.encode()):
        raise HTTPException(403, NO_TOKEN)
