"""What the model answers, what its losses say of it, and how its answers are judged."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from unstuck.adapters.watched.events.event import Event
from unstuck.adapters.watched.values import Array, Place, Score, Shape


@dataclass(frozen=True)
class ModelCalled(Event):
    """The outermost call of a model.

    learning      gradients are recorded: the call can be learnt from
    in_training   the model is in training mode; random: it holds layers that act otherwise then
    apart         how far the outputs in training mode lie from those in evaluation mode, as a share of their size,
                  where that was measured
    mixed         how far the answer to one example depends on the others in evaluation mode, where that was measured
    reached       how far from 0 what its first product was given lies, in the root of the mean square
    ahead         how far the answers at the entries of sequences of tokens depend on the last one, likewise
    """

    number: int
    model: str
    which: int  # models are counted as they are first called
    learning: bool
    in_training: bool
    random: bool
    input_shapes: tuple[Shape, ...]
    output_shape: Shape | None
    inputs: Array | None = None
    outputs: Array | None = None
    made: Place | None = None
    sequence_first: bool = False  # it holds a recurrent or attention layer that takes the first axis for time
    apart: float | None = None
    other_answers: float | None = None
    mixed: float | None = None
    ahead: float | None = None
    reached: float | None = None
    rows: Array | None = None  # (n,) a number for each example of the first input, the same for the same numbers
    answers: Array | None = None  # (n,) classes that were answered, where it was not learnt from
    labels: Array | None = None  # (n,) class numbers that a loader gave together with the inputs
    callers: tuple[Place, ...] = ()  # the user's lines that led to a call that was not learnt from, innermost first
    frozen: bool = False  # some of its parameters take no gradient
    dropped: Place | None = None  # where numbers were dropped at random in a call that was not learnt from
    loader: Place | None = None  # the line that made the loader whose batch it was given


@dataclass(frozen=True)
class LossTaken(Event):
    """A loss function was called with a prediction and a target.

    kind         of the table in `unstuck.adapters.watched.losses`
    made         the line that constructed the loss, where it is an object
    last         what the prediction was made by, from its end: ("softmax", "linear", …), as far as known
    last_place   the line that called the last of these that is known, or made the layer that did
    value        the loss; None where it is not a single number
    """

    number: int
    kind: str
    learning: bool
    prediction_shape: Shape
    target_shape: Shape
    target_dtype: str
    value: float | None
    made: Place | None = None
    last: tuple[str, ...] = ()
    last_place: Place | None = None
    prediction: Array | None = None
    target: Array | None = None
    classes: Array | None = None  # the class numbers of the targets, kept for every update
    score: Score | None = None
    options: dict[str, Any] = field(default_factory=dict)
    places: tuple[Place | None, ...] = ()  # of each of `last`


@dataclass(frozen=True)
class Broadcast(Event):
    """Two arrays of n numbers in different shapes were combined to n × n."""

    by: str
    shapes: tuple[Shape, Shape]


@dataclass(frozen=True)
class Normalised(Event):
    """A softmax: of which shape, along which axis."""

    shape: Shape
    axis: int


@dataclass(frozen=True)
class Reshaped(Event):
    """A view or reshape whose shape is the old one with axes exchanged."""

    before: Shape
    after: Shape


@dataclass(frozen=True)
class Silenced(Event):
    """A rectifier was learnt through, and every number that it was given is below 0: it passes nothing, either way."""

    shape: Shape


@dataclass(frozen=True)
class StateKept(Event):
    """A recurrent layer starts from the state that it ended with before the last update.

    stepwise  a model of one step, which is given its state and hands it on
    """

    made: Place | None
    stepwise: bool = False


@dataclass(frozen=True)
class Compared(Event):
    """Answers were compared with labels.

    right, total      as the program has them; expected, examples: counted here from the model's outputs;
                      expected is None where not all labels are known
    how               how the answers were made: "argmax along axis 0"
    """

    right: int
    total: int
    expected: int | None
    examples: int
    how: str
    shapes: tuple[Shape, Shape]
    learning: bool = False
    raw: bool = True  # made of the model's outputs as they are, without a sigmoid or softmax


@dataclass(frozen=True, eq=False)
class Held(Event):
    """Two lists of classes, (n,) each, were held against each other."""

    first: Array
    second: Array


@dataclass(frozen=True)
class Divided(Event):
    """A count of right answers was divided by a number."""

    right: float
    divisor: float
    examples: int
