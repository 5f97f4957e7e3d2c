"""What events speak of: places in the user's files, scores of predictions, parameters and what a step did to them."""

from __future__ import annotations

import linecache
from dataclasses import dataclass

import numpy as np

Array = np.ndarray
Shape = tuple[int, ...]


@dataclass(frozen=True)
class Place:
    """A line of the user's files, counted from 1; column counts from 1."""

    file: str
    line: int
    column: int = 1

    @property
    def text(self) -> str:
        """The line without its indentation."""
        return linecache.getline(self.file, self.line).strip()


@dataclass(frozen=True)
class Score:
    """How well predictions answer their targets: shares of right answers, or squares explained.

    kind      "accuracy" or "squares"
    n         answers that were judged
    right     of them, right ones; for squares the sum of squared errors
    spread    for squares the sum of squared distances of the targets from `centre`; for accuracy the number of classes
    """

    kind: str
    n: int
    right: float
    spread: float = 0.0
    centre: float = 0.0


@dataclass(frozen=True)
class Parameter:
    """A parameter: `key` tells it from all others.

    place     the line that made the layer that holds it
    owned     it is among the parameters of a model that was called
    in_layer  it belongs to a layer or was made as a parameter; False: a plain tensor
    called    its layer was called
    filled    the line that wrote one number into all of it before it was learnt, where that was seen
    """

    key: int
    name: str
    shape: Shape
    dtype: str
    place: Place | None
    owned: bool
    in_layer: bool
    called: bool
    filled: Place | None = None


@dataclass(frozen=True)
class ParameterStep:
    """One parameter in one step of its optimiser; sizes are Euclidean norms over a sample of its numbers.

    used      the gradient that the optimiser found
    fresh     what backward added since the gradient was last empty or used
    kept      what was there before that
    factor    `kept` as a multiple of the gradient used in the last step
    thrown    what backward had added and was set to zero without having been used
    moved     the change of the parameter, of its size `scale`
    along     the cosine between that change and the gradient used; None where one of both is 0
    alike     it is a matrix whose rows, or columns, are all the same after the step
    """

    parameter: Parameter
    used: float
    fresh: float
    kept: float
    factor: float | None
    thrown: float
    moved: float
    scale: float
    trainable: bool = True
    along: float | None = None
    alike: bool = False
