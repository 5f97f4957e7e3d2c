"""What was read of a recording: all that a replay of the script needs to know of it."""

from dataclasses import dataclass

from unstuck.adapters.scripts.reading.parameters import Chain
from unstuck.adapters.scripts.reading.training_loop import TrainingLoop
from unstuck.adapters.scripts.reading.update import Meeting, Update
from unstuck.adapters.scripts.recording.recording import Recording


@dataclass(frozen=True)
class Read:
    """What was read of a recording so far: all that a replay needs."""

    recording: Recording
    chains: list[Chain]
    update: Update
    loop: TrainingLoop
    inputs: Meeting
    targets: Meeting
    second: Update | None = None
    skip: int = 0  # turns of the loop before the one that is meant
    full_batch: bool = False  # whether each update takes the same examples: then a number equal to theirs counts them
