"""The program itself, interrupted before the shell is there."""

import subprocess
import sys

INTERRUPTED_WHILE_IMPORTING = """
import builtins
from unstuck.entry import main

found = builtins.__import__

def interrupted(name, *rest, **more):
    if name.startswith("click"):
        raise KeyboardInterrupt
    return found(name, *rest, **more)

builtins.__import__ = interrupted
main()
"""


def test_an_interruption_before_anything_is_imported_is_one_line():
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED_WHILE_IMPORTING], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "unstuck: interrupted\n")


def test_the_program_is_the_shell():
    done = subprocess.run(
        [sys.executable, "-c", "from unstuck.entry import main; main()", "--version"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("unstuck ")
