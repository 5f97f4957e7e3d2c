"""One function for every format: `read_data` looks at what is at a path and reads it."""

import os
from pathlib import Path

import numpy as np

from unstuck.data.class_names import renumbered
from unstuck.data.dataset import Dataset
from unstuck.data.files import open_file, open_unpacked
from unstuck.data.idx import read_idx
from unstuck.data.image_folder import SUFFIXES, read_image_folder
from unstuck.data.npz import read_npz
from unstuck.data.ranges import as_labels, as_pixels
from unstuck.data.table import read_table
from unstuck.errors import DataError

IDX_NAMES = {  # with a dash, as published, or with a dot, as some archives unpack
    "images_train": ("train-images-idx3-ubyte", "train-images.idx3-ubyte"),
    "y_train": ("train-labels-idx1-ubyte", "train-labels.idx1-ubyte"),
    "images_test": ("t10k-images-idx3-ubyte", "t10k-images.idx3-ubyte"),
    "y_test": ("t10k-labels-idx1-ubyte", "t10k-labels.idx1-ubyte"),
}
EXPECTED = "a folder of MNIST's four IDX files, of train.csv and test.csv, or of one subfolder of images per class"
PICKLE = """\
a pickle, which can run any program when it is read, so unstuck does not; if you trust it, convert it once: \
python -c "import gzip, pickle, numpy as np; (a, b), (c, d), (e, f) = pickle.load(gzip.open('mnist.pkl.gz'), \
encoding='latin1'); np.savez('mnist.npz', x_train=np.r_[a, c], y_train=np.r_[b, d], x_test=e, y_test=f)\""""


def read_data(path: str | os.PathLike[str]) -> Dataset:
    """Read a data set of labelled images.

    A file is told by its first bytes:

    - .csv (also packed with gzip): a label and the pixels in each row, with or without a header, see `read_table`;
    - .npz: arrays x_train, y_train, x_test, y_test or images, labels, or others of the usual names, see `read_npz`;
    - a pickle (mnist.pkl.gz) is refused, with the command that converts it.

    A folder is told by what it holds:

    - MNIST's four IDX files, plain or .gz, train-images-idx3-ubyte or train-images.idx3-ubyte, and so on;
    - train.csv and perhaps test.csv, as Kaggle hands them out;
    - one subfolder of PNG or JPEG images per class, see `read_image_folder`; or subfolders train and test of such.

    If there is only one pair of images and labels, it is the training part and the test part has no rows. Images
    without labels (Kaggle's test.csv) become the test part, with an empty y_test.

    Raises DataError, one sentence that names the file and the place in it, whatever is wrong.
    """
    if not os.fspath(path):
        raise DataError("the name of the data is empty, expected a file or a folder")
    path = Path(path)
    try:
        if path.is_dir():
            return _read_folder(path)
        return _read_file(path)
    except OSError as error:  # of listing folders; opening files has its own
        raise DataError(f"{error.filename or path}: cannot be read: {error.strerror or error}") from None


def _read_file(path: Path) -> Dataset:
    with open_file(path) as file:
        outer = file.read(8)
    if outer.startswith((b"PK\3\4", b"PK\5\6")):
        return _read_npz(path)
    with open_unpacked(path) as file:
        begin = file.read(8)
    if begin[:1] == b"\x80" or {".pkl", ".pickle"} & {suffix.lower() for suffix in path.suffixes}:
        raise DataError(f"{path}: {PICKLE}")
    if begin.startswith((b"\x89PNG", b"\xff\xd8\xff")):
        raise DataError(f"{path}: a single image, which has no label; expected {EXPECTED}, a .csv or an .npz file")
    if begin.startswith(b"\0\0"):
        raise DataError(f"{path}: a single IDX file; expected the folder that holds images and labels")
    if path.suffix.lower() == ".npz":
        raise DataError(f"{path}, byte 0: named .npz, but does not begin with the zip magic 50 4b 03 04")
    images, labels, names = read_table(path)
    if labels is None:
        return _dataset(path, None, None, images, np.empty(0))
    return _dataset(path, images, labels, class_names=names)


def _read_folder(path: Path) -> Dataset:
    names = set(os.listdir(path))
    if any(name.removesuffix(".gz") in known for known in IDX_NAMES.values() for name in names):
        return _read_idx_folder(path, names)
    if "train.csv" in names:
        images, labels, classes = read_table(path / "train.csv")
        if labels is None:
            raise DataError(f"{path / 'train.csv'}, line 1: no column of labels, expected one named label")
        if "test.csv" not in names:
            return _dataset(path, images, labels, class_names=classes)
        images_test, y_test, classes_test = read_table(path / "test.csv")
        if y_test is None:
            return _dataset(path, images, labels, images_test, np.empty(0), classes)
        y_test = renumbered(y_test, classes_test, classes, str(path / "test.csv"))
        return _dataset(path, images, labels, images_test, y_test, classes)
    folders = {name for name in names if (path / name).is_dir() and not name.startswith(".")}
    if folders == {"train", "test"}:
        images, labels, classes = read_image_folder(path / "train")
        images_test, y_test, classes_test = read_image_folder(path / "test")
        y_test = renumbered(y_test, classes_test, classes, str(path / "test"))
        if strange := sorted(set(y_test.tolist()) - set(labels.tolist())):
            expected = ", ".join(map(str, sorted(set(labels.tolist()))))
            raise DataError(f"{path / 'test'}: classes {', '.join(map(str, strange))}, expected {expected}")
        return _dataset(path, images, labels, images_test, y_test, classes)
    if folders:
        images, labels, classes = read_image_folder(path)
        return _dataset(path, images, labels, class_names=classes)
    if any(Path(name).suffix.lower() in SUFFIXES for name in names):
        raise DataError(f"{path}: images without labels; expected one subfolder per class")
    raise DataError(f"{path}: {'nothing known in this folder' if names else 'an empty folder'}; expected {EXPECTED}")


