"""The stages of an examination: each link of a training step is identified given the ones before it."""

from unstuck.diagnosis.examination.forward_stage import examine_forward
from unstuck.diagnosis.examination.step_stage import examine_step, follow

__all__ = ["examine_forward", "examine_step", "follow"]
