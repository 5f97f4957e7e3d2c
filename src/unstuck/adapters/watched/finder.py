"""Modules beside a script, watched like the script."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any


class WatchedFinder(MetaPathFinder):
    """Finds the Python modules of one folder, and of packages in it, and compiles them with the watch's calls."""

    def __init__(self, folder: str, compile_: Callable[[str, str], CodeType], namespace: dict[str, Any]) -> None:
        self._folder, self._compile, self._namespace = Path(folder).resolve(), compile_, namespace

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        spec = PathFinder.find_spec(fullname, path if path is not None else [str(self._folder)], target)
        if spec is None or spec.origin is None or not spec.origin.endswith(".py"):
            return None
        file = Path(spec.origin).resolve()
        if not file.is_relative_to(self._folder) or "site-packages" in file.parts:
            return None
        loader = _WatchedLoader(str(file), self._compile, self._namespace)
        locations = spec.submodule_search_locations
        return importlib.util.spec_from_file_location(
            fullname, file, loader=loader, submodule_search_locations=list(locations) if locations else None
        )


class _WatchedLoader(Loader):
    def __init__(self, file: str, compile_: Callable[[str, str], CodeType], namespace: dict[str, Any]) -> None:
        self._file, self._compile, self._namespace = file, compile_, namespace

    def exec_module(self, module: ModuleType) -> None:
        module.__dict__.update(self._namespace)
        text = Path(self._file).read_text(encoding="utf-8")
        exec(self._compile(text, self._file), module.__dict__)
