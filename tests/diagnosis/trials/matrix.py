"""Every fault in many architectures, pairs of faults, and healthy draws: what the diagnosis finds.

python -m tests.diagnosis.trials.matrix --faults --pairs 200 --healthy 500 --jobs 1 --only B01 --out matrix.json
"""

import argparse
import itertools
import json
import random
import sys
import time
import warnings
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field

from .architectures import ARCHITECTURES, variants
from .compare import pair_fits, shows
from .faults import FAULTS, Fault
from .healthy import draw_trial
from .setup import Setup
from .trial import Trial
from .wiring import WIRINGS
from .written import EDITS, PROGRAMS, WrittenTrial

COSTLY = 0.1  # of accuracy: then a note is not enough
SPREAD = 0.05  # of accuracies on so few test images
NOT_OF_TRAINING = ("D05", "D06", "D11", "E0", "L03", "F03")  # faults that leave what is learnt alone


@dataclass
class Row:
    """What one diagnosis said. `missed` counts faults not named at all; `asleep` those named only in the notes."""

    name: str
    expected: list[list[str]]
    verdict: str = ""
    findings: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    needed: list[bool] = field(default_factory=list)
    named: list[bool] = field(default_factory=list)
    asleep: list[bool] = field(default_factory=list)
    false: list[str] = field(default_factory=list)
    falsely_proved: list[str] = field(default_factory=list)
    mislocated: list[str] = field(default_factory=list)
    cost: float | None = None
    cured: tuple[str, float, float] | None = None  # changes, accuracy after them, accuracy of the right program
    seconds: float = 0.0
    error: str = ""

    @property
    def repaired(self) -> bool:
        """Whether the cure that was run reaches the right program, but for the spread of so small a test set."""
        return self.cured is not None and self.cured[1] >= self.cured[2] - SPREAD

    def complaints(self) -> list[str]:
        """What the diagnosis did wrong."""
        slots = zip(self.expected, self.needed, self.named, strict=True)
        missed = [" or ".join(slot) + " not named" for slot, needed, named in slots if needed and not named]
        if (self.cost or 0) >= COSTLY and any(self.needed) and not missed and all(self.asleep):
            missed = [f"only noted, although it costs {self.cost:.2f}"]
        silent = [] if self.expected or self.verdict != "faulty" else ["a healthy program called faulty"]
        false = [f"{code} is false" for code in self.false] + [f"{code} falsely proved" for code in self.falsely_proved]
        return missed + silent + false + self.mislocated + ([self.error] if self.error else [])

    def __str__(self) -> str:
        marks = "".join("." if n and not a else "~" if n else "X" for n, a in zip(self.named, self.asleep, strict=True))
        if self.complaints():
            marks += "!"
        cost = "" if self.cost is None else f"{self.cost:+.2f}"
        if self.cured is not None:
            cost += f" [{self.cured[0]}: {self.cured[1]:.2f} of {self.cured[2]:.2f}{'' if self.repaired else ' !!'}]"
        found = " ".join(self.findings) + (f" ({' '.join(self.notes)})" if self.notes else "")
        about = f"{marks or '.':3} {self.seconds:5.1f} s {cost:5} {self.verdict:12} {self.name}"
        return f"{about}: {found} {' '.join(self.mislocated)} {self.error}".rstrip()


