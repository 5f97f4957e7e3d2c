"""Paper in a photograph of it: what lies beside it, how light falls on it, and what is ink."""

import numpy as np

LEAST_PHOTO, SMALL = 60, 64  # pixels of the shorter side; what light and paper are looked at in
JUMP = 0.15  # of brightness within three pixels: an edge, no shadow


def without_surroundings(grey: np.ndarray) -> np.ndarray:
    """The image (height, width) without what lies beside the paper: a table, a shadow of the phone, a black frame.

    Row by row from each side, the median is that of the paper or of what lies beside it: a digit covers less than half
    of a row. Where it jumps near a side, and is farther from the middle of the image outside than inside, is an edge.
    """
    if min(grey.shape) < LEAST_PHOTO:
        return grey
    top, bottom = _edges(np.median(grey, axis=1))
    left, right = _edges(np.median(grey, axis=0))
    return grey[top : grey.shape[0] - bottom, left : grey.shape[1] - right]


def _edges(profile: np.ndarray) -> tuple[int, int]:
    """How much to cut off at the beginning and at the end of a profile of medians."""
    paper = float(np.median(profile))

    def cut(from_side: np.ndarray) -> int:
        deep = from_side[: len(from_side) // 4]
        jumps = np.abs(deep[3:] - deep[:-3]) > JUMP
        outside = np.abs(deep[:-3] - paper) > np.abs(deep[3:] - paper)
        unlike = np.minimum.accumulate(np.abs(deep - paper)) > JUMP / 2  # from the side on: no stroke within the paper
        found = np.flatnonzero(jumps & outside & unlike[:-3])
        return int(found[-1]) + 4 if len(found) else 0

    return cut(profile), cut(profile[::-1])


def contrast_with_paper(grey: np.ndarray) -> np.ndarray:
    """How far each pixel is from the paper, ink positive: the farther extreme is the ink."""
    if min(grey.shape) >= LEAST_PHOTO and deviation(border_of(grey)) > 0:
        if _is_dark(grey):
            paper = _bulk(grey)
            return _level((paper - grey) / np.maximum(paper, 0.05) * float(np.median(paper)))  # as in even light
        return _level(grey + _bulk(-grey))
    contrast: np.ndarray = grey - _paper(grey)
    return -contrast if -contrast.min() > contrast.max() else contrast


def _level(contrast: np.ndarray) -> np.ndarray:
    """Contrast with the paper at 0: closing follows the brightest grain."""
    return np.asarray(contrast - np.median(contrast), np.float32)


def _is_dark(grey: np.ndarray) -> bool:
    """Whether the ink is darker than the paper: than a surface of the second degree through most of the image."""
    small = _averaged(grey)
    y, x = (axis.ravel() / SMALL - 0.5 for axis in np.mgrid[: small.shape[0], : small.shape[1]])
    terms = np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=1)
    values, near = small.ravel(), np.ones(small.size, bool)
    for _ in range(5):
        rest = values - terms @ np.linalg.lstsq(terms[near], values[near], rcond=None)[0]
        near = np.abs(rest) <= 2 * np.median(np.abs(rest)) + 1e-6
    return bool(-np.quantile(rest, 0.01) > np.quantile(rest, 0.99))


def _averaged(grey: np.ndarray) -> np.ndarray:
    from PIL import Image

    rows, columns = (min(length, SMALL) for length in grey.shape)
    image = Image.fromarray(np.ascontiguousarray(grey, np.float32))
    return np.asarray(image.resize((columns, rows), Image.Resampling.BOX))


def _bulk(grey: np.ndarray) -> np.ndarray:
    """Bright paper under dark ink, by closing: whatever is darker and narrower than a fifth of the image is filled.

    Closing is the largest value around each pixel, then the smallest of those (Serra, "Image Analysis and Mathematical
    Morphology", 1982); on the image averaged down, as paper and light change slowly.
    """
    from PIL import Image

    small = _averaged(grey)
    half = max(1, round(0.11 * max(small.shape)))
    wide = np.pad(
        small, 2 * half, mode="reflect", reflect_type="odd"
    )  # light goes on falling outside as it does inside
    closed = -_largest_around(-_largest_around(wide, half), half)[2 * half : -2 * half, 2 * half : -2 * half]
    paper = Image.fromarray(np.ascontiguousarray(closed, np.float32))
    return np.asarray(paper.resize(grey.shape[::-1], Image.Resampling.BILINEAR))


def _largest_around(image: np.ndarray, half: int) -> np.ndarray:
    """The largest value in a square of 2 · half + 1 pixels around each; outside of the image is nothing."""
    for axis in (0, 1):
        width = [(half, half) if a == axis else (0, 0) for a in (0, 1)]
        padded = np.pad(image, width, constant_values=-np.inf)
        image = np.lib.stride_tricks.sliding_window_view(padded, 2 * half + 1, axis=axis).max(axis=-1)
    return image


def _paper(grey: np.ndarray) -> np.ndarray:
    """The brightness of the paper: the median of the border, or where light falls unevenly, a plane fitted to it."""
    border = border_of(grey)
    if deviation(border) == 0:
        return np.full_like(grey, np.median(border))
    y, x = np.mgrid[: grey.shape[0], : grey.shape[1]].astype(np.float32)
    plane = np.stack([border_of(np.ones_like(y)), border_of(y), border_of(x)], axis=1)  # (border pixels, 3)
    residual = np.abs(border - plane @ np.linalg.lstsq(plane, border, rcond=None)[0])
    near = residual <= 2 * np.median(residual)  # once more without what touches the border
    level, slope_y, slope_x = np.linalg.lstsq(plane[near], border[near], rcond=None)[0]
    return (level + slope_y * y + slope_x * x).astype(np.float32)


def border_of(image: np.ndarray) -> np.ndarray:
    """The outermost pixels, as one row."""
    return np.concatenate([image[0], image[-1], image[:, 0], image[:, -1]])


def deviation(values: np.ndarray) -> float:
    """Standard deviation, estimated by the median so that outliers do not count (Huber, "Robust Statistics", 1981)."""
    return 1.4826 * float(np.median(np.abs(values - np.median(values))))
