"""Holds the proof by derivative against mutants of right programs: python -m tests.autodiff.bench [N] [NAME …]

For each program under tests/programs/backward N mutants of its backward lines are run. Counted are those that run and
whose first two updates differ from the right program's by more than one common scale.
"""

import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tests.autodiff.mutants import Mutant, mutants
from tests.autodiff.watching import Watched, step_at, watched
from unstuck.autodiff.location import Departure, locate
from unstuck.autodiff.proof import Proof, prove

PROGRAMS = Path(__file__).parent.parent / "programs" / "backward"
SAME = 1e-6


@dataclass(frozen=True)
class Result:
    """What came of one mutant."""

    program: str
    mutant: Mutant
    outcome: str  # "invalid", "only a scale", "missed" or "detected"
    place: Departure | None = None

    @property
    def distance(self) -> int | None:
        """Lines between the mutated line and the one that is named."""
        if self.place is None or self.place.site is None:
            return None
        lines = [self.place.site.line, *[site.line for site in self.place.stack[-1:]]]
        return abs(lines[0] - self.mutant.line)


def changes(seen: Watched, update: int) -> dict[tuple[int, int], np.ndarray] | None:
    """What the update did, by the place where each parameter was made."""
    found = {}
    for chain in seen.chains:
        if chain.updates <= update:
            return None
        site = chain.root.site
        key = (chain.root.number, site.line if site else 0)
        after, before = (np.asarray(chain.versions[u].value, float) for u in (update + 1, update))
        if after.shape != before.shape:
            return None
        found[key] = after - before
    return found


def differs(right: Watched, other: Watched) -> bool | None:
    """Whether updates differ beyond one common scale; None where they cannot be compared."""
    for update in (0, 1):
        a, b = changes(right, update), changes(other, update)
        if a is None or b is None:
            return None
        if set(a) - set(b):
            return True
        left = np.concatenate([a[key].reshape(-1) for key in a])
        mine = np.concatenate([b[key].reshape(-1) for key in a])
        if not np.isfinite(mine).all():
            return None
        scale = float(left @ mine) / float(left @ left)
        if np.linalg.norm(mine - scale * left) > SAME * max(np.linalg.norm(mine), 1e-300):
            return True
        if abs(scale - 1) > 1e-9:
            return False
    return False


def proofs(seen: Watched) -> Iterator[Proof]:
    """The verdicts on the first two updates."""
    steps = [step_at(seen, update) for update in (0, 1)]
    return (prove(step) for step in steps if step is not None)


def examine(program: Path, mutant: Mutant, right: Watched) -> Result:
    """Run one mutant and look whether and where it is found."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / program.name
        path.write_text(mutant.text)
        return _examined(program, path, mutant, right)


def _examined(program: Path, path: Path, mutant: Mutant, right: Watched) -> Result:
    seen = watched(path, seconds=20)
    if seen.error is not None or not seen.chains:
        return Result(program.stem, mutant, "invalid")
    beyond = differs(right, seen)
    if beyond is None:
        return Result(program.stem, mutant, "invalid")
    wrong = next((proof for proof in proofs(seen) if proof.wrong), None)
    if not beyond:
        return Result(program.stem, mutant, "only a scale, alarmed" if wrong else "only a scale")
    if not wrong:
        return Result(program.stem, mutant, "missed")
    places = locate(wrong)
    return Result(program.stem, mutant, "detected", places[0] if places else None)


def main() -> None:
    """Print one line for each mutant that was not exactly located, and a table."""
    most = int(sys.argv[1]) if len(sys.argv) > 1 else 16
    names = sys.argv[2:]
    everything: list[Result] = []
    for program in sorted(PROGRAMS.glob("*.py")):
        if names and not any(name in program.stem for name in names):
            continue
        began, right = time.perf_counter(), watched(program)
        results = [examine(program, mutant, right) for mutant in mutants(program.read_text(), most)]
        everything += results
        for one in results:
            if one.outcome in ("missed", "only a scale, alarmed") or (one.outcome == "detected" and one.distance != 0):
                print(_line(one), flush=True)
        print(f"{program.stem:28} {_counts(results)} {time.perf_counter() - began:.0f} s", flush=True)
    print("all", _counts(everything))


def _line(one: Result) -> str:
    place = one.place.site if one.place else None
    named = f"line {place.line}: {place.text[:60]} ({one.place.kind})" if place and one.place else "nowhere"
    return (
        f"   {one.program} {one.outcome}: line {one.mutant.line} {one.mutant.kind}: {one.mutant.before} -> "
        f"{one.mutant.after} | named {named}"
    )


def _counts(results: list[Result]) -> str:
    outcomes = Counter(one.outcome for one in results)
    detected = [one for one in results if one.outcome == "detected"]
    exact = sum(one.distance == 0 for one in detected)
    near = sum(one.distance is not None and one.distance <= 3 for one in detected)
    counted = len(detected) + outcomes["missed"]
    return (
        f"mutants {counted:4} detected {len(detected):4} exact {exact:4} near {near:4} | invalid {outcomes['invalid']} "
        f"only a scale {outcomes['only a scale']} alarmed {outcomes['only a scale, alarmed']}"
    )


if __name__ == "__main__":
    main()
