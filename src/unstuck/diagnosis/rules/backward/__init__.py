"""Backward faults: from the error at the output to gradients."""

from unstuck.diagnosis.rules.backward import (  # noqa: F401 - importing them collects their rules
    deltas,
    gradients,
    scales,
    unexplained,
)