def run(trial: Trial | WrittenTrial, budget: float = 30.0, cures: bool = False, cost: bool = True) -> Row:
    """Diagnoses one trial; an exception becomes the row's `error`."""
    import unstuck

    row = Row(trial.name, [sorted(slot) for slot in trial.slots])
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            case = trial.case()
            start = time.perf_counter()
            report = unstuck.diagnose(case, budget=budget, cures=cures)
            row.seconds = round(time.perf_counter() - start, 2)
            if trial.faults and cost:
                row.cost = round(trial.loss_of_accuracy(), 3)
            if trial.faults and cures:
                best = max(report.cures, key=lambda cure: cure.accuracy_after, default=None)
                changes, after = ("+".join(best.changes), best.accuracy_after) if best else ("nothing", 0.0)
                row.cured = (changes, round(after, 3), round(trial.right_accuracy(), 3))
    except Exception as problem:
        row.error = f"{type(problem).__name__}: {problem}"
        row.needed, row.named, row.asleep = ([value] * len(row.expected) for value in (True, False, True))
        return row
    document = report.to_dict()
    findings = [(each["code"], each["grade"]) for each in document["findings"]]
    notes = [(each["code"], each["grade"]) for each in document["notes"]]
    row.verdict = document["verdict"]
    row.findings, row.notes = [f"{c}:{g}" for c, g in findings], [f"{c}:{g}" for c, g in notes]
    row.needed = trial.needed
    row.named = [any(code in slot for code, _ in findings + notes) for slot in trial.slots]
    row.asleep = [not any(code in slot for code, _ in findings) for slot in trial.slots]
    row.false = [code for code, _ in findings if code not in trial.fair]
    proved = [code for code, grade in findings if grade == "proved" and code not in trial.fair]
    noted = [code for code, grade in notes if grade == "proved" and code not in trial.fair | trial.true_notes]
    row.falsely_proved = proved + noted
    if isinstance(trial, WrittenTrial):
        row.mislocated = trial.mislocated(document)
    return row


def fits(setup: Setup, fault: Fault) -> bool:
    return fault.fits(setup) and shows(setup, fault)


def fault_trials(only: str = "", least: int = 6) -> list[Trial]:
    """Every fault in every architecture it fits, and in variants of these where they are fewer than `least`."""
    trials = []
    for name, fault in FAULTS.items():
        if not name.startswith(only):
            continue
        fitting: list = [where for where, setup in ARCHITECTURES.items() if fits(setup, fault)]
        more = [other for where in fitting for other in variants(ARCHITECTURES[where]) if fits(other, fault)]
        trials += [Trial(where, (name,)) for where in fitting]
        trials += [
            Trial(setup, (name,), label=f"variant {i}") for i, setup in enumerate(more[: max(0, least - len(fitting))])
        ]
    return trials


def pair_trials(only: str = "", each: int = 2) -> list[Trial]:
    """Every compatible pair of faults of stages F, B and U in `each` architectures."""
    names = [name for name in FAULTS if name[0] in "FBU"]
    trials = []
    for first, second in itertools.combinations(names, 2):
        if not (first.startswith(only) or second.startswith(only)):
            continue
        wheres = list(ARCHITECTURES)
        random.Random(first + second).shuffle(wheres)
        fitting = (where for where in wheres if pair_fits(ARCHITECTURES[where], FAULTS[first], FAULTS[second]))
        trials += [Trial(where, (first, second)) for where in itertools.islice(fitting, each)]
    return trials


def wiring_trials() -> list[Trial]:
    """Some faults and a healthy program in every wiring."""
    planted = ((), ("B02 NoDerivative",), ("F05 LinearWithDerivativeKept",), ("B10 SignOfLastWeightsWrong",))
    return [Trial(where, faults, wiring) for where in ("nielsen", "adam") for faults in planted for wiring in WIRINGS]


def written_trials(only: str = "") -> list[WrittenTrial]:
    """Every mistake in the written programs, and these programs as they are."""
    mistakes = [WrittenTrial(edit.program, edit) for edit in EDITS if edit.named_by[0].startswith(only)]
    return mistakes + [WrittenTrial(program) for program in PROGRAMS]


def healthy_trials(count: int, start: int = 0) -> list[Trial]:
    return [draw_trial(seed) for seed in range(start, start + count)]


def cure_trials(count: int, seed: int = 0) -> list[Trial]:
    """So many single faults, drawn at random, that cost what the network learns."""
    trials = [trial for trial in fault_trials() if not trial.faults[0].startswith(NOT_OF_TRAINING)]
    random.Random(seed).shuffle(trials)
    costly = (trial for trial in trials if trial.loss_of_accuracy() >= COSTLY)
    return list(itertools.islice(costly, count))


