"""The pages for people, and the files they are made of."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from textwrap import dedent
from typing import Any

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import Response
from fastapi.templating import Jinja2Templates

from unstuck.diagnosis.report.page.style import STYLE as REPORT_STYLE
from unstuck.recipes.recipes import OPTIMIZER_NAMES, RECIPES
from unstuck.web import limits
from unstuck.web.gallery import PROGRAMS, StuckProgram
from unstuck.web.messages import TRAINABLE

FOLDER = Path(__file__).parent
MEDIA_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}

router = APIRouter(include_in_schema=False)
templates = Jinja2Templates(FOLDER / "templates")
templates.env.globals["limits"] = limits
templates.env.trim_blocks = templates.env.lstrip_blocks = True

GET = ["GET", "HEAD"]


@router.api_route("/", methods=GET)
async def draw(request: Request) -> Response:
    """Draw a digit and see it read."""
    return render(request, "draw.html")


@router.api_route("/train", methods=GET)
async def train(request: Request) -> Response:
    """Choose a network and watch it learn."""
    return render(request, "train.html", recipes=[RECIPES[name] for name in TRAINABLE], optimizers=OPTIMIZER_NAMES)


@router.api_route("/diagnose", methods=GET)
async def diagnose(request: Request) -> Response:
    """The gallery of stuck programs."""
    return render(request, "diagnose.html", programs=PROGRAMS.values())


@router.api_route("/diagnose/{name}", methods=GET)
async def diagnose_program(request: Request, name: str) -> Response:
    """One stuck program: run it, diagnose it, cure it."""
    if name not in PROGRAMS:
        raise HTTPException(404)
    program = PROGRAMS[name]
    before, after = (dedent(text).splitlines() for text in (program.before, program.after))
    return render(request, "program.html", program=program, lines=numbered_lines(program), before=before, after=after)


def numbered_lines(program: StuckProgram) -> list[tuple[int, str, bool]]:
    """The lines of a program, with their numbers and whether the cure changes them."""
    first = program.source[: program.source.index(program.before)].count("\n") + 1
    last = first + program.before.count("\n") - 1
    return [(i, line, first <= i <= last) for i, line in enumerate(program.source.splitlines(), start=1)]


@router.api_route("/static/{name}", methods=GET)
async def static(name: str) -> Response:
    """One of the page's own files. No path is made of the name: it is one of these, or there is nothing."""
    if name not in static_files():
        raise HTTPException(404)
    content, media_type = static_files()[name]
    return Response(content, media_type=media_type, headers={"cache-control": "no-cache"})


@cache
def static_files() -> dict[str, tuple[bytes, str]]:
    """Content and media type of the files beside the templates, by name."""
    files = {path.name: (path.read_bytes(), MEDIA_TYPES[path.suffix]) for path in (FOLDER / "static").iterdir()}
    return files | {"report.css": (REPORT_STYLE.encode(), "text/css")}


def render(request: Request, template: str, status: int = 200, **values: Any) -> Response:
    return templates.TemplateResponse(request, template, {"path": request.url.path, **values}, status)


def error_page(request: Request, status: int, sentence: str) -> Response:
    """A page that says what is wrong."""
    return render(request, "error.html", status, sentence=sentence, code=status)