def _read_idx_folder(path: Path, names: set[str]) -> Dataset:
    arrays = {}
    for part, known in IDX_NAMES.items():
        for name in (name + suffix for name in known for suffix in ("", ".gz")):
            if name in names:
                arrays[part] = _read_idx_part(path / name, part)
                break
    parts: list[np.ndarray | None] = []
    for part in ("train", "test"):
        images, labels = arrays.get(f"images_{part}"), arrays.get(f"y_{part}")
        if (images is None) != (labels is None):
            missing = IDX_NAMES[f"y_{part}" if labels is None else f"images_{part}"][0]
            raise DataError(f"{path}: {missing} is missing, expected images and labels")
        if images is not None and labels is not None and len(images) != len(labels):
            raise DataError(f"{path}: {len(images)} {part} images, but {len(labels)} {part} labels; expected as many")
        parts += [images, labels]
    return _dataset(path, parts[0], parts[1], parts[2], parts[3])


def _read_idx_part(path: Path, part: str) -> np.ndarray:
    array = read_idx(path)
    n_dimensions = 3 if part.startswith("images") else 1
    if array.ndim != n_dimensions:
        raise DataError(f"{path}, byte 3: {array.ndim} dimensions declared, expected {n_dimensions} for {part}")
    if array.dtype != np.uint8:
        raise DataError(f"{path}, byte 2: elements of type {array.dtype} declared, expected unsigned bytes")
    if part.startswith("images"):
        return array
    return as_labels(array, lambda row: f"{path}, byte {8 + row}")


def _read_npz(path: Path) -> Dataset:
    arrays = read_npz(path)
    paired = "images" in arrays or "labels" in arrays
    if paired and set(arrays) != {"images", "labels"}:
        raise DataError(
            f"{path}: holds {', '.join(arrays)}; expected images and labels, or x_train, y_train, and so on"
        )
    if paired:
        arrays = {"images_train": arrays["images"], "y_train": arrays["labels"]}
    parts: list[np.ndarray | None] = []
    for part in ("train", "test"):
        images, labels = arrays.get(f"images_{part}"), arrays.get(f"y_{part}")
        if (images is None) != (labels is None):
            raise DataError(f"{path}: {part} images and {part} labels come in pairs, but one of them is missing")
        if images is not None and labels is not None:
            images, labels = _checked_pair(images, labels, f"{path}, {part}")
        parts += [images, labels]
    return _dataset(path, parts[0], parts[1], parts[2], parts[3])


def _checked_pair(images: np.ndarray, labels: np.ndarray, place: str) -> tuple[np.ndarray, np.ndarray]:
    """Images (n, height, width), perhaps with a last axis of one channel, or (n, n_pixels); labels (n,) or (n, 1)."""
    if images.ndim == 4 and images.shape[3] == 1:
        images = images[..., 0]
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if images.ndim not in (2, 3) or 0 in images.shape:
        raise DataError(f"{place} images: shape {images.shape}, expected (n, height, width) or (n, n_pixels)")
    if labels.ndim != 1 or len(labels) != len(images):
        raise DataError(f"{place} labels: shape {labels.shape}, expected ({len(images)},), one per image")
    pixels = as_pixels(
        images.reshape(len(images), -1), lambda row, column: f"{place} images, image {row}, pixel {column}"
    )
    return pixels.reshape(images.shape), as_labels(labels, lambda row: f"{place} labels, index {row}")


def _dataset(
    path: Path,
    images_train: np.ndarray | None,
    y_train: np.ndarray | None,
    images_test: np.ndarray | None = None,
    y_test: np.ndarray | None = None,
    class_names: tuple[str, ...] | None = None,
) -> Dataset:
    """A Dataset of these parts, of which one may be missing; images may be (n, height, width) or rows."""
    either = images_train if images_train is not None else images_test
    if either is None:
        raise DataError(f"{path}: no images")
    shape = either.shape[1:]
    for images in (images_train, images_test):
        if images is not None and images.shape[1:] != shape:
            raise DataError(f"{path}: training images of shape {shape}, but test images of {images.shape[1:]}")
    if y_train is not None and y_test is not None and len(y_test):
        n_classes = len(class_names) if class_names else max(10, int(y_train.max()) + 1)
        y_test = as_labels(y_test, lambda row: f"{path}, test example {row}", n_classes)
    none = np.empty((0, *shape), either.dtype)
    rows = [none if images is None else images for images in (images_train, images_test)]
    train, test = (images.reshape(len(images), int(np.prod(shape))) for images in rows)
    no_labels = np.empty(0, np.int64)
    return Dataset(
        train,
        no_labels if y_train is None else y_train,
        test,
        no_labels if y_test is None else y_test,
        name=path.name,
        image_shape=(int(shape[0]), int(shape[1])) if len(shape) == 2 else None,
        class_names=class_names,
    )
