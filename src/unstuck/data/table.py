"""Images in a CSV file: one image a row, its label and its pixels in the columns."""

import csv
import math
import os
import re
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import BinaryIO

import numpy as np

from unstuck.data.class_names import Names, numbered
from unstuck.data.files import expect_plausible, open_unpacked
from unstuck.data.ranges import as_labels, as_pixels
from unstuck.errors import DataError

Path = str | os.PathLike[str]

LABEL_NAMES = ("label", "class", "target", "y")
_NUMBER = r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?"
NUMBER = re.compile(rf'\s*({_NUMBER}|"\s*{_NUMBER}\s*")\s*', re.ASCII)
LONGEST_LINE = 1 << 20  # bytes
MOST_CLASSES = 100  # of a table without a header whose labels stand last
BLOCK = 1000  # lines parsed at a time


def read_table(path: Path) -> tuple[np.ndarray, np.ndarray | None, Names | None]:
    """Read a CSV file of images, plain or gzip.

    With a header (told by a first cell that is no number), the column named label, class, target or y holds the
    labels; without such a column there are none. Without a header the first column holds the labels, unless the
    columns are exactly the pixels of a square image; or the last one, where the first has the same number in every row
    and the last holds a few whole numbers, or where it holds words. Blank lines are skipped.

    Labels that are words (told by that of the first row) are the names of the classes.

    Returns pixels (n, n_pixels), uint8 in 0..255 or float32 in [0, 1], labels (n,) int64 or None, and the names of the
    classes in order of their labels or None. Raises DataError naming the file, the line and the column (both counted
    from 1) of the first thing that is wrong.
    """
    names: list[str] = []
    with open_unpacked(path) as stream:
        lines = _lines(stream, path)
        number, first = next(lines, (1, ""))
        if not first:
            raise DataError(f"{path}, line 1: the file is empty, expected a row per image")
        cells = _cells(first)
        has_header = _is_header(cells)
        label_column = _find_label(cells, has_header, f"{path}, line {number}")
        row = next(lines, None) if has_header else (number, first)
        if row is None:
            raise DataError(f"{path}, line {number + 1}: the file ends after its header, expected a row per image")
        lines = chain([row], lines)
        if label_column is not None and _is_word(_cells(row[1]), label_column):
            lines = _set_apart(lines, label_column, names, path)
        values, numbers = _numbers(lines, len(cells), path)
    if label_column == 0 and not has_header and not names and _labels_stand_last(values):
        label_column = values.shape[1] - 1
    if label_column is None:
        return as_pixels(values, lambda row, column: f"{path}, line {numbers[row]}, column {column + 1}"), None, None
    classes = None
    if names:
        labels, classes = numbered(names)
        if len(classes) > max(10, len(names) // 2):
            raise DataError(
                f"{path}, column {label_column + 1}: {len(classes)} names in {len(names)} rows are no classes"
            )
    else:
        place = f"column {label_column + 1}"
        labels = as_labels(values[:, label_column], lambda row: f"{path}, line {numbers[row]}, {place}")
    pixels = np.delete(values, label_column, axis=1) if label_column else values[:, 1:]
    return (
        as_pixels(
            pixels, lambda row, column: f"{path}, line {numbers[row]}, column {column + 1 + (column >= label_column)}"
        ),
        labels,
        classes,
    )


def _cells(text: str) -> list[str]:
    return [cell.strip().strip('"').strip() for cell in text.split(",")]


def _is_word(cells: list[str], column: int) -> bool:
    return column < len(cells) and bool(cells[column]) and not NUMBER.fullmatch(cells[column])


def _is_header(cells: list[str]) -> bool:
    """Whether the first row names the columns; if its first cell alone is no number, that is the name of a class."""
    if NUMBER.fullmatch(cells[0]):
        return False
    return cells[0].lower() in LABEL_NAMES or not all(NUMBER.fullmatch(cell) for cell in cells[1:])


def _set_apart(
    lines: Iterable[tuple[int, str]], column: int, names: list[str], path: Path
) -> Iterator[tuple[int, str]]:
    """The lines with 0 in the place of the name of the class, which is added to `names`."""
    for number, text in lines:
        cells = next(csv.reader([text]))
        if column < len(cells):
            if not cells[column].strip():
                raise DataError(f"{path}, line {number}, column {column + 1}: the cell is empty")
            names.append(cells[column].strip())
            cells[column] = "0"
        yield number, ",".join(cells)


def _numbers(lines: Iterable[tuple[int, str]], n_columns: int, path: Path) -> tuple[np.ndarray, list[int]]:
    """The numbers (n, n_columns) of the rows, and the line of each row."""
    blocks: list[np.ndarray] = []
    numbers: list[int] = []
    lines = iter(lines)
    while pending := list(islice(lines, BLOCK)):
        blocks.append(_parse(pending, n_columns, path))
        numbers += [number for number, _ in pending]
    return np.concatenate(blocks), numbers


def _lines(stream: BinaryIO, path: Path) -> Iterator[tuple[int, str]]:
    """The lines that are not blank, each with its number counted from 1."""
    number = size = 0
    packed = os.path.getsize(path)
    while line := stream.readline(LONGEST_LINE + 1):
        number, size = number + 1, size + len(line)
        expect_plausible(size, packed, path)
        if len(line) > LONGEST_LINE:
            raise DataError(f"{path}, line {number}: longer than {LONGEST_LINE} bytes, expected a CSV file")
        try:
            text = line.decode("utf-8-sig" if number == 1 else "utf-8").strip()
        except UnicodeDecodeError as error:
            raise DataError(f"{path}, line {number}, byte {error.start}: not text, expected a CSV file") from None
        if text:
            yield number, text


def _find_label(cells: list[str], has_header: bool, place: str) -> int | None:
    """The column of the labels, counted from 0; None if there is none."""
    if has_header:
        named = [i for i, cell in enumerate(cells) if cell.lower() in LABEL_NAMES]
        if len(named) > 1:
            raise DataError(f"{place}, column {named[1] + 1}: a second column of labels, expected one")
        label = named[0] if named else None
    else:
        words = [i for i in (0, len(cells) - 1) if _is_word(cells, i)]
        label = words[0] if words else None if _is_square(len(cells)) else 0
    n_pixels = len(cells) - (label is not None)
    if not _is_square(n_pixels):
        raise DataError(
            f"{place}: {len(cells)} columns, expected a label and the pixels of a square image (785 for 28 x 28), "
            "or the pixels alone"
        )
    return label


def _labels_stand_last(values: np.ndarray) -> bool:
    """Whether the first column cannot be labels (one number only, as of a corner of the images, or no whole numbers)
    and the last one can: a few whole numbers from 0 or 1 on."""
    first, last = values[:, 0], values[:, -1]
    names = np.unique(last)
    whole = np.array_equal(names, np.round(names)) and names[0] in (0, 1) and names[-1] < MOST_CLASSES
    return bool(len(np.unique(first)) == 1 < len(names) and whole and len(names) > 0.5 * (names[-1] - names[0] + 1))


def _is_square(n_pixels: int) -> bool:
    return n_pixels >= 4 and math.isqrt(n_pixels) ** 2 == n_pixels


def _parse(lines: list[tuple[int, str]], n_columns: int, path: Path) -> np.ndarray:
    """Numbers (len(lines), n_columns): uint8 where all are whole numbers from 0 to 255, else float32."""
    texts = [text for _, text in lines]
    for dtype in (np.uint8, np.float32):
        try:
            values = np.loadtxt(texts, dtype, comments=None, delimiter=",", quotechar='"', ndmin=2)
        except ValueError:
            continue
        if values.shape == (len(lines), n_columns) and np.isfinite(values).all():
            return values
    for number, text in lines:
        _expect_numbers(text, n_columns, f"{path}, line {number}")
    raise DataError(f"{path}, lines {lines[0][0]} to {lines[-1][0]}: not readable as {n_columns} columns of numbers")


def _expect_numbers(text: str, n_columns: int, place: str) -> None:
    cells = text.split(",")
    for column, cell in enumerate(cells[:n_columns], start=1):
        if not NUMBER.fullmatch(cell):
            found = f"{cell.strip()[:20]!r} is not a number" if cell.strip() else "the cell is empty"
            raise DataError(f"{place}, column {column}: {found}")
        if abs(float(cell.strip().strip('"'))) > float(np.finfo(np.float32).max):
            raise DataError(f"{place}, column {column}: {cell.strip()[:20]} is too large, expected 0 to 255")
    if len(cells) != n_columns:
        raise DataError(f"{place}: {len(cells)} cells, expected {n_columns} as in the first line")
