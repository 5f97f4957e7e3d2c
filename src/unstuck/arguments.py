"""How the shell reads arguments, and how it answers what it cannot accept."""

from __future__ import annotations

import sys
from typing import Any

import click

from unstuck.errors import UnstuckError

MOST_UNITS = 1_000_000


class Shell(click.Group):
    """Answers what the user can mend with one sentence on stderr and exit code 2."""

    def main(self, *args: Any, **kwargs: Any) -> Any:
        try:
            status = super().main(*args, **{**kwargs, "standalone_mode": False})
        except click.ClickException as error:
            status = complain(error.format_message())
        except click.Abort:
            click.echo("unstuck: interrupted", err=True)
            status = 130
        except BrokenPipeError:
            sys.stdout = None  # the reader of our output has gone: nothing to say, nothing to flush
            status = 0
        except UnstuckError as error:
            status = complain(str(error))
        except MemoryError as error:
            status = complain(f"out of memory: {error}")
        except OSError as error:
            status = complain(f"{error.filename}: {error.strerror}" if error.filename else str(error))
        sys.exit(status)


def complain(sentence: str) -> int:
    click.echo(f"unstuck: {' '.join(sentence.split())}", err=True)
    return 2


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
