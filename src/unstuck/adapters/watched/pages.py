"""What a rule's page says of frameworks."""

import inspect

from unstuck.adapters.watched import checks  # noqa: F401 - collects the checks
from unstuck.adapters.watched.check import CHECKS


def in_frameworks(code: str) -> str:
    """How a fault looks in PyTorch and Keras, and what to do there: Markdown; nothing where no check sees it."""
    paragraphs: list[str] = []
    for function in CHECKS.get(code, []):
        told = inspect.cleandoc(function.__doc__ or "").split("\n\n")
        paragraphs += [" ".join(paragraph.split()) for paragraph in told]
    return "\n\n".join(paragraphs)
