"""Images in NumPy's .npz files: a zip archive of arrays, read without unpickling anything."""

import io
import math
import os
import warnings
import zipfile
from typing import BinaryIO, cast

import numpy as np
from numpy.lib import format as npy

from unstuck.data.files import expect_plausible, open_file, read_up_to
from unstuck.errors import DataError

Path = str | os.PathLike[str]

KEYS = {  # what the arrays are called by those who publish them
    "images_train": ("x_train", "X_train", "train_images", "images_train", "training_images", "train_x"),
    "y_train": ("y_train", "Y_train", "train_labels", "labels_train", "training_labels", "train_y"),
    "images_test": ("x_test", "X_test", "test_images", "images_test", "test_x"),
    "y_test": ("y_test", "Y_test", "test_labels", "labels_test", "test_y"),
    "images": ("images", "x", "X", "data", "arr_0"),
    "labels": ("labels", "y", "Y", "target", "label", "arr_1"),
}
LONGEST_HEADER = 16_384  # bytes
READERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}


def read_npz(path: Path) -> dict[str, np.ndarray]:
    """Read the arrays of an .npz file that go by one of the usual names.

    Returns them by the names of KEYS: images_train, y_train, images_test, y_test, images, labels; as they are stored.
    Raises DataError naming the file, the array and what is wrong with it: damaged or lying zip records, types that
    are not plain numbers, names given twice, no known name at all.
    """
    with open_file(path) as file:
        try:
            with zipfile.ZipFile(file) as archive:
                return {name: _read_array(archive, entry, path) for name, entry in _find(archive, path).items()}
        except (DataError, OSError):
            raise
        except Exception as error:  # zipfile lets through whatever its parts raise on damaged records
            raise DataError(f"{path}: the zip archive is damaged: {str(error) or type(error).__name__}") from None


def _find(archive: zipfile.ZipFile, path: Path) -> dict[str, zipfile.ZipInfo]:
    entries = {entry.filename.removesuffix(".npy"): entry for entry in archive.infolist()}
    found = {}
    for name, aliases in KEYS.items():
        present = [alias for alias in aliases if alias in entries]
        if len(present) > 1:
            raise DataError(f"{path}: holds {present[0]} and {present[1]}, expected one array of {name}")
        if present:
            found[name] = entries[present[0]]
    if not found:
        names = ", ".join(sorted(entries)[:8]) or "nothing"
        raise DataError(f"{path}: holds {names}, expected x_train, y_train, x_test, y_test or images, labels")
    return found


def _read_array(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, path: Path) -> np.ndarray:
    place = f"{path}, {entry.filename}"
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise DataError(f"{place}: packed by method {entry.compress_type}, expected plain or deflate as NumPy writes")
    if entry.flag_bits & 1:
        raise DataError(f"{place}: encrypted, expected a plain array")
    try:
        with archive.open(entry) as opened:
            stream = cast(BinaryIO, opened)
            shape, is_fortran, dtype, begin, rest = _read_header(stream, place)
            size = dtype.itemsize * math.prod(shape)
            if begin + size != entry.file_size:
                raise DataError(
                    f"{place}: the header declares {' x '.join(map(str, shape)) or 'one'} elements of {dtype}, which "
                    f"are {size} bytes, but the archive holds {entry.file_size - begin}"
                )
            expect_plausible(size, entry.compress_size, place)
            content = rest + read_up_to(stream, size - len(rest))
            stream.read(1)  # lets zipfile compare the checksum
    except (zipfile.BadZipFile, EOFError) as error:
        raise DataError(f"{place}: damaged: {str(error) or 'the packed data are cut short'}") from None
    if len(content) != size:
        raise DataError(f"{place}, byte {begin + len(content)}: the data end here, expected {begin + size} bytes")
    return np.frombuffer(content, dtype).reshape(shape, order="F" if is_fortran else "C")


def _read_header(stream: BinaryIO, place: str) -> tuple[tuple[int, ...], bool, np.dtype, int, bytearray]:
    """Shape, order, type, length of the header, and what was read beyond it."""
    head = read_up_to(stream, LONGEST_HEADER)
    window = io.BytesIO(head)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            version = npy.read_magic(window)
            if version not in READERS:
                raise ValueError(f"format version {version[0]}.{version[1]}, expected 1.0 or 2.0")
            shape, is_fortran, dtype = READERS[version](window)
    except Exception as error:  # the header is a Python literal: any of the parser's errors may come
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DataError(f"{place}: the .npy header is damaged: {reason}") from None
    if dtype.kind not in "buif":
        raise DataError(f"{place}: elements of type {dtype}, expected numbers; objects are never unpickled")
    if not all(type(length) is int and length >= 0 for length in shape):
        raise DataError(f"{place}: a shape of {shape} is declared")
    return shape, is_fortran, dtype, window.tell(), head[window.tell() :]
