"""A stand-in for pandas: tables of numbers with names for their columns, as posts take them apart into arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from unstuck.adapters.scripts.stand_ins.supply import Supply


class Series:
    """One column."""

    def __init__(self, values: Any, name: Any = None) -> None:
        self.values, self.name = np.asarray(values), name

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self.values, name)

    def to_numpy(self) -> np.ndarray:
        """Its values."""
        return self.values

    def unique(self) -> np.ndarray:
        """Its different values."""
        return np.unique(self.values)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return self.values if dtype is None else self.values.astype(dtype)

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, key: Any) -> Any:
        return self.values[key]

    def __eq__(self, other: object) -> Any:
        return self.values == other

    __hash__ = None  # type: ignore[assignment]


class DataFrame:
    """Columns of equal length with names."""

    def __init__(self, data: Any, columns: Any = None, **options: Any) -> None:
        if isinstance(data, dict):
            columns = list(data)
            data = np.column_stack([np.asarray(column) for column in data.values()]) if data else np.empty((0, 0))
        self.values = np.asarray(data)
        self.columns = list(columns) if columns is not None else list(range(self.values.shape[1]))
        self.shape = self.values.shape
        self.iloc = Rows(self)

    def to_numpy(self) -> np.ndarray:
        """All values as one array."""
        return self.values

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return self.values if dtype is None else self.values.astype(dtype)

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, list):
            return DataFrame(self.values[:, [self.columns.index(name) for name in key]], key)
        if isinstance(key, (slice, np.ndarray)):
            return DataFrame(self.values[key], self.columns)
        return Series(self.values[:, self.columns.index(key)], key)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name not in self.__dict__.get("columns", ()):
            raise AttributeError(f"the stand-in for pandas, which is not installed, has no DataFrame.{name}")
        return self[name]

    def drop(self, labels: Any = None, axis: Any = 0, columns: Any = None, **options: Any) -> DataFrame:
        """Without some of the columns (or rows)."""
        gone = columns if columns is not None else labels
        gone = list(gone) if isinstance(gone, (list, tuple)) else [gone]
        if columns is None and axis in (0, "index"):
            return DataFrame(np.delete(self.values, gone, axis=0), self.columns)
        return self[[name for name in self.columns if name not in gone]]

    def pop(self, name: Any) -> Series:
        """A column, which is taken out."""
        series = self[name]
        self.__init__(self.drop(columns=name).values, [other for other in self.columns if other != name])  # type: ignore[misc]
        return series

    def head(self, n: int = 5) -> DataFrame:
        """The first rows."""
        return DataFrame(self.values[:n], self.columns)

    def sample(self, n: int | None = None, frac: float | None = None, **options: Any) -> DataFrame:
        """Rows drawn at random."""
        count = n if n is not None else int((frac or 0) * len(self))
        chosen = np.random.RandomState(options.get("random_state")).permutation(len(self))[:count]
        return DataFrame(self.values[chosen], self.columns)

    def __repr__(self) -> str:
        return f"{' '.join(map(str, self.columns[:20]))}\n{self.values}"


class Rows:
    """DataFrame.iloc."""

    def __init__(self, frame: DataFrame) -> None:
        self.frame = frame

    def __getitem__(self, key: Any) -> Any:
        rows, columns = key if isinstance(key, tuple) else (key, slice(None))
        values = self.frame.values[rows] if isinstance(columns, slice) and columns == slice(None) else None
        if values is not None:
            return DataFrame(values, self.frame.columns) if values.ndim == 2 else Series(values)
        values = self.frame.values[rows, columns]
        if values.ndim == 2:
            return DataFrame(values, np.asarray(self.frame.columns, object)[columns])
        return Series(values) if values.ndim == 1 else values


def read_csv(path: Any, sep: str = ",", header: Any = "infer", **options: Any) -> DataFrame:
    """A file of numbers, with its first line for the names of the columns."""
    separator = options.get("delimiter") or sep
    with open(path, encoding="utf-8") as file:
        first = file.readline().strip().split(separator)
        lines = file.readlines() if header is not None else [separator.join(first), *file.readlines()]
    try:
        table = np.loadtxt(lines, np.int64, delimiter=separator, ndmin=2, max_rows=options.get("nrows"))
    except ValueError:
        table = np.genfromtxt(lines, None, delimiter=separator, encoding="utf-8", max_rows=options.get("nrows"))
    names = options.get("names") or ([name.strip('"') for name in first] if header is not None else None)
    return DataFrame(table, names)


def pandas(supply: Supply) -> dict[str, Any]:
    from types import SimpleNamespace

    from unstuck.adapters.scripts.stand_ins.tables import answer_frames

    module = SimpleNamespace(read_csv=read_csv, DataFrame=DataFrame, Series=Series, __version__="stand-in")
    answer_frames(supply, module)
    return vars(module)


MODULES = {"pandas": pandas}
