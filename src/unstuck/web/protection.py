"""What every request passes on its way in, and every answer on its way out.

Refused are foreign host names (a page elsewhere may let its own name point to this machine: DNS rebinding), requests
that pages elsewhere make their visitors' browsers send, and bodies that are too large or do not come.
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse

from unstuck.web import limits

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

CONTENT_SECURITY_POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "style-src-attr 'unsafe-inline'",  # widths of bars in reports
        "img-src 'self' data:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    ]
)

HEADERS = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")


class Protection:
    """Around the application; `host` is the name that it is served under besides localhost and plain addresses."""

    def __init__(self, app: ASGIApp, host: str) -> None:
        self.app, self.host = app, host

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_protected(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("cache-control", "no-store")
            await send(message)

        refusal = self.refusal(scope["method"], Headers(scope=scope))
        if refusal is None:
            body = await whole_body(Headers(scope=scope), receive)
            if isinstance(body, bytes):
                await self.app(scope, replayed(body, receive), send_protected)
                return
            refusal = body
        status, sentence = refusal
        answer = JSONResponse({"error": sentence}, status, {"connection": "close"})
        await answer(scope, receive, send_protected)

    def refusal(self, method: str, headers: Headers) -> tuple[int, str] | None:
        """Why a request is refused, from its headers alone."""
        host = headers.get("host", "")
        if not is_own_name(host, self.host):
            return 421, f"this page is not served under the name {host[:100]!r}"
        if method in SAFE_METHODS:
            return None
        origin, site = headers.get("origin"), headers.get("sec-fetch-site", "same-origin")
        own = {f"{scheme}://{host}".lower() for scheme in ("http", "https")}
        if site != "same-origin" or (origin is not None and origin.lower() not in own):
            return 403, "this request comes from another page than this one"
        return None


def is_own_name(host: str, served: str) -> bool:
    """Whether a Host header names this server: localhost, the name served under, or a plain address.

    A plain address cannot be rebound: a browser that sends it was sent to it.
    """
    if not re.fullmatch(r"[\w.\-]+(:\d*)?|\[[0-9A-Fa-f:.]+\](:\d*)?", host):
        return False  # nothing that a browser would take for a path, a query or a user's name
    try:
        name = urlsplit(f"//{host}").hostname or ""
        _ = urlsplit(f"//{host}").port  # raises ValueError if it is no number
    except ValueError:
        return False
    if name in ("localhost", served.lower()):
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


async def whole_body(headers: Headers, receive: Receive) -> bytes | tuple[int, str]:
    """The body of a request, or why it is refused: nothing is kept of one that is too large or too slow."""
    declared = headers.get("content-length", "0")
    if not declared.isdecimal():
        return 400, "the content-length of this request is no number"
    too_large = 413, f"the body of this request is too large: expected {limits.BODY_BYTES:,} bytes at most"
    if int(declared[:20]) > limits.BODY_BYTES:
        return too_large
    body = bytearray()
    try:
        async with asyncio.timeout(limits.BODY_SECONDS):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    return 400, "the body of this request did not come whole"
                body += message.get("body", b"")
                if len(body) > limits.BODY_BYTES:
                    return too_large
                if not message.get("more_body"):
                    return bytes(body)
    except TimeoutError:
        return 408, f"the body of this request did not come within {limits.BODY_SECONDS:g} seconds"


def replayed(body: bytes, receive: Receive) -> Receive:
    """A `receive` that gives the body that was read already, then what the server says."""
    given = False

    async def give() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return give
