"""Update faults: from gradients to changes of the parameters."""

from unstuck.diagnosis.rules.update import choices, memory, parameters  # noqa: F401 - importing them collects their rules
