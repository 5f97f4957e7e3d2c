"""The report as one HTML page that needs nothing but itself: no network, no script; for light, dark and paper."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from html import escape
from string import Template

from unstuck.diagnosis.report.contents import Contents
from unstuck.diagnosis.report.listing import LISTING
from unstuck.diagnosis.report.page.chain import chain
from unstuck.diagnosis.report.page.findings import finding_article
from unstuck.diagnosis.report.page.sections import (
    confusion_parts,
    layer_parts,
    listing_parts,
    note_list,
    reading_list,
    section,
    training_parts,
    unchecked_list,
)
from unstuck.diagnosis.report.page.style import STYLE
from unstuck.diagnosis.report.text import (
    EXPERIMENTS,
    READ,
    UNCHECKED,
    followed_line,
    network_line,
    note_groups,
    verdict_sentence,
)
from unstuck.errors import is_strict
from unstuck.writing import write_whole


def write_html(report: Contents, path: str | os.PathLike[str]) -> None:
    """Write the report as a page. Raises UnstuckError."""
    write_page(as_html(report), path)


def write_page(page: str, path: str | os.PathLike[str]) -> None:
    """Write a page beside its place first, so that nothing half-written is ever found there. Raises UnstuckError."""
    write_whole(path, page)


def as_html(report: Contents) -> str:
    """The whole page."""
    title = f"{report.name or 'network'}: {report.verdict}"
    return PAGE.substitute(title=escape(title), style=STYLE, body=as_fragment(report))


def as_notebook_cell(report: Contents) -> str:
    """The page's content with its style, for a cell of a notebook."""
    return f'<div class="unstuck-report"><style>{STYLE}</style>{as_fragment(report)}</div>'


def as_fragment(report: Contents) -> str:
    """The sections of the page, without those that have nothing to say."""
    bare = replace(report, portrait=None)
    parts = [
        f'<header class="{report.verdict}">',
        f"<h1>{escape(verdict_sentence(report))}</h1>",
        *(f"<p>{escape(line)}</p>" for line in (network_line(report.network), followed_line(report.network)) if line),
        "</header>",
        section("reading", READ, [] if report.reading is None else [reading_list(report.reading)]),
        chain(report),
        section("findings", "Findings", safely(lambda: articles(report), lambda: articles(bare))),
        section("listing", LISTING, listing_parts(report.listing or [])),
        section("training", EXPERIMENTS, safely(lambda: training_parts(report), lambda: training_parts(bare))),
        section("layers", "The layers at the start", safely(lambda: layer_parts(report.portrait))),
        section("confusions", "What it confuses", safely(lambda: confusion_parts(report.portrait))),
        *(section("notes", heading, [note_list(notes)]) for heading, notes in note_groups(report).items()),
        section("unchecked", UNCHECKED, [unchecked_list(report)]),
        f"<footer>diagnosed in {report.seconds:.1f} s</footer>",
    ]
    return "\n".join(part for part in parts if part)


def articles(report: Contents) -> list[str]:
    return [finding_article(finding, report.portrait, report.cures) for finding in report.findings]


def safely(draw: Callable[[], list[str]], without: Callable[[], list[str]] = list) -> list[str]:
    """The parts of a section; where this package itself fails to draw them, the words alone, and that it failed."""
    try:
        return draw()
    except Exception as error:
        if is_strict():
            raise
        return [*without(), f"<p>Not drawn: {escape(f'{type(error).__name__}: {error}')} (please report it).</p>"]


PAGE = Template("""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$title</title>
<style>$style@page { margin: 14mm; }</style>
</head>
<body class="unstuck-report">
$body
</body>
</html>
""")
