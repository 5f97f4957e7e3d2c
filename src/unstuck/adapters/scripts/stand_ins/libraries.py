"""Modules that are not installed: the few names of them that posts use, for the script only."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from unstuck.adapters.scripts.manners.whose import acts_for_script, imported_by_script
from unstuck.adapters.scripts.stand_ins import data_modules, drawing, frames, learning, vision
from unstuck.adapters.scripts.stand_ins.supply import Supply

Names = Callable[[Supply], dict[str, Any]]

MODULES: dict[str, Names] = {
    **data_modules.MODULES,
    **drawing.MODULES,
    **frames.MODULES,
    **learning.MODULES,
    **vision.MODULES,
}


class StandInFinder(MetaPathFinder, Loader):
    """Stands last on `sys.meta_path`: what arrives here is not installed."""

    def __init__(self, supply: Supply) -> None:
        self.supply = supply
        self.missing: str = ""  # the last module that was asked for in vain

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The spec of a stand-in, if the script asks for it."""
        frame, top = sys._getframe(1), fullname.partition(".")[0]
        draws = top == "matplotlib" and acts_for_script(frame)  # as pandas does for a script
        if not (draws or imported_by_script(frame)):
            return None
        if fullname not in MODULES or not isinstance(getattr(sys.modules.get(top), "__loader__", self), StandInFinder):
            self.missing = fullname
            return None
        if not self.supply.give(
            top, f"it imports {top}, which is not installed", "given the little that posts use of it"
        ):
            return None
        return ModuleSpec(fullname, self, is_package=True)

    def create_module(self, spec: ModuleSpec) -> None:
        """An ordinary module."""

    def exec_module(self, module: ModuleType) -> None:
        """Fills it."""
        module.__path__ = []
        vars(module)["__getattr__"] = lambda name: _submodule(module.__name__, name)  # keras.datasets, never imported
        vars(module).update(MODULES[module.__name__](self.supply))
        parent, _, name = module.__name__.rpartition(".")
        if parent in sys.modules:
            setattr(sys.modules[parent], name, module)

    def forget(self) -> None:
        """Has every stand-in imported anew."""
        for name in MODULES:
            if isinstance(getattr(sys.modules.get(name), "__loader__", None), StandInFinder):
                del sys.modules[name]


def _submodule(package: str, name: str) -> ModuleType:
    if f"{package}.{name}" not in MODULES:
        raise AttributeError(f"{package}.{name} is not in the stand-in for {package}, which is not installed")
    return import_module(f"{package}.{name}")
