"""`unstuck serve`."""

from __future__ import annotations

import click

from unstuck.cli.arguments import FilePath


@click.command(short_help="Open the page: draw, train, diagnose.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on; this machine only.")
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0 takes a free one.")
@click.option("--model", type=FilePath(), metavar="PATH", help="Read digits with this network.")
def serve(host: str, port: int, model: str | None) -> None:
    """Open the page: draw digits, watch a network learn, see stuck networks diagnosed."""
    from unstuck import web

    web.serve(host=host, port=port, model=model)
