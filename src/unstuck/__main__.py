"""`python -m unstuck`, as `torchrun -m unstuck` starts it."""

from unstuck.cli import main

main()
