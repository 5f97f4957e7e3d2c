"""Stand-ins for modules that draw, and for bars of progress: nothing is shown."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from unstuck.adapters.scripts.stand_ins.supply import Supply


class Canvas:
    """Takes every call and attribute, and shows nothing."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self

    def __getitem__(self, key: Any) -> Any:
        return self

    def __setitem__(self, key: Any, value: Any) -> None:
        return None

    def __iter__(self) -> Iterator[Any]:
        return iter(())

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *error: Any) -> None:
        return None

    def __len__(self) -> int:
        return 0

    def __bool__(self) -> bool:
        return False

    def __float__(self) -> float:
        return 0.0

    def __int__(self) -> int:
        return 0


def subplots(nrows: int = 1, ncols: int = 1, **kwargs: Any) -> tuple[Canvas, Any]:
    """A figure and as many axes as matplotlib gives."""
    axes = np.empty((nrows, ncols), object)
    axes.fill(Canvas())
    if not kwargs.get("squeeze", True):
        return Canvas(), axes
    return Canvas(), axes[0, 0] if axes.size == 1 else np.squeeze(axes)


def canvas(supply: Supply) -> dict[str, Any]:
    """A module of which every name draws nothing."""
    drawn = Canvas()
    return {"__getattr__": lambda name: getattr(drawn, name)}


def matplotlib(supply: Supply) -> dict[str, Any]:
    return {**canvas(supply), "__version__": "3.0", "rcParams": {}}


def pyplot(supply: Supply) -> dict[str, Any]:
    return {**canvas(supply), "subplots": subplots, "rcParams": {}}


class Bar:
    """tqdm: an iterable as it is, without a bar."""

    def __init__(self, iterable: Any = None, *args: Any, **kwargs: Any) -> None:
        self.iterable = iterable if iterable is not None else range(kwargs.get("total") or 0)
        self.n = 0

    def __iter__(self) -> Iterator[Any]:
        return iter(self.iterable)

    def __len__(self) -> int:
        return len(self.iterable)

    def __enter__(self) -> Bar:
        return self

    def __exit__(self, *error: Any) -> None:
        return None

    def __getattr__(self, name: str) -> Any:
        return lambda *args, **kwargs: None

    @staticmethod
    def write(text: object, **kwargs: Any) -> None:
        """Prints a line."""
        print(text)


def tqdm(supply: Supply) -> dict[str, Any]:
    return {"tqdm": Bar, "trange": lambda *args, **kwargs: Bar(range(*args)), "tqdm_notebook": Bar}


MODULES = {
    "matplotlib": matplotlib,
    "matplotlib.pyplot": pyplot,
    "pylab": pyplot,
    **dict.fromkeys(
        (
            "matplotlib.animation",
            "matplotlib.cm",
            "matplotlib.colors",
            "matplotlib.gridspec",
            "matplotlib.image",
            "matplotlib.patches",
            "matplotlib.ticker",
            "mpl_toolkits",
            "mpl_toolkits.mplot3d",
            "seaborn",
            "IPython",
            "IPython.display",
            "pygame",
            "turtle",
            "tkinter",
            "tkinter.ttk",
            "tkinter.messagebox",
            "tkinter.filedialog",
            "cv2",
        ),
        canvas,
    ),
    "tqdm": tqdm,
    "tqdm.auto": tqdm,
    "tqdm.notebook": tqdm,
}
