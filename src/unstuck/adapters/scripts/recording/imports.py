"""Modules beside a script are watched like the script."""

import importlib.util
import os
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from tokenize import open as open_source
from types import ModuleType

from unstuck.adapters.watch import Watch


class BesideTheScript(MetaPathFinder):
    """Finds `name.py` and packages in one folder and compiles them by a watch."""

    def __init__(self, folder: str, watch: Watch) -> None:
        self.folder, self.watch = folder, watch

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The module's spec if it lies in the folder; None leaves it to Python."""
        base = os.path.join(self.folder, *fullname.split("."))
        if not base.startswith(self.folder + os.sep):
            return None
        for file, locations in ((os.path.join(base, "__init__.py"), [base]), (base + ".py", None)):
            if os.path.isfile(file):
                loader = _Watched(file, self.watch)
                return importlib.util.spec_from_file_location(
                    fullname, file, loader=loader, submodule_search_locations=locations
                )
        return None


class _Watched(Loader):
    def __init__(self, file: str, watch: Watch) -> None:
        self.file, self.watch = file, watch

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        with open_source(self.file) as source:
            text = source.read()
        vars(module).update(self.watch.namespace)
        exec(self.watch.compile(text, self.file), vars(module))
