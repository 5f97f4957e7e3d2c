"""Backward faults: from the error at the output to gradients."""

from unstuck.diagnosis.rules.backward import deltas, gradients, scales  # noqa: F401 - importing them collects their rules
