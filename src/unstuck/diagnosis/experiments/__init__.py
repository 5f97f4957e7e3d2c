"""What matters, and what helps: networks trained with and without what was found.

`judge.py` decides what keeps the network from learning, from `setup_as_it_is.py`, with the `repairs.py` of faults and
the `choices.py` put back; `cures.py` finds the smallest set of changes that makes it learn. `outside_the_step.py` asks
the user's own reading and loop, `own_training.py` the program's own steps where no twin can stand in, at the `task.py`
that a plain network learns.
"""
