"""What files hold, as bytes."""

import gzip
import io
import struct
from typing import Any

import numpy as np
from PIL import Image


def packed(content: bytes) -> bytes:
    """The content as a gzip file."""
    return gzip.compress(content, mtime=0)


def idx(array: np.ndarray, code: int = 0x08) -> bytes:
    """An array as an IDX file that declares the element type `code`."""
    return struct.pack(f">BBBB{array.ndim}I", 0, 0, code, array.ndim, *array.shape) + array.tobytes()


def npz(compressed: bool = False, **arrays: Any) -> bytes:
    """Arrays as an .npz file."""
    file = io.BytesIO()
    (np.savez_compressed if compressed else np.savez)(file, **arrays)
    return file.getvalue()


def png_of(pixels: np.ndarray) -> bytes:
    """An array as a PNG file."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()
