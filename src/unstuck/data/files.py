"""Files opened for reading: whatever the system or gzip has against one becomes a DataError naming it.

Nothing here trusts a size that a header declares: memory grows with the bytes that really arrive.
"""

import gzip
import os
import stat
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from unstuck.errors import DataError

GZIP_MAGIC = b"\x1f\x8b"
CHUNK = 1 << 18  # bytes
LARGE, MOST_TIMES = 1 << 30, 200  # bytes, and as many times its packed size: images never pack so well


@contextmanager
def open_file(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Open a regular file for reading its bytes as they are.

    Raises DataError, also for what goes wrong while the caller reads: no such file, a folder, a device or pipe,
    no permission, any other refusal of the system.
    """
    try:
        with _open(path) as file:
            yield file
    except FileNotFoundError:
        raise DataError(f"{path}: no such file") from None
    except IsADirectoryError:
        raise DataError(f"{path}: is a folder, expected a file") from None
    except PermissionError:
        raise DataError(f"{path}: no permission to read this file") from None
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from None


def _open(path: str | os.PathLike[str]) -> BinaryIO:
    try:
        mode = os.stat(path).st_mode
    except (ValueError, TypeError) as error:
        raise DataError(f"{path!r}: is not a usable path: {error}") from None
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):  # opening a pipe would wait for its other end
        raise DataError(f"{path}: is a device or a pipe, expected a regular file")
    return open(path, "rb")


@contextmanager
def open_unpacked(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Open a file for reading, unpacking it on the way if it is gzip (told by its first two bytes, not by its name).

    Raises DataError as `open_file` does; also if a name ending in .gz hides something else, or if the gzip data are
    damaged or cut short, with the offset in the packed file.
    """
    with open_file(path) as file:
        packed = file.read(2) == GZIP_MAGIC  # no other format read here begins like this
        file.seek(0)
        if not packed:
            if Path(path).suffix == ".gz":
                raise DataError(f"{path}, byte 0: named .gz, but does not begin with the gzip magic 1f 8b")
            yield file
            return
        try:
            with gzip.GzipFile(fileobj=file) as stream:
                yield cast(BinaryIO, stream)
        except EOFError:
            raise DataError(f"{path}, byte {file.tell()}: the gzip data end before their end marker") from None
        except (gzip.BadGzipFile, zlib.error) as error:
            raise DataError(f"{path}, near byte {file.tell()}: the gzip data are damaged: {error}") from None


def unpacked_size(path: str | os.PathLike[str], expected: int) -> int:
    """How many bytes `open_unpacked` will yield, found without holding them; counted only as far as `expected` + 1.

    What gzip notes at its end (the size modulo 2**32) is believed if it is what is expected, else all is unpacked once
    and counted.
    """
    with open_file(path) as file:
        if file.read(2) != GZIP_MAGIC:
            return os.fstat(file.fileno()).st_size
        file.seek(-4, os.SEEK_END)
        if int.from_bytes(file.read(4), "little") == expected:
            return expected
    size = 0
    with open_unpacked(path) as stream:
        while size <= expected and (chunk := stream.read(min(CHUNK, expected + 1 - size))):
            size += len(chunk)
    return size


def expect_plausible(unpacked: int, packed: int, place: str | os.PathLike[str]) -> None:
    """Raise DataError for what is small on disk and would fill the memory, as a gzip bomb does."""
    if unpacked > max(LARGE, MOST_TIMES * packed):
        raise DataError(f"{place}: {packed:,} bytes that unpack to {unpacked:,} or more hold no data set")


def read_up_to(stream: BinaryIO, size: int) -> bytearray:
    """Read at most `size` bytes, fewer only where the stream ends before; never holds much more than it has read."""
    content = bytearray()
    while len(content) < size and (chunk := stream.read(min(CHUNK, size - len(content)))):
        content += chunk
    return content
