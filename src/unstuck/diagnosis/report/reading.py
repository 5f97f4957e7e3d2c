"""How a plain script was read, in words: the first lines of its report.

A reading is data, as the report's JSON has it: `data` (a list), `inputs`, `targets`, `outputs`, `parameters` (a list),
`network` (its layers in words), `loss`, `update`, `accuracy` (what it prints as such), `hints` (facts that are no fault
by themselves), `unread` (what was not found, and what would help) and `remarks` (sentences on what was done in the
script's place); where the script failed, `ended` (where and why) and `steps` (what it computed before). Every entry
has the line where it is made; in a notebook its cell too.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

WIDTH = 12  # of the column of headings
MOST = 8  # parameters that are listed one by one
KINDS = ("inputs", "targets", "outputs")
PLACES = ("line", "cell", "updated_at", "updated_in_cell", "stand_in", "name", "shape", "dtype", "file", "column")


def reading_lines(reading: dict[str, Any]) -> list[str]:
    """The reading as a short block, one line for each thing that was found."""
    entries = [
        *(("data", described(entry)) for entry in reading.get("data") or []),
        *((kind, described(entry)) for kind in KINDS if (entry := reading.get(kind))),
        *(("parameters", line) for line in parameter_lines(reading.get("parameters") or [])),
        *(("network", reading["network"]) for _ in [0] if reading.get("network")),
        *(("loss", _at(entry.get("what") or "", entry)) for entry in [reading.get("loss")] if entry),
        *(("update", update_words(entry)) for entry in [reading.get("update")] if entry),
        *(("accuracy", _at(entry.get("what") or "", entry)) for entry in [reading.get("accuracy")] if entry),
        *(("hint", _at(entry.get("what") or "", entry)) for entry in reading.get("hints") or []),
        *(("note", remark) for remark in reading.get("remarks") or []),
        *(("ended", reading["ended"]) for _ in [0] if reading.get("ended")),
        *(("before it", _at(f"{entry['text']} is {_shape(entry)}", entry)) for entry in reading.get("steps") or []),
        *(("not found", _unread(entry)) for entry in reading.get("unread") or []),
    ]
    lines, before = [], ""
    for heading, words in entries:
        lines.append(f"  {heading if heading != before else '':{WIDTH}}{words}")
        before = heading
    return lines


def first_words(first: dict[str, Any]) -> str:
    """What the first update of a script tells: `784-16-10, relu then softmax, batches of 20 (lines 34 to 37)`."""
    line, last = first.get("line"), first.get("to_line")
    if not line or not last or line == last or first.get("cell"):
        return _at(first["what"], first)
    return f"{first['what']} (lines {line} to {last})"


def described(entry: dict[str, Any]) -> str:
    """`X_train, 41000 x 784 float64, columns, 0 to 1 (line 12)`; where it stands in for what is missing, that too."""
    parts = [str(entry.get("name") or ""), " ".join(filter(None, (_shape(entry), str(entry.get("dtype") or ""))))]
    parts += [_words(key, value) for key, value in entry.items() if key not in PLACES and value not in (None, "")]
    if entry.get("stand_in"):
        parts.append(f"a stand-in: {entry['stand_in']}")
    return _at(", ".join(filter(None, parts)), entry)


def parameter_lines(parameters: list[dict[str, Any]]) -> Iterator[str]:
    """One line each, or the first few and how many more there are."""
    for entry in parameters[:MOST]:
        at = entry.get("updated_at")
        cell = f"cell {entry['updated_in_cell']}, " if entry.get("updated_in_cell") else ""
        updated = f", updated in {cell}line {at}" if at and at != entry.get("line") else ""
        dtype = f" {entry['dtype']}" if entry.get("dtype") not in (None, "float64") else ""
        yield _at(f"{entry.get('name') or 'one'} {_shape(entry)}{dtype}", entry, updated)
    if len(parameters) > MOST:
        yield f"… and {len(parameters) - MOST:,} more"


def update_words(update: dict[str, Any]) -> str:
    """`batches of 10 (line 118), rate 3 (line 7), 180,000 updates planned (line 117)`; the line of the update itself
    where the others are not known."""
    size, rate, planned = (update.get(key) for key in ("batch_size", "learning_rate", "updates_planned"))
    parts = {
        "batch": "" if size is None else "one example at a time" if size == 1 else f"batches of {size:,}",
        "rate": "" if rate is None else f"rate {rate:.4g}",
        "loop": "" if planned is None else f"{planned:,} updates planned",
    }
    said = [
        _at(words, {"line": update.get(f"{part}_line"), "cell": update.get(f"{part}_cell")})
        for part, words in parts.items()
        if words
    ]
    words = ", ".join(said) or "found"
    return words if any(update.get(f"{part}_line") for part in parts) else _at(words, update)


def _at(words: str, entry: dict[str, Any], more: str = "") -> str:
    if not entry.get("line"):
        return words + more
    cell = f"cell {entry['cell']}, " if entry.get("cell") else ""
    return f"{words} ({cell}line {entry['line']}{more})".strip()


def _shape(entry: dict[str, Any]) -> str:
    shape = entry.get("shape")
    if shape is None:
        return ""
    return " x ".join(f"{size}" for size in shape) if len(shape) else "one number"


def _words(key: str, value: Any) -> str:
    if key == "range" and isinstance(value, (list, tuple)) and len(value) == 2:
        return f"{value[0]:.4g} to {value[1]:.4g}"
    if key == "role":
        return "" if value == "training" else f"{value} data"
    return str(value) if key in ("layout", "coding", "what") else f"{key.replace('_', ' ')} {value}"


def _unread(entry: dict[str, Any]) -> str:
    missing = entry.get("missing")
    return f"{entry.get('what')}: for that, unstuck needs {missing}" if missing else str(entry.get("what"))
