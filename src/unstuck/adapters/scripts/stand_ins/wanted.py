"""What a file of digits holds, by its name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Part = Literal["train", "test", "all"]
Content = Literal["images", "labels", "both"]
Form = Literal["idx", "csv", "npz", "npy", "pickle", "mat"]

FORMS: dict[str, Form] = {
    ".csv": "csv",
    ".txt": "csv",
    ".npz": "npz",
    ".npy": "npy",
    ".pkl": "pickle",
    ".pickle": "pickle",
    ".mat": "mat",
}
DIGITS = re.compile(r"mnist|digit|pixel|\b784\b|28\s*[*,x]\s*28|ubyte", re.IGNORECASE)
MADE_BY_SCRIPTS = re.compile(r"log|loss|result|weight|model|submission|history|output|predict|checkpoint|param")
EXERCISES = re.compile(r"^ex[34]data1\.mat$")  # of a well-known course: 5,000 digits of 20 x 20 pixels


@dataclass(frozen=True)
class Wanted:
    """A file that a script asks for: which part of the data, what of it, written how.

    packed  with gzip
    rows    how many examples the name promises (mnist_train_100.csv), or None
    table   of a CSV: "kaggle" (a header, `label` first; its test set without labels, its training set of 42,000 rows),
            "labelled" (the label first, no header, as MNIST is often passed around); of a MAT file: "exercise"
    """

    part: Part
    content: Content
    form: Form
    packed: bool = False
    rows: int | None = None
    table: str = ""


def recognise(path: str, program: str) -> Wanted | None:
    """What a file of this name would hold, for a program with this text; None for a file that is no file of digits.

    A name that says nothing of digits (train.csv, data.npz) counts if the program does.
    """
    name = re.split(r"[\\/]", path)[-1].lower()
    packed = name.endswith((".gz", ".gzip"))
    name = re.sub(r"\.(gz|gzip)$", "", name)
    part, content = _part(name), _content(name)
    if "ubyte" in name or re.search(r"\bidx[13]\b", name):
        return Wanted(
            "test" if part == "test" else "train", "labels" if content == "labels" else "images", "idx", packed
        )
    form = FORMS.get("." + name.rpartition(".")[2])
    if form is None or MADE_BY_SCRIPTS.search(name):
        return None
    if form == "mat" and EXERCISES.match(name):
        return Wanted("all", "both", "mat", table="exercise")
    by_name = DIGITS.search(path) is not None
    by_program = DIGITS.search(program) is not None and (part != "all" or content != "both")
    if not (by_name or by_program) or ((form in ("pickle", "mat") or name.endswith(".txt")) and not by_name):
        return None
    if form == "npy" and content == "both":
        return None
    if form != "csv":
        return Wanted(part, content, form, packed)
    kaggle = name in ("train.csv", "test.csv") or "digit-recognizer" in path
    number = re.search(r"_(\d{1,5})(?=\D*$)", name)
    rows = int(number[1]) if number and int(number[1]) else None
    return Wanted("train" if part == "all" else part, content, form, packed, rows, "kaggle" if kaggle else "labelled")


def _part(name: str) -> Part:
    if re.search(r"t10k|test|valid|eval", name):
        return "test"
    return "train" if "train" in name else "all"


def _content(name: str) -> Content:
    if re.search(r"label|target|idx1|(^|[_-])y([_.-]|train|test)|answers", name):
        return "labels"
    if re.search(r"image|img|idx3|pixel|(^|[_-])x([_.-]|train|test)|input", name):
        return "images"
    return "both"
