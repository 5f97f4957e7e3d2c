"""The program `unstuck`: the shell, imported where an interruption is already one line and no traceback."""

import sys


def main() -> None:
    """What the command runs; exit code 130 after Ctrl-C, at whatever moment."""
    try:
        from unstuck.cli import main as shell

        shell()
    except KeyboardInterrupt:
        print("unstuck: interrupted", file=sys.stderr)
        sys.exit(130)
