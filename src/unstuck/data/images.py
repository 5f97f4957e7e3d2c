"""PNG and JPEG images, alone or in a folder per class, made to look like MNIST's.

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
from pathlib import Path

import numpy as np

from ..errors import DataError
from .files import open_file

SIDE = 28  # pixels of an image
BOX = 20  # pixels of the box that the ink fits into
MOST_PIXELS = 64_000_000  # of an image file; decoding takes 4 bytes each
MOST_PIXELS_PER_BYTE = 10_000  # deflate packs at most 1032 : 1, and a byte holds at most 8 pixels
SUFFIXES = (".png", ".jpg", ".jpeg")


def read_image(path: str | os.PathLike[str]) -> np.ndarray:
    """Read one PNG or JPEG of a digit: any size, colour and polarity, one digit on plain paper.

    The paper is what most of the border shows; ink is what differs from it towards the other end of the grey scale,
    and the strongest ink becomes 1. The ink is cropped, scaled to fit a box of 20 x 20 with its aspect ratio kept, and
    moved so that its centre of mass comes to the middle of 28 x 28, as MNIST was made (see the top of this module).

    Returns (784,) float32 in [0, 1], ink bright on paper 0. Raises DataError if the file is no PNG or JPEG, is damaged,
    declares more pixels than it can hold or than 64 million, or shows nothing but paper.
    """
    return centre(ink_on_paper(read_grey(path), path)).ravel()


def read_grey(path: str | os.PathLike[str]) -> np.ndarray:
    """Read the brightness of a PNG or JPEG as (height, width) float32 in [0, 1]; DataError as `read_image`.

    Transparent pixels show what is farther from the opaque ones: white behind dark ink, black behind bright ink.
    """
    from PIL import Image, ImageOps

    with open_file(path) as file:
        n_bytes = os.fstat(file.fileno()).st_size
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # Pillow's word on large images; what is too large is refused here
                image: Image.Image = Image.open(file, formats=["PNG", "JPEG"])
                _expect_plausible(image.size, n_bytes, path)
                image = ImageOps.exif_transpose(image)
                image.load()
        except (DataError, FileNotFoundError):
            raise
        except Image.UnidentifiedImageError:
            raise DataError(f"{path}, byte 0: no PNG or JPEG image begins like this") from None
        except Exception as error:  # Pillow lets through whatever its parts raise on damaged files
            raise DataError(f"{path}: the image is damaged: {error or type(error).__name__}") from None
        if image.mode.startswith(("I", "F")):  # 16 bits a pixel
            return np.clip(np.asarray(image, np.float32) / 65535, 0, 1)
        if "A" in image.getbands() or "transparency" in image.info:
            grey, alpha = (np.asarray(band, np.float32) / 255 for band in image.convert("LA").split())
            opaque = alpha > 0.5
            behind = 1.0 if opaque.any() and grey[opaque].mean() < 0.5 else 0.0
            return grey * alpha + behind * (1 - alpha)
        return np.asarray(image.convert("L"), np.float32) / 255


def _expect_plausible(size: tuple[int, int], n_bytes: int, path: str | os.PathLike[str]) -> None:
    """Before anything is decoded: the header's word on the size is checked against the size of the file."""
    pixels = size[0] * size[1]
    if pixels > MOST_PIXELS:
        raise DataError(f"{path}: {size[0]} x {size[1]} pixels declared, expected {MOST_PIXELS} pixels at most")
    if pixels > MOST_PIXELS_PER_BYTE * n_bytes:
        raise DataError(f"{path}: {size[0]} x {size[1]} pixels declared, but the file has only {n_bytes} bytes")


def ink_on_paper(grey: np.ndarray, path: str | os.PathLike[str]) -> np.ndarray:
    """Brightness (height, width) turned into ink: 0 on the paper, 1 where the ink is strongest.

    The grain of the paper, four standard deviations estimated on the border (Huber, "Robust Statistics", 1981: 1.4826
    times the median deviation), does not count as ink. Raises DataError if nothing else is there.
    """
    border = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    paper = float(np.median(border))
    grain = 4 * 1.4826 * float(np.median(np.abs(border - paper)))
    darker, brighter = paper - float(grey.min()), float(grey.max()) - paper
    ink = (paper - grey if darker > brighter else grey - paper) - grain  # the farther extreme is the ink
    strongest = float(ink.max())
    if strongest <= 1 / 255:
        raise DataError(f"{path}: nothing but paper, expected a digit that differs from the border of the image")
    return np.clip(ink / strongest, 0, 1)


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


def read_image_folder(path: str | os.PathLike[str]) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Read a folder with one subfolder of PNG or JPEG images per class.

    Subfolders are visited in order of their names (in order of the numbers, if all names are numbers). Images of
    28 x 28 pixels are taken as they are, ink and paper exchanged if most of the border is bright; others are centred
    as in `read_image`. Names beginning with a dot are passed over.

    Returns images (n, 784) uint8, labels (n,) int64, and the names of the classes in order of their labels. If all
    names are numbers, these are the labels. Raises DataError for a subfolder without images, for a file that is no
    image and as `read_image`.
    """
    folders = sorted(entry for entry in Path(path).iterdir() if entry.is_dir() and entry.name[0] != ".")
    if not folders:
        raise DataError(f"{path}: no subfolders, expected one per class")
    numbered = all(folder.name.isascii() and folder.name.isdigit() for folder in folders)
    labels = [int(folder.name) for folder in folders] if numbered else list(range(len(folders)))
    if len(set(labels)) < len(labels):
        raise DataError(f"{path}: two subfolders mean the same number, expected one per class")
    if numbered and max(labels) >= max(10, 2 * len(labels)):
        raise DataError(
            f"{path}: a subfolder named {max(labels)}, but only {len(labels)} classes; expected 0, 1, 2 ..."
        )
    images: list[np.ndarray] = []
    classes: list[int] = []
    for label, folder in sorted(zip(labels, folders, strict=True)):
        files = sorted(entry for entry in folder.iterdir() if entry.name[0] != ".")
        if not files:
            raise DataError(f"{folder}: no images, expected PNG or JPEG files of one class")
        for file in files:
            if file.suffix.lower() not in SUFFIXES:
                raise DataError(f"{file}: no image by its name, expected only .png, .jpg and .jpeg beside it")
            images.append(_as_mnist(file))
            classes.append(label)
    names = {label: folder.name for label, folder in zip(labels, folders, strict=True)}
    return (
        np.array(images),
        np.array(classes, np.int64),
        [names.get(label, str(label)) for label in range(max(labels) + 1)],
    )


def _as_mnist(path: Path) -> np.ndarray:
    """One image of a folder as (784,) uint8."""
    grey = read_grey(path)
    if grey.shape != (SIDE, SIDE):
        ink = centre(ink_on_paper(grey, path))
    else:
        border = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
        ink = 1 - grey if np.median(border) > 0.5 else grey
    return np.rint(ink * 255).astype(np.uint8).ravel()
