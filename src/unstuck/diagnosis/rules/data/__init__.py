"""Faults of the data: inputs, targets, the test set, and what the training loop does with its examples."""

from unstuck.diagnosis.rules.data import evaluation_set, inputs, labels, loop, targets  # noqa: F401 - importing them collects their rules
