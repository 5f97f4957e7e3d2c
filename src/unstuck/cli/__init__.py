"""The shell: arguments in, text out. Exit codes: 0 done (`diagnose`: healthy), 1 a fault was found, 2 bad input.

One module for each group of commands. What they do is imported inside them, so that `--help` answers at once.
"""

import click

from unstuck import __version__
from unstuck.cli.agents import mcp
from unstuck.cli.diagnosis import diagnose, rules
from unstuck.cli.models import evaluate, export, predict
from unstuck.cli.page import serve
from unstuck.cli.shell import Shell
from unstuck.cli.training import recipes, train


@click.group(cls=Shell, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="unstuck %(version)s")
def main() -> None:
    """Train neural networks that learn, and find out why yours does not."""


for command in (train, recipes, evaluate, predict, export, diagnose, rules, serve, mcp):
    main.add_command(command)
