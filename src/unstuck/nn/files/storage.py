"""Arrays with a JSON description in one safetensors file: how models and checkpoints lie on disk.

Nothing is ever unpickled, and a file is complete or absent: it is written beside its place and renamed into it.
"""

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from unstuck.errors import ModelFileError

Array = np.ndarray

LARGEST_HEADER = 100_000_000  # bytes; the limit of the safetensors format


def write_arrays(
    path: str | os.PathLike[str], kind: str, version: int, description: Any, arrays: dict[str, Array]
) -> None:
    """Write the arrays and the JSON-able description; ModelFileError if the place cannot be written."""
    from safetensors.numpy import save

    metadata = {"format": f"unstuck {kind}", "version": str(version), "description": json.dumps(description)}
    content = save({name: np.ascontiguousarray(array) for name, array in arrays.items()}, metadata)
    write_whole(path, _in_order(content))


def _in_order(content: bytes) -> bytes:
    """The same file with its metadata sorted by name: the writer's order is random, equal files shall be equal."""
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)  # arrays begin at a multiple of 8 bytes
    return len(text).to_bytes(8, "little") + text + content[8 + length :]


def write_whole(path: str | os.PathLike[str], content: bytes) -> None:
    """Write a file that is complete or not there at all; ModelFileError if the place cannot be written."""
    path = Path(path)
    part = path.with_name(f".{path.name}.part")  # always the same, so that a killed run leaves one at most
    try:
        with open(part, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except BaseException as error:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise ModelFileError(f"cannot write {path}: {error.strerror}") from error
        raise


def read_arrays(path: str | os.PathLike[str], kind: str, version: int) -> tuple[Any, dict[str, Array]]:
    """The description and the arrays of a file that `write_arrays` wrote; ModelFileError says what else it is."""
    from safetensors import SafetensorError
    from safetensors.numpy import load

    path = Path(path)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ModelFileError(f"cannot read {path}: {error.strerror}") from error
    metadata = _read_metadata(path, content)
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
