"""How many of the written programs get the right verdict: python -m tests.programs.wired.bench [NAME…]"""

import importlib.util
import inspect
import sys
import tempfile
import time
import warnings
from pathlib import Path

import unstuck
from tests.diagnosis.trials.digits import load_digits
from tests.programs.wired import cases, fifth_cases, fourth_cases, further_cases, sixth_cases, third_cases
from tests.programs.wired.cases import Written
from unstuck.diagnosis.report.report import Report

SETS = (cases, further_cases, third_cases, fourth_cases, fifth_cases, sixth_cases)
PROGRAMS = Path(__file__).parent / "programs"


def case_of(written: Written, folder: Path, seed: int = 0) -> unstuck.Case:
    """The program with the words put in, loaded from a file of its own."""
    text = (PROGRAMS / f"{written.program}.py").read_text(encoding="utf-8")
    for old, new in ((written.old, written.new), *written.more):
        if text.count(old) != 1:
            raise ValueError(f"{old!r} occurs {text.count(old)} times in {written.program}.py")
        text = text.replace(old, new)
    file = folder / f"{written.program}.py"
    file.write_text(text, encoding="utf-8")
    spec = importlib.util.spec_from_file_location(f"wired_{written.program}", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    has_own_data = list(inspect.signature(module.wire).parameters) == ["seed"]
    data = () if has_own_data else load_digits(49)
    return unstuck.Case(**module.wire(*data, seed), build=lambda seed: case_of(written, folder, seed))


def complaints(written: Written, report: Report) -> list[str]:
    """What is wrong with a report: the cause not first, a false finding, a healthy program accused."""
    found = [finding.rule.code for finding in report.findings]
    if not written.named_by:
        proofs = [note.rule.code for note in report.notes if note.grade == "proved" and note.rule.code[0] in "BFLU"]
        return [f"{code} is false" for code in found] + [f"{code} is falsely proved" for code in proofs]
    if written.harmless:
        found = [note.rule.code for note in report.notes] if not found else found
    missed = [] if found and found[0] in written.named_by else [f"{' or '.join(written.named_by)} is not first"]
    return missed + [f"{code} is false" for code in found if code not in written.named_by + written.also]


def main() -> int:
    """Prints a line for each program, and the shares."""
    warnings.simplefilter("ignore")
    wanted = sys.argv[1:]
    faulty = [written for one in SETS for written in one.FAULTY]
    healthy = [written for one in SETS for written in one.HEALTHY]
    for title, programs in (("faulty", faulty), ("healthy", healthy)):
        right = total = 0
        for written in programs:
            if wanted and not any(word in f"{written.program}: {written.name}" for word in wanted):
                continue
            started = time.perf_counter()
            with tempfile.TemporaryDirectory() as folder:
                report = unstuck.diagnose(case_of(written, Path(folder)), cures=False, budget=300.0)
            wrong = complaints(written, report)
            total, right = total + 1, right + (not wrong)
            codes = " ".join(f"{f.rule.code}:{f.grade}" for f in report.findings)
            notes = " ".join(f"{f.rule.code}:{f.grade}" for f in report.notes)
            print(
                f"{'!' if wrong else '.'} {time.perf_counter() - started:4.1f} s {written.program}: {written.name}: "
                f"{report.verdict} {codes} ({notes}) {'; '.join(wrong)}",
                flush=True,
            )
        print(f"{right} of {total} {title} programs right")
    return 0


if __name__ == "__main__":
    sys.exit(main())
