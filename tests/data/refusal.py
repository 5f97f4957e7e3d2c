"""What every reader owes to bad input: one sentence, little memory, nothing left behind."""

import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from unstuck.errors import DataError

BUFFERS = 3 << 20  # bytes that reading may take beside twice the file: chunks, parsed headers, the parsers' own


def refusal(read: Callable[[Path], Any], path: Path) -> str:
    """The sentence with which `read` refuses what is at `path`; fails if it does not, or not decently."""
    before = everything_under(path.parent)
    size = sum(file.stat().st_size for file in [path, *path.rglob("*")] if file.is_file())
    tracemalloc.start()
    try:
        with pytest.raises(DataError) as refused:
            read(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    sentence = str(refused.value)
    assert sentence.count("\n") == 0
    assert str(path) in sentence
    assert len(sentence) > len(str(path)) + 8
    assert peak <= 2 * size + BUFFERS, f"{peak:,} bytes to refuse {size:,}"
    assert everything_under(path.parent) == before
    return sentence


def read_or_refuse(read: Callable[[Path], Any], path: Path) -> None:
    """Read what is at `path`, or see it refused decently."""
    try:
        read(path)
    except DataError:
        refusal(read, path)


def everything_under(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*"))
