"""Operations that do the same, under the names that programs call them by: operators, their forms in place, NumPy's."""

import operator
from typing import Any

import numpy as np

ADDING: frozenset[Any] = frozenset({operator.add, operator.iadd, np.add})
SUBTRACTING: frozenset[Any] = frozenset({operator.sub, operator.isub, np.subtract})
MULTIPLYING: frozenset[Any] = frozenset({operator.mul, operator.imul, np.multiply})
DIVIDING: frozenset[Any] = frozenset({operator.truediv, operator.itruediv, np.divide})
NEGATING: frozenset[Any] = frozenset({operator.neg, np.negative})
POWERS: frozenset[Any] = frozenset({operator.pow, operator.ipow, np.power})
SCALING = MULTIPLYING | DIVIDING | NEGATING
TOTALS: frozenset[Any] = frozenset({np.sum, np.ndarray.sum, np.add.reduce})
MEANS: frozenset[Any] = frozenset({np.mean, np.ndarray.mean, np.average})
SUMMING = TOTALS | MEANS
SPREADS: frozenset[Any] = frozenset({np.var, np.ndarray.var, np.std, np.ndarray.std})
MAXIMA: frozenset[Any] = frozenset({np.max, np.amax, np.ndarray.max, np.maximum.reduce})
MATRIX_PRODUCTS: frozenset[Any] = frozenset({np.dot, np.ndarray.dot, np.matmul, operator.matmul})
CONTRACTIONS = MATRIX_PRODUCTS | {np.einsum, np.tensordot, np.inner}
"""Products that add up over a common axis."""
TURNING: frozenset[Any] = frozenset({np.transpose, np.ndarray.transpose})
CASTING: frozenset[Any] = frozenset({np.ndarray.astype, float, np.float64, np.float32})
