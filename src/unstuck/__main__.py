"""`python -m unstuck`, as `torchrun -m unstuck` starts it."""

from unstuck.entry import main

main()
