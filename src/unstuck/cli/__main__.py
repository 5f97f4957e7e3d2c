"""`python -m unstuck.cli`, where the program `unstuck` is not on the path."""

from unstuck.cli import main

main()
