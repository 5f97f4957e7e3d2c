"""Files that are not there, written where the script can read them."""

from __future__ import annotations

import gzip
import os
import pickle
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np

from unstuck.adapters.scripts.manners.remarks import Remarks
from unstuck.adapters.scripts.stand_ins.digits import Digits
from unstuck.adapters.scripts.stand_ins.made_tables import table_of
from unstuck.adapters.scripts.stand_ins.wanted import MADE_BY_SCRIPTS, Wanted, recognise
from unstuck.adapters.scripts.stand_ins.words import KINDS, folders_of_texts, text_of, texts_by_kind
from unstuck.sandbox.origin import is_user_file

FOLDERS = re.compile(r"[\\/]")  # as any system writes them
ARRAYS = re.compile(r"frombuffer|fromfile|idx2numpy|loadtxt|genfromtxt|read_csv|\bload\(|fromstring|loadmat")
SKIPS_HEADER = re.compile(
    r"next\(|readline\(\)|skip_?(rows|header)|(lines|lines\(\)|list|rows|reader|file|records)\)?\[1:\]|DictReader|read_csv"
)


class Supply:
    """Stand-ins for one program.

    program  its text, for names that say too little
    digits   the data
    folder   where the files are written
    exists   whether the script would find a file of this name
    allowed  false with --no-stand-ins: nothing is given, but what was wanted is remembered

    `on_written` is called for each file, with whether the program takes it apart itself, number by number.
    """

    def __init__(
        self,
        program: str,
        digits: Digits,
        folder: Path,
        exists: Callable[[str], bool] = os.path.exists,
        allowed: bool = True,
    ) -> None:
        self.program = program
        self.digits = digits
        self.folder = folder
        self.exists = exists
        self.allowed = allowed
        self.on_written: Callable[[bool], None] = lambda slow: None
        self.given = Remarks()
        self.wanted = Remarks()

    def file(self, path: str) -> str | None:
        """The path of a file to be read in the place of one that does not exist; None if there is none to give."""
        own = self.digits.path
        if own is not None and own.is_file() and own.suffix.lower() == os.path.splitext(path)[1].lower() != "":
            return str(own) if self.give(path, f"it reads {path}, which is not there", f"given {own}") else None
        wanted = self.recognised(path)
        if wanted is None:
            return self._text(path)
        if wanted.form == "mat" and not _has_scipy():
            return None
        if not self.give(path, f"it reads {path}, which is not there"):
            return None
        return self._written(wanted, path)

    def _text(self, path: str) -> str | None:
        """The path of a made-up text or table in the place of one that does not exist; None for other files."""
        is_missing = not self.exists(path) and not MADE_BY_SCRIPTS.search(FOLDERS.split(path)[-1])
        is_missing = is_missing and is_user_file(path)  # installed packages look for files of their own
        text = (text_of(path, self.program) or table_of(path, self.program)) if is_missing else None
        if text is None or not self.give(path, f"it reads {path}, which is not there", text[1]):
            return None
        place = self.folder / f"{abs(hash(path))}-{FOLDERS.split(path)[-1]}"
        if not place.exists():
            self.folder.mkdir(parents=True, exist_ok=True)
            place.write_text(text[0], encoding="utf-8")
        return str(place)

    def fill_folders(self, put: Callable[[str, str], None]) -> None:
        """Made-up texts in the folders that the program lists and that do not exist, by `put(path, text)`."""
        for folder in folders_of_texts(self.program):
            missing = f"it lists the texts in {folder}, which is not there"
            if not self.exists(folder) and self.give(folder, missing, f"given made-up names of {len(KINDS)} kinds"):
                for name, text in texts_by_kind():
                    put(os.path.join(folder, name), text)

    def recognised(self, path: str) -> Wanted | None:
        """What the file of this name would hold, if it is one of digits and does not exist."""
        return None if self.exists(path) else recognise(path, self.program)

    def give(self, key: str, missing: str, instead: str = "") -> bool:
        """Whether a stand-in may be given; says in the report that it is, or remembers that it was wanted."""
        if self.allowed:
            part = "" if self.digits.share >= 1 else f"{self.digits.share:.0%} of "
            self.given.add(key, f"{missing}: {instead or f'given {part}{self.digits.name}'}")
        else:
            self.wanted.add(key, f"{missing}")
        return self.allowed

    def _written(self, wanted: Wanted, path: str) -> str:
        name = f"{abs(hash(wanted))}-{FOLDERS.split(path)[-1]}"
        place = self.folder / name
        if not place.exists():
            self.folder.mkdir(parents=True, exist_ok=True)
            part = self.folder / f"{name}.part"
            opened = partial(gzip.open, compresslevel=1 if wanted.form != "pickle" else 0) if wanted.packed else open
            with opened(part, "wb") as file:
                self._writers()[wanted.form](wanted, cast(BinaryIO, file))
            part.replace(place)
        self.on_written(ARRAYS.search(self.program) is None)
        return str(place)

    def _writers(self) -> dict[str, Callable[[Wanted, BinaryIO], None]]:
        return {
            "idx": self._write_idx,
            "csv": self._write_csv,
            "npz": self._write_npz,
            "npy": self._write_npy,
            "pickle": lambda wanted, file: pickle.dump(self.digits.pickled(), file, protocol=4),
            "mat": self._write_mat,
        }

    def _write_idx(self, wanted: Wanted, file: BinaryIO) -> None:
        labels = wanted.content == "labels"
        array = (self.digits.labels if labels else self.digits.squares)(wanted.part).astype(np.uint8)
        file.write(bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">i4").tobytes() + array.tobytes())

    def _write_csv(self, wanted: Wanted, file: BinaryIO) -> None:
        table = self.digits.table(wanted)
        if wanted.table == "kaggle" or SKIPS_HEADER.search(self.program):
            file.write(",".join(self.digits.columns(wanted)).encode() + b"\n")
        if table.dtype.kind == "f" or int(table.max()) > 255:
            np.savetxt(file, table, "%.9g", ",")
            return
        numbers = [str(value).encode() for value in range(256)]
        for row in table.astype(np.uint8):
            file.write(b",".join(map(numbers.__getitem__, row.tobytes())) + b"\n")

    def _write_npz(self, wanted: Wanted, file: BinaryIO) -> None:
        (x_train, y_train), (x_test, y_test) = self.digits.keras_pairs()
        np.savez(file, x_train=x_train, y_train=y_train, x_test=x_test, y_test=y_test)

    def _write_npy(self, wanted: Wanted, file: BinaryIO) -> None:
        labels = wanted.content == "labels"
        np.save(file, (self.digits.labels if labels else self.digits.images)(wanted.part))

    def _write_mat(self, wanted: Wanted, file: BinaryIO) -> None:
        from scipy.io import savemat

        savemat(file, self.digits.matlab(exercise=wanted.table == "exercise"))


def _has_scipy() -> bool:
    from importlib.util import find_spec

    return find_spec("scipy") is not None
