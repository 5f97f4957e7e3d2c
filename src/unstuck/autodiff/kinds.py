"""What may be wrong with an expression, in the words of a report, where more than one place in the proof names it."""

FACTOR_MISSING = "a factor is missing"
PATH_MISSING = "a path is missing"
TERM_MISSING = "a term is missing"
EXPONENT_MISSING = "an exponent is missing"
STEP_MISSING = "a step of the way back is missing"
FACTOR_TOO_MANY = "a factor too many"
FACTOR = "factor"
LEFT_OUT = "an example or a time step is left out"
OTHER_VALUE = "another value was meant"

INCOMPLETE = frozenset({FACTOR_MISSING, PATH_MISSING, TERM_MISSING, EXPONENT_MISSING})
"""An operation that wants one more."""

IDLE = INCOMPLETE | {STEP_MISSING, FACTOR, FACTOR_TOO_MANY, OTHER_VALUE}
"""Where a statement that computes nothing, and only gives a value another name, may be what is wrong."""
