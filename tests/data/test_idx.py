"""IDX files: what the header says is what comes out, or one sentence about where it does not hold."""

import gzip
import hashlib
import struct

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.data.contents import idx, packed
from tests.data.refusal import read_or_refuse, refusal
from unstuck.data.idx import ELEMENT_TYPES, read_idx

PIXELS = np.arange(2 * 3 * 4, dtype=np.uint8).reshape(2, 3, 4)


GOOD = idx(PIXELS)


@pytest.mark.parametrize("code", ELEMENT_TYPES)
def test_every_element_type_is_read_in_native_order(tmp_path, code):
    array = np.array([[1, 2], [3, 100]], ELEMENT_TYPES[code])
    (tmp_path / "a").write_bytes(idx(array, code))
    read = read_idx(tmp_path / "a")
    assert read.dtype.isnative
    np.testing.assert_array_equal(read, array)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(GOOD, id="plain"),
        pytest.param(packed(GOOD), id="gzip"),
        pytest.param(packed(GOOD[:7]) + packed(GOOD[7:]), id="gzip in two members"),
    ],
)
def test_plain_and_gzip_hold_the_same(tmp_path, content):
    (tmp_path / "a").write_bytes(content)
    np.testing.assert_array_equal(read_idx(tmp_path / "a"), PIXELS)


def test_digest_is_of_the_unpacked_bytes(tmp_path):
    (tmp_path / "a.gz").write_bytes(packed(GOOD))
    np.testing.assert_array_equal(read_idx(tmp_path / "a.gz", hashlib.sha256(GOOD).hexdigest()), PIXELS)
    assert "SHA-256" in refusal(lambda path: read_idx(path, "00"), tmp_path / "a.gz")


BAD = {
    "empty": (b"", "byte 0: the file ends"),
    "wrong first byte": (b"\1" + GOOD[1:], "byte 0: found 01 00"),
    "wrong second byte": (b"\0\1" + GOOD[2:], "byte 0: found 00 01"),
    "unknown type": (GOOD[:2] + b"\7" + GOOD[3:], "byte 2: unknown IDX element type 07"),
    "other type": (GOOD[:2] + b"\x0d" + GOOD[3:], "byte 40: the file ends here"),
    "no dimensions": (GOOD[:3] + b"\0" + GOOD[4:], "byte 3: 0 dimensions"),
    "many dimensions": (GOOD[:3] + b"\xff" + GOOD[4:], "byte 3: 255 dimensions"),
    "empty dimension": (GOOD[:8] + bytes(4) + GOOD[12:], "byte 8: dimension 1 is declared empty"),
    "one element short": (GOOD[:-1], "byte 39: the file ends here, but its header declares 2 x 3 x 4"),
    "one byte more": (GOOD + b"\0", "byte 40: the elements that the header declares do not end here"),
    "huge declared size": (GOOD[:4] + b"\xff" * 12 + GOOD[16:], "byte 40: the file ends here"),
    "gzip, empty": (packed(b""), "byte 0: the file ends"),
    "gzip, one element short": (packed(GOOD[:-1]), "byte 39: the file ends here"),
    "gzip, one byte more": (packed(GOOD + b"\0"), "byte 40: the elements"),
    "gzip, huge declared size": (packed(GOOD[:4] + b"\xff" * 12 + GOOD[16:]), "byte 40: the file ends here"),
    "gzip, bomb behind a small header": (packed(GOOD + bytes(50 << 20)), "byte 40: the elements"),
    "gzip, bomb short of a large header": (packed(GOOD[:4] + b"\0\0\x7f\xff" * 3 + bytes(50 << 20)), "the file ends"),
    "gzip, checksum wrong": (packed(GOOD)[:-5] + b"\0" + packed(GOOD)[-4:], "near byte"),
    "gzip, noise behind the end": (packed(GOOD) + b"noise", "near byte"),
    "gzip, magic only": (b"\x1f\x8b", "byte 2: the gzip data end"),
    "gzip, unknown method": (b"\x1f\x8b\7" + packed(GOOD)[3:], "near byte"),
}


@pytest.mark.parametrize(("content", "sentence"), BAD.values(), ids=BAD)
def test_bad_content_is_refused_with_its_place(tmp_path, content, sentence):
    (tmp_path / "a").write_bytes(content)
    assert sentence in refusal(read_idx, tmp_path / "a")


@pytest.mark.parametrize("end", range(16))
def test_a_header_cut_short_is_refused_at_that_byte(tmp_path, end):
    (tmp_path / "a").write_bytes(GOOD[:end])
    assert f"byte {end}: the file ends within" in refusal(read_idx, tmp_path / "a")


@pytest.mark.parametrize("end", range(3, len(packed(GOOD)), 3))
def test_gzip_cut_short_is_refused(tmp_path, end):
    (tmp_path / "a.gz").write_bytes(packed(GOOD)[:end])
    refusal(read_idx, tmp_path / "a.gz")


def test_plain_content_named_gz_is_refused(tmp_path):
    (tmp_path / "a.gz").write_bytes(GOOD)
    assert "named .gz" in refusal(read_idx, tmp_path / "a.gz")


def test_a_gzip_trailer_that_agrees_with_a_lying_header_is_refused(tmp_path):
    content = bytearray(packed(GOOD[:4] + struct.pack(">3I", 1000, 1000, 1000) + GOOD[16:]))
    content[-4:] = struct.pack("<I", 16 + 10**9)
    (tmp_path / "a").write_bytes(content)
    refusal(read_idx, tmp_path / "a")


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damaged_files_never_raise_anything_else(tmp_path, data):
    content = bytearray(data.draw(st.sampled_from([GOOD, packed(GOOD), idx(PIXELS.astype(">f4"), 0x0D)])))
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(content)))
        content[at : at + data.draw(st.integers(0, 4))] = data.draw(st.binary(max_size=4))
    path = tmp_path / data.draw(st.sampled_from(["a", "a.gz"]))
    path.write_bytes(content)
    read_or_refuse(read_idx, path)


def test_gzip_is_told_by_content_not_by_name(tmp_path):
    with gzip.open(tmp_path / "a.bin", "wb") as file:
        file.write(GOOD)
    np.testing.assert_array_equal(read_idx(tmp_path / "a.bin"), PIXELS)
