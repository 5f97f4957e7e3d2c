"""Arrays with a JSON description in one safetensors file: how models and checkpoints lie on disk.

Nothing is ever unpickled, and a file is complete or absent, and holds a checksum of its bytes.
"""

import hashlib
import json
import os
import stat
from pathlib import Path
from typing import Any

import numpy as np

from unstuck.errors import ModelFileError, UnstuckError
from unstuck.writing import write_whole

Array = np.ndarray

LARGEST_HEADER = 100_000_000  # bytes; the limit of the safetensors format
BLANK = b"0" * 64  # in the place of the checksum, a SHA-256 in hexadecimal, while it is made


def write_arrays(
    path: str | os.PathLike[str], kind: str, version: int, description: Any, arrays: dict[str, Array]
) -> None:
    """Write the arrays and the JSON-able description; ModelFileError if the place cannot be written."""
    from safetensors.numpy import save

    metadata = {"format": f"unstuck {kind}", "version": str(version), "description": json.dumps(description)}
    metadata["checksum"] = BLANK.decode()
    content = save({name: np.ascontiguousarray(array) for name, array in arrays.items()}, metadata)
    write_model_file(path, _sealed(_in_order(content)))


def _in_order(content: bytes) -> bytes:
    """The same file with its metadata sorted by name: the writer's order is random, equal files shall be equal."""
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)  # arrays begin at a multiple of 8 bytes
    return len(text).to_bytes(8, "little") + text + content[8 + length :]


def _sealed(content: bytes) -> bytes:
    """The same file with the checksum of all its bytes in the place that is kept for it."""
    return content.replace(BLANK, _checksum(content).encode(), 1)


def _checksum(content: bytes) -> str:
    """Of a file whose checksum is left blank."""
    return hashlib.sha256(content).hexdigest()


def write_model_file(path: str | os.PathLike[str], content: bytes) -> None:
    """Write a file that is complete or not there at all; ModelFileError if the place cannot be written."""
    try:
        write_whole(path, content)
    except UnstuckError as error:
        said = str(error)
        raise ModelFileError(said if said.startswith("cannot write") else f"cannot write {said}") from error


def read_arrays(path: str | os.PathLike[str], kind: str, version: int) -> tuple[Any, dict[str, Array]]:
    """The description and the arrays of a file that `write_arrays` wrote; ModelFileError says what else it is."""
    return parse_arrays(path, read_content(path), kind, version)


def read_content(path: str | os.PathLike[str]) -> bytes:
    """All bytes of a file; ModelFileError if it cannot be read."""
    try:
        if not stat.S_ISREG(os.stat(path).st_mode) and not os.path.isdir(path):  # reading a pipe waits for its writer
            raise ModelFileError(f"cannot read {path}: is a device or a pipe, expected a regular file")
        return Path(path).read_bytes()
    except OSError as error:
        raise ModelFileError(f"cannot read {path}: {error.strerror}") from error


def parse_arrays(path: str | os.PathLike[str], content: bytes, kind: str, version: int) -> tuple[Any, dict[str, Array]]:
    """What `read_arrays` returns, from the bytes of the file at `path`."""
    from safetensors import SafetensorError
    from safetensors.numpy import load

    path = Path(path)
    metadata = _read_metadata(path, content)
    _check_sum(path, content, metadata)
    if metadata.get("format") != f"unstuck {kind}":
        raise ModelFileError(f"{path} holds {metadata.get('format', 'no named format')!r}: expected 'unstuck {kind}'")
    if metadata.get("version") != str(version):
        raise ModelFileError(f"{path} has format version {metadata.get('version')!r}: expected '{version}'")
    try:
        description = json.loads(metadata["description"])
        arrays = load(content)
    except (KeyError, ValueError, TypeError, SafetensorError) as error:
        raise ModelFileError(f"{path} is damaged: {_one_line(error)}") from error
    return description, arrays


def _check_sum(path: Path, content: bytes, metadata: dict[str, str]) -> None:
    """Files of before there were checksums have none; any other entry that is unknown is a damaged one."""
    if not str(metadata.get("format", "")).startswith("unstuck ") or metadata.get("version") not in (None, "1"):
        return
    odd = sorted(metadata.keys() - {"format", "version", "description", "checksum"})
    given = str(metadata.get("checksum", "")).encode()
    whole = not given or (len(given) == len(BLANK) and _checksum(content.replace(given, BLANK, 1)).encode() == given)
    if odd or not whole:
        raise ModelFileError(f"{path} is damaged: its bytes do not give the checksum in its header")


def _read_metadata(path: Path, content: bytes) -> dict[str, str]:
    """The metadata of the header: 8 bytes of length, then that much JSON."""
    if len(content) < 8:
        raise ModelFileError(f"{path} has {len(content)} bytes: expected a safetensors header, at least 8 bytes")
    length = int.from_bytes(content[:8], "little")
    if length > min(len(content) - 8, LARGEST_HEADER):
        raise ModelFileError(f"{path} is no safetensors file or cut short: byte 0 declares a header of {length} bytes")
    try:
        header = json.loads(content[8 : 8 + length])
    except (ValueError, RecursionError) as error:
        raise ModelFileError(f"{path} is no safetensors file: the header at byte 8 is not JSON") from error
    metadata = header.get("__metadata__") if isinstance(header, dict) else None
    if not isinstance(metadata, dict):
        raise ModelFileError(f"{path} was not written by unstuck: its header has no metadata")
    return metadata


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
