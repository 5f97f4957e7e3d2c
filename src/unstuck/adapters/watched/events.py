"""What a training script did, in order: one frozen value for each thing that was seen, whatever the framework.

Arrays are copies of the first rows, as NumPy; they are kept for the first updates only. `update` counts the updates of
parameters that were made before the event. A `Place` is the innermost line of the user's own files that led to it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from unstuck.adapters.watched.values import Array, Parameter, ParameterStep, Place, Score, Shape


@dataclass(frozen=True)
class ModeSet:
    """A model was set to training or to evaluation mode."""

    update: int
    place: Place | None
    training: bool


@dataclass(frozen=True)
class OptimizerMade:
    """holds: keys of the parameters. refused: it was given none at all."""

    update: int
    place: Place | None
    number: int
    kind: str
    learning_rate: float
    weight_decay: float
    holds: tuple[int, ...]
    refused: bool = False


@dataclass(frozen=True)
class LoaderMade:
    """A DataLoader, or the data handed to fit."""

    update: int
    place: Place | None
    n_examples: int | None
    batch_size: int | None
    shuffles: bool
    labels: Array | None = None  # class numbers in the order of the data


@dataclass(frozen=True)
class ModelCalled:
    """The outermost call of a model.

    learning      gradients are recorded: the call can be learnt from
    in_training   the model is in training mode; random: it holds layers that act otherwise then
    apart         how far the outputs in training mode lie from those in evaluation mode, as a share of their size,
                  where that was measured
    mixed         how far the answer to one example depends on the others in evaluation mode, where that was measured
    """

    update: int
    place: Place | None
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
    rows: Array | None = None  # (n,) a number for each example of the first input, the same for the same numbers
    answers: Array | None = None  # (n,) classes that were answered, where it was not learnt from
    labels: Array | None = None  # (n,) class numbers that a loader gave together with the inputs
    callers: tuple[Place, ...] = ()  # the user's lines that led to a call that was not learnt from, innermost first
    frozen: bool = False  # some of its parameters take no gradient


@dataclass(frozen=True)
class LossTaken:
    """A loss function was called with a prediction and a target.

    kind         of the table in `unstuck.adapters.watched.losses`
    made         the line that constructed the loss, where it is an object
    last         what the prediction was made by, from its end: ("softmax", "linear", …), as far as known
    last_place   the line that called the last of these that is known, or made the layer that did
    value        the loss; None where it is not a single number
    """

    update: int
    place: Place | None
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
class WentBackward:
    """Derivatives were taken.

    losses   numbers of the LossTaken it came from
    reached  what it was differentiated by
    climbs   it is minus a loss
    refused  what the framework said where there was nothing to differentiate
    still    of what was reached, how many have the values that they had the first time, while nothing is updated
    """

    update: int
    place: Place | None
    value: float | None
    losses: tuple[int, ...] = ()
    reached: tuple[Parameter, ...] = ()
    climbs: bool = False
    refused: str = ""
    still: int = 0
    read_place: Place | None = None  # the first line that read a gradient by hand since the last way back


@dataclass(frozen=True)
class Stepped:
    """An optimiser's step, or an update by hand (`optimizer` None)."""

    update: int
    place: Place | None
    optimizer: int | None
    parameters: tuple[ParameterStep, ...]
    backward_place: Place | None = None
    zero_place: Place | None = None
    has_closure: bool = False


@dataclass(frozen=True)
class Cut:
    """A tensor that was being differentiated was taken out of the graph."""

    update: int
    place: Place | None
    by: str
    carries_loss: bool = False


@dataclass(frozen=True)
class Broadcast:
    """Two arrays of n numbers in different shapes were combined to n × n."""

    update: int
    place: Place | None
    by: str
    shapes: tuple[Shape, Shape]


@dataclass(frozen=True)
class Normalised:
    """A softmax: along which axis, of which shape; from_outputs: of the model's outputs."""

    update: int
    place: Place | None
    shape: Shape
    axis: int


@dataclass(frozen=True)
class Compared:
    """Answers were compared with labels.

    right, total      as the program has them; expected, examples: counted here from the model's outputs;
                      expected is None where not all labels are known
    how               how the answers were made: "argmax along axis 0"
    """

    update: int
    place: Place | None
    right: int
    total: int
    expected: int | None
    examples: int
    how: str
    shapes: tuple[Shape, Shape]
    learning: bool = False
    raw: bool = True  # made of the model's outputs as they are, without a sigmoid or softmax


@dataclass(frozen=True, eq=False)
class Held:
    """Two lists of classes, (n,) each, were held against each other."""

    update: int
    place: Place | None
    first: Array
    second: Array


@dataclass(frozen=True)
class ShuffledApart:
    """The source brings one array into another order by itself."""

    update: int
    place: Place | None


@dataclass(frozen=True)
class StateKept:
    """A recurrent layer starts from the state that it ended with before the last update."""

    update: int
    place: Place | None
    made: Place | None


@dataclass(frozen=True)
class DrawnAnew:
    """A parameter was given new random numbers."""

    update: int
    place: Place | None


@dataclass(frozen=True)
class Frozen:
    """A parameter or a layer was told to take no gradient."""

    update: int
    place: Place | None


@dataclass(frozen=True)
class Divided:
    """A count of right answers was divided by a number."""

    update: int
    place: Place | None
    right: float
    divisor: float
    examples: int


@dataclass(frozen=True)
class Reshaped:
    """A view or reshape whose shape is the old one with axes exchanged."""

    update: int
    place: Place | None
    before: Shape
    after: Shape


@dataclass(frozen=True)
class Silenced:
    """A rectifier was learnt through, and every number that it was given is below 0: it passes nothing, either way."""

    update: int
    place: Place | None
    shape: Shape


@dataclass(frozen=True)
class Validated:
    """Examples that a model is validated with were handed to its training: how many, and how many are learnt from."""

    update: int
    place: Place | None
    examples: int
    learnt: int


@dataclass(frozen=True)
class Discarded:
    """A prepared copy of data is computed and thrown away."""

    update: int
    place: Place | None
    by: str


@dataclass(frozen=True)
class OwnDerivative:
    """An own function whose `backward` is not the derivative of its `forward`.

    kind     what stands in its place: "sign", "factor", "function", "missing", "twice", "another function", "other"
    apart    share by which both differ
    known    the framework can differentiate `forward` by itself
    """

    update: int
    place: Place | None
    name: str
    kind: str
    apart: float
    factor: float | None
    known: bool


@dataclass(frozen=True)
class Scheduled:
    """A learning rate schedule moved on."""

    update: int
    place: Place | None
    learning_rate: float


@dataclass(frozen=True)
class Raised:
    """The script raised."""

    update: int
    place: Place | None
    kind: str
    message: str


Event = (
    ModeSet
    | OptimizerMade
    | LoaderMade
    | ModelCalled
    | LossTaken
    | WentBackward
    | Stepped
    | Cut
    | Broadcast
    | Normalised
    | Compared
    | Held
    | ShuffledApart
    | StateKept
    | DrawnAnew
    | Frozen
    | Divided
    | Reshaped
    | Silenced
    | Validated
    | Discarded
    | OwnDerivative
    | Scheduled
    | Raised
)
