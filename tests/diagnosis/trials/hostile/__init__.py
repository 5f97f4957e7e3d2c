"""Programs that do what programs do: raise, print, exit, hang, hand over nonsense, change what they are given.

Each function takes a healthy Case and makes it hostile in one way; `HOSTILE` holds them by name.
"""

from . import answers, data, noise, raising  # noqa: F401
from .hostile import HOSTILE, UNUSABLE

__all__ = ["HOSTILE", "UNUSABLE"]
