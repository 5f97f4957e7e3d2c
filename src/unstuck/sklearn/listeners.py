"""Callbacks of training: what is printed, and a bar that fills."""

from typing import Any

from unstuck.nn.history import Progress


class ProgressBar:
    """A bar on stderr with epoch, loss and validation score; silent where stderr is no terminal."""

    def __init__(self, description: str) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
        from rich.progress import Progress as Bar

        columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[text]}"))
        console = Console(stderr=True)
        self.bar = Bar(*columns, TimeElapsedColumn(), console=console, disable=not console.is_terminal)
        self.task = self.bar.add_task(description, total=None, text="")

    def __enter__(self) -> "ProgressBar":
        self.bar.start()
        return self

    def __exit__(self, *exception: Any) -> None:
        self.bar.stop()

    def __call__(self, progress: Progress) -> None:
        history = progress.history
        text = f"epoch {progress.epoch}/{progress.epochs}  loss {history.train_loss[-1]:.4f}"
        if history.validation_loss:
            text += f"  validation loss {history.validation_loss[-1]:.4f}"
        self.bar.update(self.task, total=progress.epochs, completed=progress.epoch, text=text)
