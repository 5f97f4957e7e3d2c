"""Libraries that are installed, but would open a window, fetch data from a network or write past Python's functions."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from functools import partial
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType
from typing import Any

from unstuck.adapters.scripts.manners.overlay import Overlay
from unstuck.adapters.scripts.manners.whose import for_the_script, replace
from unstuck.adapters.scripts.stand_ins.learning import mldata, openml
from unstuck.adapters.scripts.stand_ins.old_names import answer_to
from unstuck.adapters.scripts.stand_ins.supply import Supply
from unstuck.adapters.scripts.stand_ins.tables import answer_frames

Change = Callable[[Any, Supply, Overlay], None]


class ChangingFinder(MetaPathFinder):
    """Stands first on `sys.meta_path`: changes a module of CHANGES as soon as it is loaded."""

    def __init__(self, supply: Supply, overlay: Overlay) -> None:
        self.supply = supply
        self.overlay = overlay
        for name, change in CHANGES.items():
            if name in sys.modules:
                change(sys.modules[name], supply, overlay)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The ordinary spec, with a loader that changes the module after it was loaded."""
        if fullname not in CHANGES:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = _Loader(spec.loader, lambda module: CHANGES[fullname](module, self.supply, self.overlay))
        return spec


class _Loader(Loader):
    """Loads as `inner` does, and makes a change."""

    def __init__(self, inner: Any, change: Callable[[ModuleType], None]) -> None:
        self.inner = inner
        self.change = change

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """As `inner` does."""
        module: ModuleType | None = self.inner.create_module(spec)
        return module

    def exec_module(self, module: ModuleType) -> None:
        """As `inner` does, and then the change."""
        self.inner.exec_module(module)
        self.change(module)


# -- windows -----------------------------------------------------------------------------------------------------------


def _nothing(*args: Any, **kwargs: Any) -> None:
    return None


def without_backends(matplotlib: Any, supply: Supply, overlay: Overlay) -> None:
    """The backend stays the one that draws into memory."""
    replace(matplotlib, "use", _nothing)


def without_figures(pyplot: Any, supply: Supply, overlay: Overlay) -> None:
    """Nothing is shown or waited for, and the backend stays the one that draws into memory."""
    for name in ("show", "pause", "waitforbuttonpress"):
        replace(pyplot, name, _nothing)
    switch = pyplot.switch_backend
    replace(pyplot, "switch_backend", lambda backend: switch("agg"))


def without_windows(cv2: Any, supply: Supply, overlay: Overlay) -> None:
    """Pictures are not shown; the key that was pressed is Escape."""
    for name in ("imshow", "namedWindow", "destroyAllWindows", "destroyWindow"):
        replace(cv2, name, _nothing)
    replace(cv2, "waitKey", lambda delay=0: 27)
    write = cv2.imwrite
    replace(cv2, "imwrite", lambda path, *args: write(overlay.to_write(path, keep=False), *args))


