"""What visitors may ask for, with the bounds of every number, and the form of what they get."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from unstuck.recipes.recipes import OPTIMIZER_NAMES, RECIPES
from unstuck.web import limits
from unstuck.web.gallery import PROGRAMS
from unstuck.web.jobs import State, Task

TRAINABLE = tuple(recipe.name for recipe in RECIPES.values() if recipe.data == "mnist")

JobId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{22}$")]


def whole(value: Any) -> Any:
    """13.0 as 13: JSON has one kind of number."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


WHOLE = BeforeValidator(whole)
Units = Annotated[int, Field(ge=1, le=limits.UNITS), WHOLE]


class Request(BaseModel):
    """A JSON object without unknown keys, whose values have the right types already."""

    model_config = ConfigDict(extra="forbid", strict=True)


class TrainingRequest(Request):
    """A recipe, and what is changed in it."""

    recipe: Literal[TRAINABLE] = "default"  # type: ignore[valid-type]
    hidden: Annotated[list[Units], Field(max_length=limits.HIDDEN_LAYERS)] | None = None
    activation: Literal["relu", "leaky_relu", "tanh", "sigmoid", "linear"] | None = None
    optimizer: Literal[OPTIMIZER_NAMES] | None = None  # type: ignore[valid-type]
    learning_rate: Annotated[float, Field(gt=0, le=1000, allow_inf_nan=False)] | None = None
    batch_size: Annotated[int, Field(ge=1, le=limits.BATCH_SIZE), WHOLE] | None = None
    epochs: Annotated[int, Field(ge=1, le=limits.EPOCHS), WHOLE] | None = None
    dropout: Annotated[float, Field(ge=0, le=0.9, allow_inf_nan=False)] | None = None
    seed: Annotated[int, Field(ge=0, le=2**31 - 1), WHOLE] = 0


class ProgramRequest(Request):
    """A program of the gallery, as it is or cured."""

    program: Literal[tuple(PROGRAMS)]  # type: ignore[valid-type]
    cured: bool = False


class Failure(BaseModel):
    """Why something was refused, in one sentence."""

    error: str


class NetworkStatus(BaseModel):
    """Whether the network that reads drawings is there; `error` says why it will not be."""

    ready: bool
    trained: float
    error: str | None


class JobStatus(BaseModel):
    """How a job is doing. `known` is how many points there are; `result` comes when it is over."""

    id: str
    task: Task
    state: State
    jobs_before: int
    points: list[dict[str, Any]]
    known: int
    snapshot: dict[str, Any] | None
    result: dict[str, Any] | None
    error: str | None
    out_of_time: bool
