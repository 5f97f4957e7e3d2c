"""The program as an experimenter sees it: the same question gets the same answer, and nothing is left changed.

`program.py` asks; `leaves.py` finds the arrays in whatever holds the parameters, `one_vector.py` the matrices in a
program that keeps them all in one vector.
"""
