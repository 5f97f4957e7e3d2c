"""The catalogue of faults, one module per stage of the training step; importing it collects all rules in RULES."""

from unstuck.diagnosis.rule import RULES

__all__ = ["RULES"]
