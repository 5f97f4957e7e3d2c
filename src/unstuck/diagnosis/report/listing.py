"""A script's lines with a margin, in words: what a derivative proved of each.

A listing is data, as the report's JSON has it: a list of lines with `file`, `line`, `text`, `mark` ("right", "departs",
"given" or "") and `values` (the expressions of the line with shape and range).
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any

SIGNS = {"right": "✓", "departs": "✗", "given": "~", "": " "}
LISTING = "The way back (✓ proved right, ✗ departs here, ~ right but for what it was given)"
MOST = 40  # lines in a terminal
WIDTH = 88


def listing_lines(listing: Sequence[dict[str, Any]]) -> list[str]:
    """The marked lines, each with its number and the shape of what it makes; of very many those around a departure."""
    marked = [entry for entry in listing if entry["mark"]]
    departing = [index for index, entry in enumerate(marked) if entry["mark"] == "departs"]
    if len(marked) > MOST:
        first = max(0, (departing[0] if departing else 0) - MOST // 2)
        marked = marked[first : first + MOST]
    texts = textwrap.dedent("\n".join(entry["text"] or "" for entry in marked)).splitlines()
    return [_line(entry, text) for entry, text in zip(marked, texts)]


def _line(entry: dict[str, Any], text: str) -> str:
    number = f"cell {entry['cell']}, {entry['line']}" if entry.get("cell") else str(entry["line"])
    shapes = [" x ".join(map(str, value["shape"])) for value in entry["values"][:1] if value["shape"]]
    shape = f"  {shapes[0]}" if shapes else ""
    return f"  {SIGNS[entry['mark']]} {number:>5}  {text[:WIDTH]}{shape}"
