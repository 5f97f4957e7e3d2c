"""Faults of the data: inputs, targets, the test set, and what the training loop does with its examples."""

import importlib

for _name in ("inputs", "targets", "evaluation_set", "loop"):  # their rules are collected as they are imported
    importlib.import_module(f"{__name__}.{_name}")
