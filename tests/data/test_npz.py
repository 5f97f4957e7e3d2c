"""npz files: the usual names are found, nothing is unpickled, and no header is believed."""

import io
import struct
import zipfile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.data.contents import npz
from tests.data.refusal import read_or_refuse, refusal
from unstuck.data.npz import KEYS, read_npz

ARRAY = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)


def npy(header: bytes, content: bytes = ARRAY.tobytes(), version: bytes = b"\1\0") -> bytes:
    length = struct.pack("<H" if version[0] == 1 else "<I", len(header))
    return b"\x93NUMPY" + version + length + header + content


def archive(content: bytes, name: str = "x_train.npy", method: int = zipfile.ZIP_STORED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as written:
        written.writestr(name, content)
    return file.getvalue()


def header(shape: str, descr: str = "'|u1'", order: str = "False") -> bytes:
    return f"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}\n".encode()


GOOD = npz(x_train=ARRAY)


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("array", [ARRAY, np.asfortranarray(ARRAY), ARRAY / 24, ARRAY > 7, ARRAY.astype(">i2")])
def test_arrays_come_as_they_were_saved(tmp_path, compressed, array):
    (tmp_path / "a.npz").write_bytes(npz(compressed, x_train=array, note="ignored"))
    read = read_npz(tmp_path / "a.npz")
    assert list(read) == ["images_train"]
    assert read["images_train"].dtype == array.dtype
    np.testing.assert_array_equal(read["images_train"], array)


@pytest.mark.parametrize(("name", "alias"), [(name, alias) for name, aliases in KEYS.items() for alias in aliases])
def test_every_usual_name_is_known(tmp_path, name, alias):
    (tmp_path / "a.npz").write_bytes(npz(**{alias: ARRAY}))
    assert list(read_npz(tmp_path / "a.npz")) == [name]


def test_headers_of_format_2_are_read(tmp_path):
    (tmp_path / "a.npz").write_bytes(archive(npy(header("(2, 3, 4)"), version=b"\2\0")))
    np.testing.assert_array_equal(read_npz(tmp_path / "a.npz")["images_train"], ARRAY)


def lying_directory(size: int) -> bytes:
    """An archive whose records declare another size of its one array."""
    real = npy(header("(2, 3, 4)"))
    return archive(real).replace(struct.pack("<I", len(real)), struct.pack("<I", size))


class Unpickled:
    """Says so if it is unpickled."""

    def __reduce__(self):
        return pytest.fail, ("a pickle was executed",)


BAD = {
    "empty": (b"", "the zip archive is damaged"),
    "not a zip": (b"PK\3\4" + bytes(100), "the zip archive is damaged"),
    "cut short": (GOOD[:-30], "the zip archive is damaged"),
    "no arrays": (npz(), "holds nothing, expected x_train"),
    "unknown names": (npz(a=ARRAY, b=ARRAY), "holds a, b, expected x_train"),
    "two names for one": (npz(x_train=ARRAY, train_images=ARRAY), "holds x_train and train_images"),
    "objects": (npz(x_train=np.array([Unpickled()], object)), "objects are never unpickled"),
    "text": (npz(x_train=np.array(["a"])), "elements of type <U1"),
    "complex": (npz(x_train=np.array([1j])), "elements of type complex128"),
    "record": (npz(x_train=np.zeros(2, "u1,u2")), "expected numbers"),
    "not npy": (archive(b"no array at all"), "the .npy header is damaged"),
    "empty entry": (archive(b""), "the .npy header is damaged"),
    "unknown version": (archive(npy(header("(2, 3, 4)"), version=b"\7\0")), "format version 7.0"),
    "header cut short": (archive(npy(header("(2, 3, 4)"))[:40]), "the .npy header is damaged"),
    "header no literal": (archive(npy(b"__import__('os')\n")), "the .npy header is damaged"),
    "header nested deeply": (archive(npy(b"(" * 9000 + b"\n")), "the .npy header is damaged"),
    "header of gigabytes": (archive(b"\x93NUMPY\2\0\xff\xff\xff\xff" + bytes(1000)), "the .npy header is damaged"),
    "negative length": (archive(npy(header("(-2, -3, 4)"))), "a shape of (-2, -3, 4)"),
    "true as a length": (archive(npy(header("(True, 24)"))), "a shape of (True, 24)"),
    "huge declared shape": (archive(npy(header(f"({10**12}, 784)"))), "1000000000000 x 784 elements of uint8"),
    "shape too large": (archive(npy(header("(2, 3, 5)"))), "which are 30 bytes, but the archive holds 24"),
    "shape too small": (archive(npy(header("(2, 3, 3)"))), "which are 18 bytes, but the archive holds 24"),
    "huge shape, packed": (
        archive(npy(header(f"({1 << 40},)"), bytes(50 << 20)), method=zipfile.ZIP_DEFLATED),
        "elements of uint8, which are 1099511627776 bytes",
    ),
    "bomb behind a small shape": (
        archive(npy(header("(24,)"), bytes(50 << 20)), method=zipfile.ZIP_DEFLATED),
        "which are 24 bytes, but the archive holds 52428800",
    ),
    "packed by LZMA": (archive(npy(header("(2, 3, 4)")), method=zipfile.ZIP_LZMA), "packed by method 14"),
    "checksum wrong": (GOOD.replace(ARRAY.tobytes(), ARRAY.tobytes()[::-1]), "damaged: Bad CRC-32"),
    "directory lies": (lying_directory(1 << 30), "damaged: the packed data are cut short"),
}


@pytest.mark.parametrize(("content", "sentence"), BAD.values(), ids=BAD)
def test_bad_content_is_refused_with_its_place(tmp_path, content, sentence):
    (tmp_path / "a.npz").write_bytes(content)
    assert sentence in refusal(read_npz, tmp_path / "a.npz")


def test_directory_and_header_that_lie_together_are_refused(tmp_path):
    content = archive(npy(header("(1000000024,)")))
    real = len(npy(header("(1000000024,)")))
    content = content.replace(struct.pack("<I", real), struct.pack("<I", real + 10**9))
    (tmp_path / "a.npz").write_bytes(content)
    refusal(read_npz, tmp_path / "a.npz")


def test_an_encrypted_entry_is_refused(tmp_path):
    content = bytearray(GOOD)
    content[6] |= 1  # the flag, in the entry and in the directory
    content[content.index(b"PK\1\2") + 8] |= 1
    (tmp_path / "a.npz").write_bytes(content)
    assert "encrypted" in refusal(read_npz, tmp_path / "a.npz")


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damaged_files_never_raise_anything_else(tmp_path, data):
    content = bytearray(data.draw(st.sampled_from([GOOD, npz(True, x_train=ARRAY, y_train=ARRAY[:, 0, 0])])))
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(content)))
        content[at : at + data.draw(st.integers(0, 4))] = data.draw(st.binary(max_size=4))
    (tmp_path / "a.npz").write_bytes(content)
    read_or_refuse(read_npz, tmp_path / "a.npz")
