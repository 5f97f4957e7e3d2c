"""The diagnosis: `diagnose.py` is the method, top-down."""

import json
from importlib.resources import files
from typing import Any


def schema() -> dict[str, Any]:
    """The JSON schema (draft 2020-12) of `Report.to_dict()` and of `unstuck diagnose --json`."""
    return json.loads((files(__package__) / "report.schema.json").read_text(encoding="utf-8"))
