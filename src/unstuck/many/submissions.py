"""Which programs lie in folders, and what each of them may read."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from unstuck.errors import CaseError

PROGRAMS = (".py", ".ipynb")
NOT_OURS = ("__pycache__", "node_modules", "site-packages")


@dataclass(frozen=True)
class Submission:
    """One program among many.

    name   what it is called in the results: its path below the folder that was given, or as it was typed
    path   where it lies, as one would type it here
    reads  absolute paths of files and folders that it may read: its own folder, or what lies beside it
    """

    name: str
    path: str
    reads: tuple[str, ...] = ()

    @property
    def is_link(self) -> bool:
        """Whether it was found as a symbolic link: in a folder of other people's these lead anywhere."""
        return not self.reads


def find_submissions(paths: Iterable[Path], leave_out: Path | None = None) -> list[Submission]:
    """All scripts and notebooks among files and in folders, in the order of their names, each once.

    What lies in a folder of its own below a given folder may read that folder; what lies in the given folder itself,
    or was named, may read all beside it that is no program of this run. `leave_out` is a folder that is not looked
    into. Raises CaseError where a path is not there, or there is no program at all.
    """
    given = list(paths)
    hidden = None if leave_out is None else os.path.abspath(leave_out)
    found: dict[str, tuple[str, str, str | None]] = {}  # absolute path -> name, path, its own folder
    for path in given:
        if not path.exists() and not path.is_symlink():
            raise CaseError(f"{path}: no such file or folder")
        if path.is_dir():
            for inside in sorted(_programs(path, hidden)):
                relative = inside.relative_to(path)
                own = os.path.abspath(path / relative.parts[0]) if len(relative.parts) > 1 else None
                found.setdefault(os.path.abspath(inside), (_printable(relative.as_posix()), str(inside), own))
        else:
            found.setdefault(os.path.abspath(path), (_printable(str(path)), str(path), None))
    if not found:
        raise CaseError(f"{', '.join(map(str, given))}: no script (.py) and no notebook (.ipynb) in there")
    named = {os.path.abspath(path) for path in given}
    beside: dict[str, tuple[str, ...]] = {}
    submissions = []
    for place, (name, path_, own) in found.items():
        folder = os.path.dirname(place)
        if own is None and folder not in beside:
            beside[folder] = _no_programs(folder, set(found), hidden)
        reads = (place, *beside[folder]) if own is None else (own,)
        followed = place in named or not os.path.islink(place)
        submissions.append(Submission(name, path_, reads if followed else ()))
    return sorted(submissions, key=lambda submission: submission.name)


def _programs(folder: Path, hidden: str | None) -> Iterator[Path]:
    """Files and links named like programs; folders named so, and those that cannot be looked into, too."""
    locked: list[Path] = []
    for here, folders, files in os.walk(folder, onerror=lambda error: locked.append(Path(error.filename))):
        yield from (Path(here, name) for name in (*files, *folders) if name.lower().endswith(PROGRAMS))
        folders[:] = [
            name
            for name in folders
            if not name.startswith(".")
            and name not in NOT_OURS
            and not os.path.exists(os.path.join(here, name, "pyvenv.cfg"))
            and os.path.abspath(os.path.join(here, name)) != hidden
        ]
    yield from locked


def _no_programs(folder: str, programs: set[str], hidden: str | None) -> tuple[str, ...]:
    """What lies in a folder and is none of these programs, holds none of them, and leads nowhere else."""
    beside = (entry for entry in os.scandir(folder or ".") if not entry.is_symlink())
    places = sorted(os.path.abspath(entry.path) for entry in beside)
    return tuple(
        place
        for place in places
        if place not in programs
        and place != hidden
        and not os.path.basename(place).startswith(".")
        and not any(program.startswith(place + os.sep) for program in programs)
    )


def _printable(name: str) -> str:
    """A name as text; bytes that are none are spelled out."""
    return name.encode("utf-8", "backslashreplace").decode()
