"""Why a script ended before enough of it was seen: one sentence, with its line."""

from __future__ import annotations

import ast
import os
import re
import traceback
from dataclasses import dataclass
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any

import numpy as np

from unstuck.adapters.scripts.manners.refusals import NO_NETWORK
from unstuck.adapters.scripts.text.source import Source
from unstuck.adapters.watch import Outcome
from unstuck.autodiff.tape import LEAF, Tape
from unstuck.sandbox.deadline import OutOfTime
from unstuck.sandbox.origin import is_user_file
from unstuck.sandbox.surroundings import one_line

OPERATIONS = {
    ast.Add: "plus",
    ast.Sub: "minus",
    ast.Mult: "times",
    ast.Div: "divided by",
    ast.FloorDiv: "divided by",
    ast.Pow: "to the power of",
    ast.MatMult: "@",
}
PYTHON_2_NAMES = ("xrange", "raw_input", "unicode", "unichr", "long", "reduce", "file", "execfile", "basestring")
PYTHON_2_MODULES = ("urllib2", "ConfigParser", "Tkinter", "Queue", "StringIO", "cStringIO", "urlparse", "commands")
SHAPES = re.compile(r"\((?:\d+,?\s*)*\)")
MOST_STEPS = 6
PACKAGE = str(Path(__file__).parents[3])
GIVE = "put it beside the script, or give other data with --data PATH"


@dataclass(frozen=True)
class Place:
    """Where the user's own code was, innermost: the script or a module beside it."""

    file: str
    line: int
    frame: FrameType
    instruction: int  # in bytes, as a traceback counts


def why_no_update(outcome: Outcome, source: Source, wanted: tuple[str, ...] = (), remarks: tuple[str, ...] = ()) -> str:
    """Why a script was never seen to train, as `script.py, line 12: …`.

    wanted   stand-ins that it asked for and that were not allowed
    remarks  what was done in its place, which may be the reason
    """
    if outcome.error is not None:
        return f"{source.path}, {sentence(outcome.error, source, wanted, remarks)}"
    if outcome.stopped:
        return f"{source.path}: no parameter was seen to change within {outcome.seconds:.0f} s"
    return f"{source.path}: ran to its end, and no parameter was seen to change: nothing in it is trained step by step"


def sentence(error: BaseException, source: Source, wanted: tuple[str, ...] = (), remarks: tuple[str, ...] = ()) -> str:
    """What happened, as `line 12: …`; see `why_no_update`."""
    place = place_of(error.__traceback__)
    where = f"{in_words(place, source)}: " if place is not None else ""
    asked = [remark for remark in remarks if remark.startswith("it asks for input")]
    after = f"; {asked[0]}" if asked and isinstance(error, (ValueError, EOFError, KeyError, IndexError)) else ""
    return where + (_known(error, place, source, wanted) or _raised(error)) + after


def place_of(trace: TracebackType | None) -> Place | None:
    """The innermost of the user's places that an exception came through."""
    found = None
    while trace is not None:
        frame = trace.tb_frame
        if is_user_file(frame.f_code.co_filename):
            found = Place(frame.f_code.co_filename, trace.tb_lineno, frame, trace.tb_lasti)
        trace = trace.tb_next
    return found


def in_words(place: Place, source: Source) -> str:
    """`line 12`, `cell 3, line 4`, or `helper.py, line 5` for a module beside the script."""
    if place.file == source.filename:
        return source.place(place.line)
    return f"{os.path.basename(place.file)}, line {place.line}"


def _known(error: BaseException, place: Place | None, source: Source, wanted: tuple[str, ...]) -> str | None:
    """The sentence for what scripts often end with."""
    message = one_line(_message(error))
    if NO_NETWORK in message or NO_NETWORK in one_line(_message(error.__cause__ or error.__context__)):
        return f"asks for the network, which no script has under unstuck; fetch the data first and {GIVE}"
    if isinstance(error, SystemExit):
        return f"the script ends itself here (SystemExit{f': {one_line(str(error.code))}' if error.code else ''})"
    if isinstance(error, OutOfTime):
        return "was still at work when its time was over; --budget SECONDS gives it more"
    if isinstance(error, MemoryError):
        return f"asks for more memory than there is for it{f': {message}' if message else ''}"
    if isinstance(error, RecursionError):
        return "calls itself without end"
    if isinstance(error, ModuleNotFoundError):
        return _not_installed(error.name or "")
    if isinstance(error, FileNotFoundError):
        instead = f"; {wanted[0]}, and --no-stand-ins gives none" if wanted else ""
        return f"reads {_missing_file(error)}, which is not there{instead}; {GIVE}"
    if isinstance(error, NameError) and error.name in PYTHON_2_NAMES:
        return f"is Python 2 (`{error.name}`); convert the script to Python 3 first"
    if isinstance(error, ValueError) and place is not None:
        return misfit(error, place, source)
    return None


