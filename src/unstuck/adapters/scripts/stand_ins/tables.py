"""Tables of digits, handed at once to who reads them as arrays: reading 60,000 rows of text takes seconds."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np

from unstuck.adapters.scripts.manners.whose import replace
from unstuck.adapters.scripts.stand_ins.supply import Supply
from unstuck.adapters.scripts.stand_ins.wanted import Wanted

TEXT_OPTIONS = {"dtype", "delimiter", "skiprows", "skip_header", "usecols", "unpack", "max_rows", "encoding", "ndmin"}
FRAME_OPTIONS = {"header", "names", "nrows", "skiprows", "sep", "delimiter", "dtype", "usecols", "engine", "encoding"}


def answer_tables(supply: Supply) -> None:
    """From now on NumPy's readers of text find tables of digits that are not there."""
    replace(np, "loadtxt", _text_reader(supply, np.loadtxt), shield=False)
    replace(np, "genfromtxt", _text_reader(supply, np.genfromtxt), shield=False)


def answer_frames(supply: Supply, pandas: Any) -> None:
    """The same for pandas, once it is imported."""
    original = pandas.read_csv

    def read_csv(path: Any, *args: Any, **kwargs: Any) -> Any:
        wanted = _table_at(supply, path)
        if wanted is None or args or not set(kwargs) <= FRAME_OPTIONS:
            return original(path, *args, **kwargs)
        return _as_frame(supply, wanted, kwargs, pandas)

    replace(pandas, "read_csv", read_csv, shield=False)


def _table_at(supply: Supply, path: Any) -> Wanted | None:
    """The table that a path would hold, if it may be given; said in the report."""
    if not isinstance(path, (str, os.PathLike)):
        return None
    text = os.fspath(path)
    wanted = supply.recognised(text)
    if wanted is None or wanted.form != "csv" or (supply.digits.path is not None and supply.digits.path.is_file()):
        return None
    return wanted if supply.give(text, f"it reads {text}, which is not there") else None


def _text_reader(supply: Supply, original: Callable[..., Any]) -> Callable[..., Any]:
    def read(fname: Any, dtype: Any = float, *args: Any, **kwargs: Any) -> Any:
        wanted = _table_at(supply, fname)
        if wanted is None or args or not set(kwargs) <= TEXT_OPTIONS:
            return original(fname, dtype, *args, **kwargs)
        return _as_array(supply, wanted, dtype, kwargs)

    return read


def _as_array(supply: Supply, wanted: Wanted, dtype: Any, options: dict[str, Any]) -> np.ndarray:
    """What the reader would have made of the file; a header is there where the caller skips one."""
    skipped = options.get("skiprows", options.get("skip_header", 0))
    table = supply.digits.table(wanted)[max(skipped - 1, 0) :][: options.get("max_rows")]
    if "skiprows" not in options and "skip_header" not in options and wanted.table == "kaggle" and dtype is float:
        table = np.vstack([np.full(table.shape[1], np.nan), table])  # the header, which is no number
    if options.get("usecols") is not None:
        table = table[:, options["usecols"]]
    array = np.squeeze(table).astype(float if dtype is None else dtype)
    return array.T if options.get("unpack") else array


def _as_frame(supply: Supply, wanted: Wanted, options: dict[str, Any], pandas: Any) -> Any:
    table = supply.digits.table(wanted)
    columns: list[Any] = list(supply.digits.columns(wanted))
    if options.get("header", "infer") is None:
        columns = list(range(table.shape[1]))
    if options.get("names") is not None:
        columns = list(options["names"])
    skipped = options.get("skiprows") or 0
    rows = table[skipped if isinstance(skipped, int) else 0 :][: options.get("nrows")]
    frame = pandas.DataFrame(rows, columns=columns, copy=False)
    if options.get("usecols") is not None:
        frame = frame[[columns[i] if isinstance(i, int) and columns[0] != 0 else i for i in options["usecols"]]]
    return frame if options.get("dtype") is None else frame.astype(options["dtype"])
