"""Networks that learn, and proofs of why yours does not."""

from unstuck.diagnosis.case import Case

__all__ = ["Case"]
