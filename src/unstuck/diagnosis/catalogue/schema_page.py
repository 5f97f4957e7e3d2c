"""The page that explains a report's JSON document, made from its schema."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

BEGINNING = """\
# A report as JSON

`unstuck diagnose FILE --json` prints one document, and `report.to_dict()` gives the same as a dictionary. Its JSON
schema (draft 2020-12) comes with the package: `unstuck.diagnosis.schema()`. Numbers that are not finite are written as
strings. Fields that are not always there are marked; new ones may be added, and none changes its meaning.
"""


def schema_markdown(schema: dict[str, Any]) -> str:
    """A table of the fields of the document, and one of those that each finding and note has."""
    finding = schema["$defs"]["finding"]
    parts = [BEGINNING, "## The document\n", _table(schema), "## A finding or note\n", _table(finding)]
    return "\n".join(parts)


def _table(schema: dict[str, Any]) -> str:
    lines = ["| field | type | what it is |", "|---|---|---|", *_rows(schema, "")]
    return "\n".join(lines) + "\n"


def _rows(schema: dict[str, Any], prefix: str) -> Iterator[str]:
    for name, entry in schema.get("properties", {}).items():
        optional = "" if name in schema.get("required", []) else " (not always there)"
        yield f"| `{prefix}{name}` | {_type(entry)} | {entry.get('description', '')}{optional} |"
        yield from _rows(entry, f"{prefix}{name}.")
        items = entry.get("items")
        if isinstance(items, dict):
            yield from _rows(items, f"{prefix}{name}[].")


def _type(entry: dict[str, Any]) -> str:
    if "enum" in entry:
        return ", ".join(f"`{value}`" for value in entry["enum"] if value != "")
    types = entry.get("type", "object or null")
    return types if isinstance(types, str) else " or ".join(types)
