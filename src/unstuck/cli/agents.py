"""`unstuck mcp`."""

from __future__ import annotations

import click

from unstuck.errors import UnstuckError


@click.command(short_help="Offer the diagnosis to agents.")
def mcp() -> None:
    """Offer the diagnosis, the catalogue and the fix as tools of the Model Context Protocol, over standard input."""
    try:
        from unstuck.agents.server import make_server
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] != "mcp":
            raise
        raise UnstuckError("unstuck mcp needs the extra: pip install 'unstuck[mcp]'") from None
    make_server().run("stdio")
