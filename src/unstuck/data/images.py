"""PNG and JPEG images of digits, made to look like MNIST's.

How MNIST was made: each digit was scaled to fit a box of 20 x 20 pixels with its aspect ratio kept; averaging on the
way (anti-aliasing) gave grey levels; the result was moved within 28 x 28 so that the centre of mass of its pixels came
to the middle.

Source: Y. LeCun, C. Cortes, C. J. C. Burges, "The MNIST database of handwritten digits" (the data set's page);
Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, "Gradient-Based Learning Applied to Document Recognition", Proceedings of
the IEEE 86(11), 1998, section III.A. Measured on MNIST itself: the centre of mass lies within half a pixel of row 14,
column 14, counted from 0.
"""

import os
import warnings
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from unstuck.data.files import open_file
from unstuck.data.paper import LEAST_PHOTO, border_of, contrast_with_paper, deviation, without_surroundings
from unstuck.errors import DataError

if TYPE_CHECKING:
    from PIL import Image

SIDE = 28  # pixels of an image
BOX = 20  # pixels of the box that the ink fits into
MOST_PIXELS = 64_000_000  # of an image file; decoding takes 4 bytes each
LARGEST = 1024  # pixels of the longer side; larger images are averaged down
MOST_PIXELS_PER_BYTE = 10_000  # deflate packs at most 1032 : 1, and a byte holds at most 8 pixels


def read_image(path: str | os.PathLike[str]) -> np.ndarray:
    """Read one PNG or JPEG of a digit: any size, colour and polarity, one digit on plain paper.

    The paper is what most of the image shows, dark or bright; what lies beside it is cut off, and the fall of light
    taken out. Ink is what differs from the paper; the strongest becomes 1. The ink is cropped, scaled to fit a box of
    20 x 20 with its aspect ratio kept, and moved so that its centre of mass comes to the middle of 28 x 28, as MNIST
    was made (see the top of this module).

    Returns (784,) float32 in [0, 1], ink bright on paper 0. Raises DataError if the file is no PNG or JPEG, is damaged,
    declares more pixels than it can hold or than 64 million, or shows nothing but paper.
    """
    return read_image_and_doubt(path)[0]


def read_image_and_doubt(path: str | os.PathLike[str]) -> tuple[np.ndarray, str]:
    """What `read_image` returns, and why it may be no digit: two side by side, or a frame; "" where nothing says so."""
    ink = ink_on_paper(read_grey(path), path)
    return centre(ink).ravel(), doubt(ink)


def doubt(ink: np.ndarray) -> str:
    """Why this ink (height, width) may be no digit, "" where nothing says so.

    Two digits are parts with nothing between them, each of most of the height; a frame touches three sides.
    """
    drawn = ink > 0.3
    if sum(bool(side.mean() > 0.2) for side in (drawn[0], drawn[-1], drawn[:, 0], drawn[:, -1])) >= 3:
        return "looks like a frame"
    rows, columns = np.flatnonzero(drawn.any(axis=1)), np.flatnonzero(drawn.any(axis=0))
    if not len(rows):
        return "looks like nothing drawn"
    gaps = np.flatnonzero(np.diff(columns) > 1)
    parts = np.split(columns, gaps + 1)
    heights = [np.ptp(np.flatnonzero(drawn[:, part].any(axis=1))) for part in parts]
    tall = sum(bool(height > 0.6 * np.ptp(rows)) for height in heights)
    return "looks like two digits" if tall > 1 else ""


def read_grey(path: str | os.PathLike[str]) -> np.ndarray:
    """Read the brightness of a PNG or JPEG as (height, width) float32 in [0, 1]; DataError as `read_image`.

    Transparent pixels show what is farther from the opaque ones: white behind dark ink, black behind bright ink.
    """
    with open_file(path) as file:
        return decode_grey(file, os.fstat(file.fileno()).st_size, path)


