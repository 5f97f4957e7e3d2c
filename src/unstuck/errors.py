"""What can go wrong with what the user hands over.

ValueError
└── UnstuckError        one clear sentence: what was wrong, where, what was expected
    ├── DataError       a data file, an image or an array
    ├── ModelFileError  a model file or a checkpoint
    ├── TrainingError   a setting of the training, or numbers that stopped being finite
    └── CaseError       a Case that cannot be examined as given
"""

import os


class UnstuckError(ValueError):
    """Base of all errors that the user can mend; the message is one sentence."""


class DataError(UnstuckError):
    """A data file, an image or an array is not what was expected."""


class ModelFileError(UnstuckError):
    """A model file or a checkpoint is damaged, foreign or of another version."""


class TrainingError(UnstuckError):
    """A training setting is impossible, or the training stopped being finite."""


class CaseError(UnstuckError):
    """A Case lacks what an examination needs, or contradicts itself."""


def is_strict() -> bool:
    """Whether errors of this package's own are raised where a report would go on without: UNSTUCK_STRICT is set."""
    return bool(os.environ.get("UNSTUCK_STRICT"))