def run_all(trials: list[Trial], title: str, jobs: int, budget: float, cost: bool, cures: bool = False) -> list[Row]:
    print(f"\n{title}: {len(trials)} trials", flush=True)
    rows = []
    arguments = (trials, *([value] * len(trials) for value in (budget, cures, cost)))
    pool = ProcessPoolExecutor(jobs) if jobs > 1 else None
    for row in pool.map(run, *arguments) if pool else map(run, *arguments):
        rows.append(row)
        print(row, flush=True)
    return rows


def totals(rows: list[Row], healthy: bool) -> dict:
    n = len(rows)
    sums = {
        "trials": n,
        "raised": sum(bool(row.error) for row in rows),
        "verdict_faulty": sum(row.verdict == "faulty" for row in rows),
        "with_false_finding": sum(bool(row.false) for row in rows),
        "with_false_proof": sum(bool(row.falsely_proved) for row in rows),
        "with_wrong_line": sum(bool(row.mislocated) for row in rows),
        "slowest": max((row.seconds for row in rows), default=0),
        "mean_seconds": round(sum(row.seconds for row in rows) / max(n, 1), 2),
    }
    if not healthy:
        sums["all_named"] = sum(all(named for named, needed in zip(row.named, row.needed) if needed) for row in rows)
        sums["nothing_to_complain_of"] = sum(not row.complaints() for row in rows)
        sums["repaired"] = sum(row.repaired for row in rows)
        sums["harmless_but_faulty"] = sum(row.verdict == "faulty" and (row.cost or 0) < 0 for row in rows)
    return sums


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--faults", action="store_true", help="every fault in at least six architectures")
    parser.add_argument("--pairs", type=int, nargs="?", const=10**9, default=0, help="so many pairs, or all")
    parser.add_argument("--wirings", action="store_true", help="a few faults in every wiring")
    parser.add_argument("--written", action="store_true", help="mistakes in whole programs, with their lines")
    parser.add_argument("--cures", type=int, default=0, help="so many single faults, with the search for a cure")
    parser.add_argument("--healthy", type=int, default=0, help="so many healthy draws")
    parser.add_argument("--start", type=int, default=0, help="the first seed of the healthy draws")
    parser.add_argument("--sample", type=int, default=0, help="only so many of the fault trials, drawn at random")
    parser.add_argument("--only", default="", help="faults whose name starts so, such as B or B01")
    parser.add_argument("--no-cost", action="store_true", help="do not train to measure what a fault costs")
    parser.add_argument("--budget", type=float, default=30.0)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--out", default="", help="a JSON file for all rows and totals")
    options = parser.parse_args(arguments)

    sets: dict[str, list] = {}
    if options.faults:
        sets["faults"] = fault_trials(options.only)
        if options.sample:
            sets["faults"] = random.Random(0).sample(sets["faults"], min(options.sample, len(sets["faults"])))
    if options.pairs:
        pairs = pair_trials(options.only)
        sets["pairs"] = random.Random(0).sample(pairs, min(options.pairs, len(pairs)))
    if options.wirings:
        sets["wirings"] = wiring_trials()
    if options.written:
        sets["written"] = written_trials(options.only)
    if options.cures:
        sets["cures"] = cure_trials(options.cures)
    if options.healthy:
        sets["healthy"] = healthy_trials(options.healthy, options.start)
    document = {}
    for title, trials in sets.items():
        rows = run_all(trials, title, options.jobs, options.budget, not options.no_cost, title == "cures")
        summary = totals(rows, title == "healthy")
        document[title] = {"totals": summary, "rows": [asdict(row) for row in rows]}
        print(json.dumps(summary, indent=1), flush=True)
    if options.out:
        with open(options.out, "w") as file:
            json.dump(document, file, indent=1)
    return 0


if __name__ == "__main__":
    sys.exit(main())
