"""Single images: size, colour and polarity make no difference; what is no image is refused."""

import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from tests.data.contents import png_of
from tests.data.refusal import read_or_refuse, refusal
from unstuck.data import load_mnist, read_image


@pytest.fixture(scope="module")
def digits():
    return load_mnist().images_test[:40].reshape(-1, 28, 28)


def drawn(digit: np.ndarray, size: tuple[int, int] = (200, 260), scale: int = 5, at: tuple[int, int] = (40, 70)):
    """A digit, bright on black, drawn larger somewhere on a canvas of (height, width)."""
    canvas = Image.new("L", size[::-1], 0)
    canvas.paste(Image.fromarray(digit).resize((28 * scale, 28 * scale), Image.Resampling.NEAREST), at[::-1])
    return np.asarray(canvas)


def read(tmp_path, content: bytes) -> np.ndarray:
    (tmp_path / "image").write_bytes(content)
    return read_image(tmp_path / "image").reshape(28, 28)


def likeness(a: np.ndarray, b: np.ndarray) -> float:
    """The cosine of the angle between two images: 1 where they are the same."""
    return float((a * b).sum() / np.sqrt((a * a).sum() * (b * b).sum()))


def test_an_image_of_mnist_comes_back_as_it_is(tmp_path, digits):
    for digit in digits:
        x = read(tmp_path, png_of(digit))
        assert x.dtype == np.float32
        np.testing.assert_allclose(x, digit / 255, atol=0.01)


def test_an_image_moved_away_is_centred_again(tmp_path, digits):
    for digit in digits:
        moved = np.pad(digit, ((30, 3), (0, 50)))
        np.testing.assert_allclose(read(tmp_path, png_of(moved)), digit / 255, atol=0.01)


@pytest.mark.parametrize("polarity", ["bright on dark", "dark on bright"])
@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "LA", "I;16"])
def test_polarity_and_mode_make_no_difference(tmp_path, digits, polarity, mode):
    for digit in digits[:5]:
        grey = drawn(digit) if polarity == "bright on dark" else 255 - drawn(digit)
        if mode == "I;16":
            content = png_of(grey.astype(np.uint16) * 257)
        else:
            file = io.BytesIO()
            Image.fromarray(grey).convert(mode, dither=Image.Dither.NONE).save(file, "PNG")
            content = file.getvalue()
        assert likeness(read(tmp_path, content), digit / 255) > 0.93


@pytest.mark.parametrize("ink", [0, 255])
def test_transparent_paper_is_the_opposite_of_the_ink(tmp_path, digits, ink):
    for digit in digits[:5]:
        alpha = drawn(digit)
        assert likeness(read(tmp_path, png_of(np.dstack([np.full_like(alpha, ink)] * 3 + [alpha]))), digit / 255) > 0.93


def test_size_makes_no_difference(tmp_path, digits):
    for scale in (2, 9, 50):
        image = drawn(digits[0], (40 * scale, 60 * scale), scale, (7 * scale, 20 * scale))
        assert likeness(read(tmp_path, png_of(image)), digits[0] / 255) > 0.95


def test_a_photograph_is_read(tmp_path, digits):
    """Coloured paper under light that falls off to one side, with grain, as a JPEG."""
    generator = np.random.default_rng(0)
    for digit in digits[:10]:
        ink = drawn(digit)[..., None] / 255
        light = np.linspace(1, 0.6, ink.shape[1])[:, None] * np.array([235, 225, 200])
        photograph = light * (1 - ink) + 30 * ink + generator.normal(0, 4, (*ink.shape[:2], 3))
        file = io.BytesIO()
        Image.fromarray(photograph.clip(0, 255).astype(np.uint8)).save(file, "JPEG", quality=85)
        assert likeness(read(tmp_path, file.getvalue()), digit / 255) > 0.9


def test_the_orientation_of_the_camera_is_heeded(tmp_path, digits):
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90 degrees clockwise to view
    turned = np.rot90(drawn(digits[0]))
    file = io.BytesIO()
    Image.fromarray(turned).save(file, "JPEG", exif=exif)
    assert likeness(read(tmp_path, file.getvalue()), digits[0] / 255) > 0.93


def test_ink_fits_the_box_and_its_mass_is_in_the_middle(tmp_path):
    generator = np.random.default_rng(0)
    for _ in range(20):
        image = np.zeros((60, 80), np.uint8)
        top, left, height, width = generator.integers(5, 25, 4)
        image[top : top + height, left : left + width] = 200
        x = read(tmp_path, png_of(image))
        rows, columns = np.flatnonzero(x.any(axis=1)), np.flatnonzero(x.any(axis=0))
        assert max(np.ptp(rows), np.ptp(columns)) + 1 == 20
        assert np.ptp(rows) == pytest.approx(20 * height / max(height, width) - 1, abs=1)
        for axis in (0, 1):
            assert np.arange(28) @ x.sum(axis=1 - axis) / x.sum() == pytest.approx(14, abs=0.5001)


def png_header(width: int, height: int, content: bytes = b"") -> bytes:
    """A PNG file that declares a size and has other content."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    pixels = chunk(b"IDAT", zlib.compress(content))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + pixels + chunk(b"IEND", b"")


INK = np.pad(np.full((8, 4), 255, np.uint8), 9)
GOOD = png_of(INK)
BAD = {
    "empty": (b"", "byte 0: no PNG or JPEG"),
    "text": (b"no image at all", "byte 0: no PNG or JPEG"),
    "GIF": (b"GIF89a" + bytes(100), "byte 0: no PNG or JPEG"),
    "signature alone": (GOOD[:8], "no PNG or JPEG"),
    "cut short": (GOOD[:-30], "the image is damaged"),
    "cut in its header": (GOOD[:20], "the image is damaged"),
    "checksum wrong": (GOOD[:45] + b"\0\0" + GOOD[47:], "the image is damaged"),
    "no pixels": (png_header(0, 0), "PNG or JPEG"),
    "too few pixels": (png_header(28, 28, bytes(29)), "nothing but paper"),
    "huge declared size": (png_header(1 << 30, 1 << 30), "too many pixels declared"),
    "over the limit": (png_header(12_000, 9_000), "12000 x 9000 pixels declared, expected 64000000"),
    "large declared size": (png_header(7000, 7000), "7000 x 7000 pixels declared, but the file has only"),
    "just white": (png_of(np.full((30, 30), 255, np.uint8)), "nothing but paper"),
    "just black": (png_of(np.zeros((1, 1), np.uint8)), "nothing but paper"),
    "just noise": (png_of(np.full((300, 30), 128, np.uint8) + np.eye(300, 30, dtype=np.uint8)), "nothing but paper"),
    "fully transparent": (png_of(np.zeros((30, 30, 4), np.uint8)), "nothing but paper"),
    "JPEG cut short": (b"\xff\xd8\xff\xe0\0\x10JFIF\0", "the image is damaged"),
}


@pytest.mark.parametrize(("content", "sentence"), BAD.values(), ids=BAD)
def test_bad_content_is_refused(tmp_path, content, sentence):
    (tmp_path / "image.png").write_bytes(content)
    assert sentence in refusal(read_image, tmp_path / "image.png")


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damaged_files_never_raise_anything_else(tmp_path, data):
    file = io.BytesIO()
    Image.fromarray(INK).save(file, "JPEG")
    content = bytearray(data.draw(st.sampled_from([GOOD, file.getvalue()])))
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(content)))
        content[at : at + data.draw(st.integers(0, 4))] = data.draw(st.binary(max_size=4))
    (tmp_path / "image").write_bytes(content)
    read_or_refuse(read_image, tmp_path / "image")