def without_screen(tkinter: Any, supply: Supply, overlay: Overlay) -> None:
    """There is no screen."""

    def refused(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError("it opens a window with tkinter; unstuck shows none")

    tkinter.Tk.__init__ = for_the_script(tkinter.Tk.__init__)(refused)


# -- data --------------------------------------------------------------------------------------------------------------


def with_frames(pandas: Any, supply: Supply, overlay: Overlay) -> None:
    """Tables that are not there."""
    answer_frames(supply, pandas)


def with_keras_pairs(module: Any, supply: Supply, overlay: Overlay) -> None:
    """Keras's MNIST, unless it was fetched before."""
    original = module.load_data
    name = module.__name__.rpartition(".")[2]

    def load_data(path: str = f"{name}.npz") -> Any:
        fetched = os.path.exists(Path(os.environ.get("KERAS_HOME", Path.home() / ".keras")) / "datasets" / path)
        if fetched or not supply.give(
            f"keras.datasets.{name}", f"it asks for keras.datasets.{name}, which is not here"
        ):
            return original() if name == "fashion_mnist" else original(path)
        return supply.digits.keras_pairs()

    replace(module, "load_data", load_data)


def with_helpers_apart(utils: Any, supply: Supply, overlay: Overlay) -> None:
    """Keras's helpers for NumPy, in the module of their own in which they were."""
    if not hasattr(utils, "np_utils"):
        utils.np_utils = sys.modules["keras.utils.np_utils"] = ModuleType("keras.utils.np_utils")
        names = {"to_categorical": utils.to_categorical, "normalize": utils.normalize}
        answer_to(utils.np_utils, names, supply)


def with_openml(module: Any, supply: Supply, overlay: Overlay) -> None:
    """scikit-learn's ways to fetch digits: from OpenML, unless that was done before, and the one before that."""
    answer_to(module, {"fetch_mldata": partial(mldata, supply.digits)}, supply)
    original = module.fetch_openml

    def fetch_openml(name: Any = None, *args: Any, **options: Any) -> Any:
        home = Path(
            options.get("data_home") or os.environ.get("SCIKIT_LEARN_DATA") or Path.home() / "scikit_learn_data"
        )
        digits = "mnist" in str(name).lower() or options.get("data_id") == 554
        if (
            not digits
            or (home / "openml").exists()
            or not supply.give("openml", f"it fetches {name or 'data'} from OpenML")
        ):
            return original(name, *args, **options)
        options.pop("version", None)
        return openml(supply.digits, **{key: options[key] for key in ("return_X_y", "as_frame") if key in options})

    replace(module, "fetch_openml", fetch_openml)


def with_downloads(request: Any, supply: Supply, overlay: Overlay) -> None:
    """Files of digits that a program fetches by their address."""
    retrieve, urlopen = request.urlretrieve, request.urlopen

    def address(url: Any) -> str:
        return str(getattr(url, "full_url", url))

    def fetched(url: Any, filename: Any = None, *args: Any, **kwargs: Any) -> Any:
        found = supply.file(address(url))
        if found is None:
            return retrieve(url, filename, *args, **kwargs)
        return (found if filename is None else overlay.copy(found, os.fspath(filename))), None

    def opened(url: Any, *args: Any, **kwargs: Any) -> Any:
        found = supply.file(address(url))
        return urlopen(url, *args, **kwargs) if found is None else open(found, "rb")

    replace(request, "urlretrieve", fetched, shield=False)
    replace(request, "urlopen", opened, shield=False)


# -- writing past Python's functions -----------------------------------------------------------------------------------


def with_apart_files(h5py: Any, supply: Supply, overlay: Overlay) -> None:
    """HDF5 files that are written."""
    make = h5py.File.__init__

    def made(self: Any, name: Any, mode: str = "r", *args: Any, **kwargs: Any) -> None:
        if isinstance(name, (str, bytes, os.PathLike)):
            path = os.fsdecode(name)
            name = overlay.to_read(path) if mode == "r" else overlay.to_write(path, keep=mode not in ("w", "w-", "x"))
        make(self, name, mode, *args, **kwargs)

    h5py.File.__init__ = for_the_script(make)(made)


def with_apart_tensors(torch: Any, supply: Supply, overlay: Overlay) -> None:
    """Tensors that are saved."""
    save = torch.save

    def saved(value: Any, f: Any, *args: Any, **kwargs: Any) -> None:
        path = isinstance(f, (str, os.PathLike))
        save(value, overlay.to_write(os.fspath(f), keep=False) if path else f, *args, **kwargs)

    replace(torch, "save", saved)


def in_threads(multiprocessing: Any, supply: Supply, overlay: Overlay) -> None:
    """Processes become threads: there is one process for a script."""
    from multiprocessing import dummy

    for name in ("Process", "Pool", "Queue", "JoinableQueue", "Manager", "Value", "Array"):
        setattr(multiprocessing, name, getattr(dummy, name))


def with_threads(futures: Any, supply: Supply, overlay: Overlay) -> None:
    """The same for pools of the newer kind."""
    futures.ProcessPoolExecutor = lambda max_workers=None, *args, **kwargs: futures.ThreadPoolExecutor(max_workers)


CHANGES: dict[str, Change] = {
    "matplotlib": without_backends,
    "matplotlib.pyplot": without_figures,
    "cv2": without_windows,
    "tkinter": without_screen,
    "pandas": with_frames,
    "keras.src.datasets.mnist": with_keras_pairs,
    "keras.src.datasets.fashion_mnist": with_keras_pairs,
    "keras.utils": with_helpers_apart,
    "sklearn.datasets": with_openml,
    "urllib.request": with_downloads,
    "h5py": with_apart_files,
    "torch": with_apart_tensors,
    "multiprocessing": in_threads,
    "concurrent.futures": with_threads,
}
