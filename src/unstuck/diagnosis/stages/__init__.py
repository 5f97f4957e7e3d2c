"""The stages of an examination: each link of a training step is identified given the ones before it."""

from unstuck.diagnosis.stages.forward import examine_forward
from unstuck.diagnosis.stages.step import examine_step, follow

__all__ = ["examine_forward", "examine_step", "follow"]
