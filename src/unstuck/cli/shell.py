"""How the shell answers: with text, with one JSON document, or with what it cannot accept."""

from __future__ import annotations

import json
import sys
from typing import Any

import click

from unstuck.errors import UnstuckError


class Shell(click.Group):
    """Answers what the user can mend with one sentence on stderr and exit code 2."""

    def main(self, *args: Any, **kwargs: Any) -> Any:
        try:
            status = super().main(*args, **{**kwargs, "standalone_mode": False})
        except click.exceptions.NoArgsIsHelpError as error:
            click.echo(error.ctx.get_help(), err=True)
            status = 2
        except click.UsageError as error:
            help_ = f" (see {error.ctx.command_path} --help)" if error.ctx is not None else ""
            status = complain(f"{error.format_message()}{help_}")
        except click.ClickException as error:
            status = complain(error.format_message())
        except click.Abort:
            click.echo("unstuck: interrupted", err=True)
            status = 130
        except ReaderGone:
            sys.stdout = None  # nothing to say, nothing to flush
            status = 0
        except UnstuckError as error:
            status = complain(str(error))
        except MemoryError as error:
            status = complain(f"out of memory: {error}")
        except OSError as error:
            status = complain(": ".join(filter(None, (error.filename, error.strerror))) or str(error))
        sys.exit(status)

    def invoke(self, ctx: click.Context) -> Any:
        """Runs the command; click would make of a closed pipe the exit code that means a fault."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:
            raise ReaderGone from error


class ReaderGone(Exception):
    """The reader of our output has closed the pipe."""


def complain(sentence: str) -> int:
    click.echo(f"unstuck: {' '.join(sentence.split())}", err=True)
    return 2


def print_json(document: Any) -> None:
    click.echo(json.dumps(document, indent=2, allow_nan=False))
