"""Training to look at while it runs: in a terminal, or in a notebook."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from unstuck.nn.history import Progress
    from unstuck.nn.training import Callback


@contextmanager
def live_progress() -> Iterator[Callback]:
    """A callback for `train` that shows how far it is.

    In a notebook the learning curves grow below the cell. In a terminal a bar runs on stderr, with a line for each
    epoch above it. Where stderr is no terminal, nothing is shown.

        with unstuck.live_progress() as show:
            unstuck.train(network, data, callbacks=[show])
    """
    if _in_notebook():
        yield _notebook_curves()
    elif sys.stderr is not None and sys.stderr.isatty():  # a service may have none
        with _terminal_bar() as show:
            yield show
    else:
        yield lambda progress: None


def _in_notebook() -> bool:
    """Whether IPython runs this, with a front end that draws; it is loaded then, so nothing is loaded for it."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return shell is not None and hasattr(shell, "kernel")


def _notebook_curves() -> Callback:
    from IPython.display import HTML, display

    handle = None

    def show(progress: Progress) -> None:
        nonlocal handle
        share = progress.update / progress.updates
        page = HTML(
            f'<progress value="{share:.3f}" aria-label="training"></progress> epoch {progress.epoch}/{progress.epochs}'
            + (progress.history._repr_html_() if progress.history.epochs else "")
        )
        if handle is None:
            handle = display(page, display_id=True)
        else:
            handle.update(page)

    return show


@contextmanager
def _terminal_bar() -> Iterator[Callback]:
    from rich import progress as rich_progress
    from rich.console import Console

    columns = (
        rich_progress.TextColumn("{task.description}"),
        rich_progress.BarColumn(),
        rich_progress.TimeRemainingColumn(),
    )
    console = Console(stderr=True)
    with rich_progress.Progress(*columns, console=console, transient=True, refresh_per_second=5) as bar:
        task = bar.add_task("reading", total=None)

        def show(progress: Progress) -> None:
            epoch = f"epoch {progress.epoch}/{progress.epochs}"
            bar.update(task, completed=progress.update, total=progress.updates, description=epoch)
            if progress.epoch_done:
                bar.console.print("  ".join([epoch, *progress.history.last_epoch()]), highlight=False)

        yield show