def _raised(error: BaseException) -> str:
    message = one_line(_message(error))
    return f"raised {type(error).__name__}{f': {message}' if message else ''}"


def _message(error: BaseException | None) -> str:
    try:
        return str(error) if error is not None else ""
    except BaseException:  # the user's own __str__ may fail as well
        return "(its message cannot be printed)"


def _not_installed(module: str) -> str:
    top = module.partition(".")[0]
    if top in PYTHON_2_MODULES:
        return f"is Python 2 (`import {top}`); convert the script to Python 3 first"
    return f"imports {module or 'a module'}, which is not installed, and for which there is no stand-in"


def _missing_file(error: FileNotFoundError) -> str:
    if error.filename is not None:
        return os.fsdecode(error.filename) if not isinstance(error.filename, int) else str(error.filename)
    return re.sub(r" not found\.?$", "", one_line(_message(error)))


def last_steps(tape: Tape) -> list[dict[str, Any]]:
    """The last expressions that were carried out, each with the shape of its value, first to last."""
    found: dict[tuple[int, str], dict[str, Any]] = {}
    for node in reversed(tape.nodes):
        if node.site is not None and node.op is not LEAF and len(found) < MOST_STEPS:
            step = {"line": node.site.line, "text": node.site.text, "shape": list(np.shape(node.value))}
            found.setdefault((node.site.line, node.site.text), step)
    return list(found.values())[::-1]


def misfit(error: ValueError, place: Place, source: Source) -> str | None:
    """`(784, 10) minus (10, 10)` where arrays do not fit, and None for other errors."""
    message = one_line(_message(error))
    if not any(words in message for words in ("broadcast", "not aligned", "mismatch in its core dimension")):
        return None
    node = _expression(place, source)
    shapes = [_spaced(shape) for shape in SHAPES.findall(message.partition("with gufunc")[0])]
    if len(shapes) < 2:
        shapes = [str(value.shape) for value in _operands(error.__traceback__, place, node)]
    if len(shapes) < 2:
        return None
    word = OPERATIONS.get(type(node.op)) if isinstance(node, (ast.BinOp, ast.AugAssign)) else None
    if word is None:
        word = "times (matrix product)" if "aligned" in message or "core dimension" in message else "and"
    text = ast.unparse(node) if node is not None else ""
    return f"{shapes[0]} {word} {shapes[1]} does not fit{f': {text[:100]}' if text else ''}"


def _spaced(shape: str) -> str:
    return shape.replace(" ", "").replace(",", ", ").replace(", )", ",)")


def _expression(place: Place, source: Source) -> ast.AST | None:
    """The operation at which the frame stood, as Python's own positions say; else the only one of the line."""
    if place.file != source.filename:
        return None
    positions = list(place.frame.f_code.co_positions())[place.instruction // 2]
    tree = ast.parse(source.text)
    operations = [node for node in ast.walk(tree) if isinstance(node, (ast.BinOp, ast.AugAssign, ast.Call))]
    for node in operations:
        if (node.lineno, node.end_lineno, node.col_offset, node.end_col_offset) == positions:
            return node
    inside = [node for node in operations if node.lineno <= place.line <= (node.end_lineno or 0)]
    arithmetic = [node for node in inside if isinstance(node, (ast.BinOp, ast.AugAssign))]
    return arithmetic[0] if len(arithmetic) == 1 else None


def _operands(trace: TracebackType | None, place: Place, node: ast.AST | None) -> list[np.ndarray]:
    """The two arrays that did not fit: from the names of the expression, or from the hook that tried."""
    if isinstance(node, ast.BinOp):
        found = [_value(side, place.frame) for side in (node.left, node.right)]
        if all(isinstance(value, np.ndarray) for value in found):
            return found
    for frame, _ in traceback.walk_tb(trace):
        if not is_user_file(frame.f_code.co_filename):
            values: list[Any] = []
            for value in frame.f_locals.values():
                values += value if isinstance(value, (list, tuple)) else [value]
            arrays = [value for value in values if isinstance(value, np.ndarray)]
            if len(arrays) == 2:
                return arrays
    return []


def _value(node: ast.AST, frame: FrameType) -> Any:
    """What a name, an attribute or a transpose stands for, found without running anything of the user's."""
    if isinstance(node, ast.Name):
        return frame.f_locals.get(node.id, frame.f_globals.get(node.id))
    if isinstance(node, ast.Attribute):
        owner = _value(node.value, frame)
        if node.attr == "T" and isinstance(owner, np.ndarray):
            return owner.T
        return getattr(owner, "__dict__", {}).get(node.attr)
    return None


def is_of_the_script(error: Exception, files: set[str]) -> bool:
    """Whether an error was raised by a line of the script, or by what that line called outside this package."""
    frames = [frame.filename for frame in traceback.extract_tb(error.__traceback__)]
    last = max((i for i, name in enumerate(frames) if name in files), default=None)
    return last is not None and not any(name.startswith(PACKAGE) for name in frames[last + 1 :])
