"""A data set kept as PNG and JPEG images in one folder per class."""

import os
import re
from pathlib import Path

import numpy as np

from unstuck.data.images import SIDE, border_of, centre, ink_on_paper, read_grey
from unstuck.data.ranges import as_labels
from unstuck.errors import DataError

SUFFIXES = (".png", ".jpg", ".jpeg")


def read_image_folder(path: str | os.PathLike[str]) -> tuple[np.ndarray, np.ndarray, tuple[str, ...] | None]:
    """Read a folder with one subfolder of PNG or JPEG images per class.

    Subfolders are visited in order of their names (in order of the numbers, if all names are numbers). Images of
    28 x 28 pixels are taken as they are, ink and paper exchanged if most of the border is bright; others are centred
    as in `read_image`. Names beginning with a dot are passed over.

    Returns images (n, 784) uint8, labels (n,) int64, and the names of the classes in order of their labels. If all
    names are numbers, these are the labels, and there are no other names (None). Raises DataError for a subfolder
    without images, for a file that is no image and as `read_image`.
    """
    folders = sorted(entry for entry in Path(path).iterdir() if entry.is_dir() and entry.name[0] != ".")
    if not folders:
        raise DataError(f"{path}: no subfolders, expected one per class")
    numbered = all(re.fullmatch("[0-9]{1,9}", folder.name) for folder in folders)
    labels = [int(folder.name) for folder in folders] if numbered else list(range(len(folders)))
    if len(set(labels)) < len(labels):
        raise DataError(f"{path}: two subfolders mean the same number, expected one per class")
    as_labels(np.array(labels), lambda row: str(folders[row]))
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
    names = None if numbered else tuple(folder.name for folder in folders)
    return np.array(images), np.array(classes, np.int64), names


def _as_mnist(path: Path) -> np.ndarray:
    """One image of a folder as (784,) uint8."""
    grey = read_grey(path)
    if grey.shape != (SIDE, SIDE):
        ink = centre(ink_on_paper(grey, path))
    else:
        ink = 1 - grey if np.median(border_of(grey)) > 0.5 else grey
    return np.rint(ink * 255).astype(np.uint8).ravel()
