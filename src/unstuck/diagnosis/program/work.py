"""Work: what a diagnosis spends, counted from shapes before anything runs, the same on every machine.

The unit is one multiplication of a matrix product. What is no product is charged in the same unit, so that small
networks, whose time goes into calls of NumPy, are charged honestly. Every search and experiment may spend what this
page says and no more, in an order fixed beforehand; how fast it was done decides nothing.
"""

from __future__ import annotations

SECOND = 2e10  # of one core of a laptop with AVX2, with some margin: allowances are easier to picture in seconds

# What is charged beside products.
LAYER = 6e5  # the calls of NumPy in one layer of an update: forward, back, change
WEIGHT = 25.0  # an update reads and writes every weight once more than its products do, and each array like it again
CALL = 1e7  # a call of the user's program, made safe: output caught, settings put back
LINE = 2e4  # a line of the user's Python, or a call of a library's
NUMBER = 10.0  # one number compared, in a search for a formula
FORMULA = 1e6  # the calls of NumPy that trying one formula takes

# Finding formulas.
FORWARD = 5 * SECOND
BACKWARD = 6 * SECOND
GIVEN_GRADIENTS = 3 * SECOND
ADAPTIVE, OTHER_CORRECTIONS = 5 * SECOND, 2 * SECOND

# Deciding what matters.
DECIDING = 8 * SECOND  # all training runs but those as long as the user's training
ONE_RUN = 0.45 * SECOND
AS_PLANNED = 10 * SECOND  # the network as it is, for the updates that the user plans
LONGER = 3 * SECOND  # where what is right is slow at first: as it is and put right, each
OWN_TRAINING = 6 * SECOND  # the user's own steps or loop, where no twin speaks for them

# The user's own loop on a few examples.
FIRST_LOOP = 1.0 * SECOND
LOOP = 0.3 * SECOND  # a loop that takes more is run no more
EVALUATION, QUICK_EVALUATION = 3 * SECOND, 0.5 * SECOND

# The cure.
CURING = 15 * SECOND  # within the usual budget
READING = 6 * SECOND  # one training whose accuracy is read twice
FURTHER = 60 * SECOND  # with a large budget, the cured network on all examples
DRAWN_RUN, CURVE, SPOILT_CURVE = 0.9 * SECOND, 2 * SECOND, 1 * SECOND  # what the page draws


def of_update(n_weights: int, n_layers: int, batch_size: int, arrays: int = 1) -> float:
    """Forward, back and change of all weights, by a batch; `arrays` like the weights are kept by the optimiser."""
    return LAYER * n_layers + (3 * batch_size + WEIGHT * arrays) * n_weights


def of_lines(lines: int, n_weights: int, batch_size: int) -> float:
    """Lines of the user's Python in a loop over batches; one in four is as good as a product with all weights."""
    return lines * (LINE + batch_size * n_weights / 4)
