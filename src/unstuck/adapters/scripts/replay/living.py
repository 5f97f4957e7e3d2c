"""A script that was stopped where its training begins, alive: its turns can be run with other examples in them."""

import builtins
import contextlib
import gc
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.abc import MetaPathFinder
from types import CodeType, FunctionType
from typing import Any

import numpy as np

from unstuck.adapters.scripts.recording.hooks import Place
from unstuck.adapters.scripts.recording.imports import BesideTheScript
from unstuck.adapters.scripts.recording.paths import is_data
from unstuck.adapters.scripts.replay.forms import Batch, Form, match
from unstuck.adapters.scripts.text.names_in_source import counter_of
from unstuck.adapters.scripts.text.weaving import ENDED, PAUSE, SEEN, Source, corresponding
from unstuck.adapters.watch import Stopped
from unstuck.sandbox.origin import names_used
from unstuck.sandbox.snapshot import Snapshot

Array = np.ndarray
BY_ANY_NAME = frozenset({"eval", "exec", "globals", "locals", "vars", "dir"})  # functions that read names unseen


class Captured(BaseException):
    """The outputs of a turn are there."""


class Pause:
    """A watch under which a script runs as it stands, and is stopped at a turn of one of its loops: the first, or the
    one after as many as are to be skipped."""

    def __init__(self, loop: Place, skip: int = 0) -> None:
        self.loop, self.skip = loop, skip
        self.sources: dict[str, Source] = {}
        self.codes: dict[str, CodeType] = {}
        self.number: int | None = None  # of the loop, in its file
        self.scope: dict[str, Any] | None = None  # where the loop's body runs
        self.globals: dict[str, Any] = {}
        self.namespace: dict[str, Any] = {}
        vars(builtins)[PAUSE] = self._pause  # out of reach of snapshots of the program, like what is woven in later

    def compile(self, text: str, filename: str) -> CodeType:
        """The script's own code, with a pause in the loop where it is in this file. Raises SyntaxError."""
        source = self.sources[filename] = Source(text, filename)
        pause = None
        if filename == self.loop.site.file:
            pause = self.number = source.number(self.loop.node)
        code = self.codes[filename] = source.code(pause=pause)
        return code

    def finder(self, folder: str) -> MetaPathFinder:
        """An import hook for the modules of this folder."""
        return BesideTheScript(os.path.abspath(folder), self)

    def _pause(self) -> None:
        if self.skip:
            self.skip -= 1
            return
        frame = sys._getframe(1)
        self.globals = frame.f_globals
        at_top = frame.f_locals is frame.f_globals
        frame.f_globals["__builtins__"] = builtins  # the module, which snapshots pass over, and not its dict
        self.scope = frame.f_globals if at_top else {**frame.f_globals, **frame.f_locals}
        raise Stopped


@dataclass(repr=False, eq=False)
class Living:
    """The program at the head of its training loop. What is run changes its objects; `snapshot` puts them back."""

    scope: dict[str, Any]
    globals: dict[str, Any]  # of the functions around the loop; the scope itself where the loop stands in none
    sources: dict[str, Source]
    codes: dict[str, CodeType]  # as the functions run now
    file: str
    loop: int  # number of the loop in its file
    body: CodeType | None = None
    whole: dict[str, Any] = field(default_factory=dict)  # by name, the data that were shortened
    aside: dict[str, Any] = field(default_factory=dict)  # by name, what no turn can read
    counter: str | None = None  # the variable that counts the loop's turns

    @classmethod
    def of(cls, pause: Pause) -> "Living | None":
        """The program that a pause stopped; None where it never came to the loop."""
        if pause.scope is None or pause.number is None:
            return None
        living = cls(pause.scope, pause.globals, pause.sources, pause.codes, pause.loop.site.file, pause.number)
        living.counter = counter_of(pause.loop.site)
        return living

    def weave(self, chosen: dict[str, frozenset[int]], seen: Callable[[int, Any], Any]) -> None:
        """From now on `seen(number, value)` is asked at the chosen expressions (by file), and its answer taken."""
        changed: dict[CodeType, CodeType] = {}
        for file, source in self.sources.items():
            woven = source.code(chosen.get(file, frozenset()))
            if len(self.codes) and self.codes[file] is not woven:
                changed.update(corresponding(self.codes[file], woven))
                self.codes[file] = woven
        for function in [found for found in gc.get_objects() if type(found) is FunctionType]:
            code = changed.get(function.__code__)
            if code is not None:
                function.__code__ = code
        vars(builtins)[SEEN], vars(builtins)[ENDED] = seen, _end  # out of reach of snapshots of the program
        self.body = self.sources[self.file].turn(chosen.get(self.file, frozenset()), self.loop)

    def turn(self) -> None:
        """Run the loop's body once. Whatever it raises goes through."""
        assert self.body is not None
        with contextlib.suppress(_Ended):
            exec(self.body, self.scope)

    def count(self) -> None:
        """Let the loop's counter go on, as it does from turn to turn: Adam's corrections are made with it."""
        if self.counter is not None and type(self.scope.get(self.counter)) is int:
            self.scope[self.counter] += 1

    def shorten(self, total: int, count: int) -> None:
        """Keep `count` examples of `total` in every list and array of that length that a name leads to, and where a
        name stands for the number itself, the new one."""
        spaces = [self.scope, *([] if self.globals is self.scope else [self.globals])]
        for space in spaces:
            for name, value in list(space.items()):
                if type(value) is int and value == total:
                    space[name] = count
                elif isinstance(value, (list, tuple, np.ndarray)) and len(value) == total:
                    self.whole[name] = value
                    space[name] = value[:count]

    def put_aside(self) -> None:
        """Take the names that no code of a turn reads out of its scope: what they lead to cannot change in a turn, and
        need not be kept as it is (the table, say, that the training data were cut out of)."""
        code = [self.sources[self.file].turn(frozenset(), self.loop)]
        for source in self.sources.values():
            code += [part for part in source.code().co_consts if isinstance(part, CodeType)]
        read = frozenset().union(*map(names_used, code))
        if read & BY_ANY_NAME:
            return
        for space in [self.scope, *([] if self.globals is self.scope else [self.globals])]:
            for name in [name for name, value in space.items() if name not in read and is_data(value)]:
                self.aside[name] = space.pop(name)

    @property
    def everything(self) -> dict[str, Any]:
        """All that the program's names stood for when it was stopped."""
        return {**self.aside, **self.scope, **self.whole}

    def snapshot(self) -> Snapshot:
        """All of its state as it is now."""
        return Snapshot([self.scope, self.globals])


class _Ended(BaseException):
    """The body ended its loop."""


def _end(value: Any) -> None:
    raise _Ended


@dataclass(repr=False, eq=False)
class Finder:
    """Asks at every expression of a turn whether the batch stands there; keeps where it always does."""

    batch: Batch
    count: bool = False
    forms: dict[int, Form] = field(default_factory=dict)
    refused: set[int] = field(default_factory=set)
    visits: dict[int, int] = field(default_factory=dict)

    def __call__(self, number: int, value: Any) -> Any:
        if number in self.refused or isinstance(value, type):
            return value
        self.visits[number] = self.visits.get(number, 0) + 1
        form = None
        with contextlib.suppress(Exception):
            form = match(value, self.batch, self.count)
        if form is None:
            self.refused.add(number)
            self.forms.pop(number, None)
        elif number not in self.forms:
            self.forms[number] = form
        return value
