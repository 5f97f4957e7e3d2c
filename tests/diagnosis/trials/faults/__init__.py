"""Faults to plant: one class or function each, collected in `FAULTS` in the order data flows."""

from . import architecture, backward, data, evaluation, forward, loss, update  # noqa: F401
from .fault import FAULTS, Fault, plant

__all__ = ["FAULTS", "Fault", "plant"]