def decode_grey(
    file: BinaryIO, n_bytes: int, path: str | os.PathLike[str], most_pixels: int = MOST_PIXELS
) -> np.ndarray:
    """The brightness of a PNG or JPEG of n_bytes that is open already; `path` is what error messages call it.

    Returns (height, width) float32 in [0, 1]. Raises DataError as `read_image`, for more than most_pixels declared.
    """
    from PIL import Image, ImageOps

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's word on large images; what is too large is refused here
            image: Image.Image = Image.open(file, formats=["PNG", "JPEG"])
            _expect_plausible(image.size, n_bytes, path, most_pixels)
            image.draft(None, (LARGEST, LARGEST))  # JPEG can be decoded at a half, a quarter, an eighth
            image = ImageOps.exif_transpose(image)
            image.load()
    except DataError:
        raise
    except Image.DecompressionBombError:
        raise DataError(f"{path}: too many pixels declared, expected {most_pixels} at most") from None
    except Image.UnidentifiedImageError:
        raise DataError(f"{path}, byte 0: no PNG or JPEG image begins like this") from None
    except Exception as error:  # Pillow lets through whatever its parts raise on damaged files
        raise DataError(f"{path}: the image is damaged: {str(error) or type(error).__name__}") from None
    grey = Image.fromarray(_brightness(image))
    grey.thumbnail((LARGEST, LARGEST))
    return np.asarray(grey)


def _brightness(image: "Image.Image") -> np.ndarray:
    if image.mode.startswith(("I", "F")):  # 16 bits a pixel
        return np.clip(np.asarray(image, np.float32) / 65535, 0, 1)
    if "A" in image.getbands() or "transparency" in image.info:
        grey, alpha = (np.asarray(band, np.float32) / 255 for band in image.convert("RGBA").convert("LA").split())
        opaque = alpha > 0.5
        behind = 1.0 if opaque.any() and grey[opaque].mean() < 0.5 else 0.0
        return grey * alpha + np.float32(behind) * (1 - alpha)
    return np.asarray(image.convert("L"), np.float32) / 255


def _expect_plausible(size: tuple[int, int], n_bytes: int, path: str | os.PathLike[str], most_pixels: int) -> None:
    """Before anything is decoded: the header's word on the size is checked against the size of the file."""
    pixels = size[0] * size[1]
    if pixels > most_pixels:
        raise DataError(f"{path}: {size[0]} x {size[1]} pixels declared, expected {most_pixels} pixels at most")
    if pixels > MOST_PIXELS_PER_BYTE * n_bytes:
        raise DataError(f"{path}: {size[0]} x {size[1]} pixels declared, but the file has only {n_bytes} bytes")


def ink_on_paper(grey: np.ndarray, path: str | os.PathLike[str]) -> np.ndarray:
    """Brightness (height, width) turned into ink: 0 on the paper, 1 where the ink is strongest.

    What lies around the paper, seen by an edge along a whole side, is cut off. Grain of the paper is no ink: four
    standard deviations as seen on the border, and where there is grain, or the digit is larger than MNIST's, whatever
    is below a tenth of the strongest ink, of a photograph below a quarter: grain is coarser where there is little
    light. Raises DataError if nothing else is there.
    """
    grey = without_surroundings(grey)
    contrast = contrast_with_paper(grey)
    grain = 4 * deviation(border_of(contrast))
    strongest = float(contrast.max()) - grain
    if strongest <= 1 / 255:
        raise DataError(f"{path}: nothing but paper, expected a digit that differs from the border of the image")
    ink = np.clip((contrast - grain) / strongest, 0, 1)
    clear = ink > (0.25 if grain and min(grey.shape) >= LEAST_PHOTO else 0.1)
    height, width = (np.ptp(np.flatnonzero(clear.any(axis=axis))) + 1 for axis in (1, 0))
    return np.where(clear, ink, 0) if grain or max(height, width) > SIDE else ink


def centre(ink: np.ndarray) -> np.ndarray:
    """Fit ink (height, width) into a box of 20 x 20 and put its centre of mass into the middle: (28, 28) float32."""
    from PIL import Image

    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    ink = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    scale = BOX / max(ink.shape)
    height, width = (max(1, round(length * scale)) for length in ink.shape)
    small = np.asarray(Image.fromarray(ink).resize((width, height), Image.Resampling.BILINEAR))  # averages on the way
    small = np.clip(small / small.max(), 0, 1)
    top, left = (
        min(max(round(SIDE / 2 - float(np.arange(len(mass)) @ mass / mass.sum())), 0), SIDE - len(mass))
        for mass in (small.sum(axis=1), small.sum(axis=0))
    )
    field = np.zeros((SIDE, SIDE), np.float32)
    field[top : top + height, left : left + width] = small
    return field
