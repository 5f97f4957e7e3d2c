"""How the shell reads arguments."""

from __future__ import annotations

import math
import os
from itertools import combinations
from typing import Any

import click

from unstuck.errors import UnstuckError
from unstuck.writing import is_same_file, place_of

MOST_UNITS = 1_000_000


class Sizes(click.ParamType):
    """Units of each hidden layer: 256,128; empty for none."""

    name = "sizes"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[int, ...]:
        if isinstance(value, tuple):
            return value
        parts = [part.strip() for part in value.split(",")] if value.strip() else []
        if not all(part.isdecimal() and 0 < int(part) <= MOST_UNITS for part in parts):
            self.fail(f"{value!r} is no list of layer sizes, 1 to {MOST_UNITS:,}, such as 256,128", param, ctx)
        return tuple(map(int, parts))


class BatchSize(click.ParamType):
    """A number of examples, or `full` for all of them (0 inside)."""

    name = "size"

    def convert(self, value: Any, param: Any, ctx: Any) -> int:
        if value == "full":
            return 0
        if isinstance(value, int) or (value.isdecimal() and int(value) > 0):
            return int(value)
        self.fail(f"{value!r} is neither a number of examples nor 'full'", param, ctx)
        return 0


def underscored(ctx: Any, param: Any, value: str | None) -> str | None:
    """he-normal and he_normal are the same name."""
    return value and value.replace("-", "_")


class FilePath(click.Path):
    """The name of a file or a folder; an empty one would stand for the current folder."""

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        if value == "":
            self.fail("the name is empty, expected a file or a folder", param, ctx)
        return super().convert(value, param, ctx)


class Seconds(click.FloatRange):
    """A number above 0; infinity for as many as it takes."""

    def __init__(self) -> None:
        super().__init__(min=0, min_open=True)

    def convert(self, value: Any, param: Any, ctx: Any) -> float:
        seconds = super().convert(value, param, ctx)
        if math.isnan(seconds):
            self.fail(f"{value!r} is no number of seconds", param, ctx)
        return float(seconds)


def expect_writable(path: str | os.PathLike[str], argument: str = "--out", **read: Any) -> None:
    """Says before the long work that its result could not be saved there, or would replace what the command reads:
    the paths `read`, one or several (or None) under the name of what they are."""
    for what, paths in read.items():
        others = [paths] if isinstance(paths, str | os.PathLike) else paths or ()
        if any(is_same_file(path, other) for other in others):
            raise UnstuckError(f"{argument} {path}: is the {what} itself, expected the name of another file")
    try:
        place = place_of(path)
    except UnstuckError as error:
        raise UnstuckError(f"{argument} {error}") from error
    if not os.access(place.parent, os.W_OK):
        raise UnstuckError(f"{argument} {path}: cannot write into the folder {place.parent}")


def expect_apart(**written: str | os.PathLike[str] | None) -> None:
    """Says before the long work that two results, each under the name of its option, would replace each other."""
    given = [(name, path) for name, path in written.items() if path]
    for (one, path), (other, place) in combinations(given, 2):
        if is_same_file(path, place):
            raise UnstuckError(f"--{one} {path}: is the file of --{other} too, expected the name of another file")
