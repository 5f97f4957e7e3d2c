"""The IDX format of MNIST: a big-endian header, then the elements.

    bytes 0, 1   zero
    byte  2      element type (the table below)
    byte  3      number of dimensions d
    4 d bytes    the sizes of the dimensions, unsigned 32-bit
    the rest     the elements, last dimension fastest

Source: Y. LeCun, C. Cortes, C. J. C. Burges, "The MNIST database of handwritten digits", section "The IDX file format".
"""

import hashlib
import math
import os
import struct
from typing import Any, BinaryIO

import numpy as np

from unstuck.data.files import expect_plausible, open_unpacked, read_up_to, unpacked_size
from unstuck.errors import DataError

ELEMENT_TYPES: dict[int, np.dtype[Any]] = {
    0x08: np.dtype("u1"),
    0x09: np.dtype("i1"),
    0x0B: np.dtype(">i2"),
    0x0C: np.dtype(">i4"),
    0x0D: np.dtype(">f4"),
    0x0E: np.dtype(">f8"),
}


def read_idx(path: str | os.PathLike[str], sha256: str | None = None) -> np.ndarray:
    """Read one IDX file, plain or gzip; with `sha256`, only if that is the digest of the unpacked bytes.

    Returns an array of the shape and (native) type the header declares. Raises DataError, naming the file and the
    byte (counted after unpacking), unless the file is exactly what its header says.
    """
    with open_unpacked(path) as stream:
        header, dtype, shape = _read_header(stream, path)
        begin, size = len(header), dtype.itemsize * math.prod(shape)
        held = unpacked_size(path, begin + size)
        if held < begin + size:
            raise DataError(
                f"{path}, byte {held}: the file ends here, but its header declares {' x '.join(map(str, shape))} "
                f"elements, which end at byte {begin + size}"
            )
        expect_plausible(held, os.path.getsize(path), path)
        content = read_up_to(stream, size)
        if held > begin + size or len(content) < size or stream.read(1):
            raise DataError(f"{path}, byte {begin + size}: the elements that the header declares do not end here")
    if sha256 is not None and (found := _digest(header, content)) != sha256:
        raise DataError(f"{path}: the SHA-256 of its unpacked bytes is {found}, expected {sha256}")
    return np.frombuffer(content, dtype).reshape(shape).astype(dtype.newbyteorder("="), copy=False)


def _read_header(stream: BinaryIO, path: str | os.PathLike[str]) -> tuple[bytes, np.dtype[Any], tuple[int, ...]]:
    magic = read_up_to(stream, 4)
    if len(magic) < 4:
        raise DataError(f"{path}, byte {len(magic)}: the file ends within the 4 bytes of the IDX magic number")
    if magic[:2] != b"\0\0":
        raise DataError(f"{path}, byte 0: found {magic[:2].hex(' ')}, but an IDX file begins with 00 00")
    if magic[2] not in ELEMENT_TYPES:
        known = ", ".join(f"{code:02x}" for code in ELEMENT_TYPES)
        raise DataError(f"{path}, byte 2: unknown IDX element type {magic[2]:02x}, expected one of {known}")
    n_dimensions = magic[3]
    if not 1 <= n_dimensions <= 8:
        raise DataError(f"{path}, byte 3: {n_dimensions} dimensions declared, expected 1 to 8")
    sizes = read_up_to(stream, 4 * n_dimensions)
    if len(sizes) < 4 * n_dimensions:
        raise DataError(
            f"{path}, byte {4 + len(sizes)}: the file ends within the sizes of its {n_dimensions} dimensions, "
            f"which end at byte {4 + 4 * n_dimensions}"
        )
    shape = struct.unpack(f">{n_dimensions}I", sizes)
    if 0 in shape:
        raise DataError(f"{path}, byte {4 + 4 * shape.index(0)}: dimension {shape.index(0)} is declared empty")
    return bytes(magic + sizes), ELEMENT_TYPES[magic[2]], shape


def _digest(header: bytes, content: bytearray) -> str:
    digest = hashlib.sha256(header)
    digest.update(content)
    return digest.hexdigest()
