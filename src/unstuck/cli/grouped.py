"""Options under headings, with the names that a shell may complete."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

SEPARATED = "unstuck.separated"  # in a context's meta: whether -- stood among the arguments


class GroupedCommand(click.Command):
    """A command whose help lists its options under their headings, in the order in which these first appear."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Remembers whether arguments were set apart by --, which click takes away."""
        ctx.meta[SEPARATED] = "--" in args
        return super().parse_args(ctx, args)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes one list of options for each heading."""
        sections: dict[str, list[tuple[str, str]]] = {}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx) if isinstance(parameter, click.Option) else None
            if record is not None:
                sections.setdefault(getattr(parameter, "heading", "Options"), []).append(record)
        for heading, records in sections.items():
            with formatter.section(heading):
                formatter.write_dl(records)


class GroupedOption(click.Option):
    """An option with the heading that it stands under."""

    def __init__(self, *args: Any, heading: str = "Options", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.heading = heading


def under(heading: str) -> Callable[..., Any]:
    """What declares options under this heading, as click.option does."""

    def option(*declarations: str, **settings: Any) -> Any:
        return click.option(*declarations, cls=GroupedOption, heading=heading, **settings)

    return option


def completing(names: Callable[[], list[str]]) -> Callable[[Any, Any, str], list[str]]:
    """What offers the names that begin as typed; they are asked for only when a shell completes."""

    def complete(ctx: Any, param: Any, incomplete: str) -> list[str]:
        return [name for name in names() if name.startswith(incomplete)]

    return complete


def recipe_names() -> list[str]:
    from unstuck.recipes.recipes import RECIPES

    return list(RECIPES)


def optimizer_names() -> list[str]:
    from unstuck.recipes.recipes import OPTIMIZER_NAMES

    return list(OPTIMIZER_NAMES)


def rule_names() -> list[str]:
    from unstuck.diagnosis.rules import RULES

    return [name for rule in RULES.values() for name in (rule.code, rule.name)]
