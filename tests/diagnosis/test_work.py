"""What a diagnosis concludes rests on counted work: the same on every machine, in haste and beside other programs."""

import re
import sys
import threading
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from threadpoolctl import threadpool_info

import unstuck
from tests.diagnosis.examination.small_network import SmallNetwork
from tests.diagnosis.rules.small_program import Softmax, draw_images, make_case, softmax
from unstuck.diagnosis.examination.examination import WANT_OF_TIME
from unstuck.diagnosis.program import work
from unstuck.sandbox import clock
from unstuck.sandbox.call import guard

SOURCE = Path(unstuck.__file__).parent


def left_out(report) -> list[str]:
    return [entry.what for entry in report.unchecked if entry.missing == WANT_OF_TIME]


def test_only_the_clock_reads_the_time():
    reads = re.compile(r"^\s*(import|from) (time|datetime|timeit)\b", re.M)
    modules = [*(SOURCE / "diagnosis").rglob("*.py"), *(SOURCE / "sandbox").rglob("*.py")]
    readers = [path.name for path in modules if reads.search(path.read_text(encoding="utf-8"))]
    assert readers == ["clock.py"]


def test_the_page_about_work_says_what_is_allowed():
    page = (Path(__file__).parents[2] / "docs" / "work.md").read_text(encoding="utf-8")
    said = {name: float(seconds) for name, seconds in re.findall(r"(?m)^\| `(\w+)` \| ([\d.]+) \|", page)}
    allowed = {
        name: value / work.SECOND
        for name, value in vars(work).items()
        if name.isupper() and value >= 0.01 * work.SECOND and name != "SECOND"
    }
    assert said == pytest.approx(allowed)


# -- lines -------------------------------------------------------------------------------------------------------------


def looping(n):
    total = 0
    for i in range(n):
        total += i
    return total


def test_lines_are_counted_alike_each_time():
    counts = {guard(looping, 100, lines=10**6).lines for _ in range(3)}
    assert len(counts) == 1
    assert counts.pop() > 200


def test_a_call_that_has_run_its_lines_is_ended_at_the_same_place_each_time():
    seen = []

    def endless():
        while True:
            seen.append(1)

    lengths = []
    for _ in range(2):
        call = guard(endless, lines=500)
        lengths.append(len(seen))
        seen.clear()
        assert call.cut_short
        assert call.failed
        assert not call.timed_out
    assert lengths[0] == lengths[1] > 100


def test_counting_puts_the_trace_function_back():
    before = sys.gettrace()
    guard(looping, 10, lines=5)
    assert sys.gettrace() is before


# -- the budget --------------------------------------------------------------------------------------------------------


def test_a_spent_budget_is_said_and_nothing_is_called_healthy():
    assert unstuck.diagnose(make_case(), cures=False).verdict == "healthy"
    report = unstuck.diagnose(make_case(), budget=1e-6, cures=False)
    assert report.verdict == "inconclusive"
    assert "the forward pass" in left_out(report)


def test_rules_that_run_nothing_of_the_program_are_looked_at_whatever_the_budget():
    case = make_case()
    case.x_test, case.targets_test, case.labels_test = case.x[:100], case.targets[:100], case.labels[:100]
    report = unstuck.diagnose(case, budget=1e-6, cures=False)
    assert "D06" in {finding.rule.code for finding in report.findings}


def test_a_budget_ends_between_calls_and_the_work_that_was_begun_is_left_out(monkeypatch):
    steps = []

    def counting_guard(function, *arguments, **named):
        steps.extend([function] if function == case.step else [])
        return guard(function, *arguments, **named)

    case, clock_now = make_case(), clock.now
    monkeypatch.setattr("unstuck.diagnosis.program.program.guard", counting_guard)
    monkeypatch.setattr(clock, "now", lambda: clock_now() + (1e6 if len(steps) >= 5 else 0.0))
    report = unstuck.diagnose(case, budget=1e3, cures=False)
    assert len(steps) == 5
    assert report.verdict == "inconclusive"
    assert "the step" in left_out(report)
    assert "the forward pass" not in left_out(report)
    assert report.network["update"]["learning_rate"] is None


def test_a_proof_stays_a_finding_where_no_time_was_left_for_experiments(monkeypatch):
    def no_time(*arguments, **named):
        raise clock.OutOfBudget

    network = SmallNetwork(lambda gradients: [0.5 * gradient for gradient in gradients])
    whole = unstuck.diagnose(network.case(updates=400, batch_size=6), cures=False)
    monkeypatch.setattr("unstuck.diagnosis.diagnose.decide", no_time)
    report = unstuck.diagnose(network.case(updates=400, batch_size=6), cures=False)
    assert report.verdict == "faulty"
    assert "what matters" in left_out(report)
    proved = {finding.rule.code for finding in whole.findings if finding.grade == "proved"}
    assert "U01" in proved
    assert proved <= {finding.rule.code for finding in report.findings}
    assert not [note for note in report.notes if note.rule.setting]


# -- a late start ------------------------------------------------------------------------------------------------------


class LateStart:
    """Four layers of small weights: at chance for some 500 updates, perfect after 1,000."""

    def __init__(self, scale=0.05):
        images, labels = draw_images(900, 1)
        self.x, self.targets = images.reshape(-1, 64) / 255, np.eye(5)[labels]
        random, sizes = np.random.RandomState(0), (64, 20, 20, 20, 5)
        self.weights = [random.randn(a, b) * scale for a, b in pairwise(sizes)]
        self.biases = [np.zeros(b) for b in sizes[1:]]

    def activations(self, x):
        found = [x]
        for w, b in zip(self.weights, self.biases):
            z = found[-1] @ w + b
            found.append(softmax(z) if len(found) == 4 else np.maximum(z, 0))
        return found

    def step(self, x, targets):
        a = self.activations(x)
        delta = (a[-1] - targets) / len(x)
        for l in (3, 2, 1, 0):
            w, b = a[l].T @ delta, delta.sum(axis=0)
            delta = (delta @ self.weights[l].T) * (a[l] > 0)
            self.weights[l] -= 0.1 * w
            self.biases[l] -= 0.1 * b

    def case(self):
        return unstuck.Case(
            predict=lambda x: self.activations(x)[-1],
            x=self.x,
            targets=self.targets,
            parameters=lambda: [*self.weights, *self.biases],
            step=self.step,
            batch_size=20,
            updates=3000,
            learning_rate=0.1,
        )


@pytest.fixture
def short_runs(monkeypatch):
    """Runs of some 200 updates of that network, but for those as long as its own training."""
    monkeypatch.setattr(work, "ONE_RUN", 200 * work.of_update(2180, 4, 20))


def test_a_late_start_is_no_standstill(short_runs):
    assert unstuck.diagnose(LateStart().case(), cures=False).verdict == "healthy"


def test_a_network_that_never_starts_is_stuck(short_runs):
    report = unstuck.diagnose(LateStart(scale=0.01).case(), cures=False)
    assert "A06" in {finding.rule.code for finding in report.findings}


def test_a_training_too_long_to_be_run_to_its_end_is_no_accusation(short_runs, monkeypatch):
    monkeypatch.setattr(work, "AS_PLANNED", 210 * work.of_update(2180, 4, 20))
    report = unstuck.diagnose(LateStart().case(), cures=False)
    assert report.verdict == "inconclusive"
    assert not report.findings
    assert any("of the 3,000 updates planned" in entry.what for entry in report.unchecked)


# -- threads -----------------------------------------------------------------------------------------------------------


def test_the_program_runs_on_one_thread_and_pools_are_put_back():
    seen = set()

    class Watching(Softmax):
        def step(self, x, targets):
            seen.update(pool["num_threads"] for pool in threadpool_info())
            super().step(x, targets)

    before = threadpool_info()
    unstuck.diagnose(make_case(Watching), cures=False)
    assert seen <= {1}
    assert threadpool_info() == before


def test_a_diagnosis_in_another_thread_at_the_same_time_says_the_same():
    reports = []
    other = threading.Thread(target=lambda: reports.append(unstuck.diagnose(make_case(), cures=False)))
    other.start()
    reports.append(unstuck.diagnose(make_case(), cures=False))
    other.join()
    assert [report.verdict for report in reports] == ["healthy", "healthy"]
    assert not left_out(reports[0])


def test_too_few_updates_are_no_fault_of_a_program_that_states_none(short_runs):
    case = LateStart(scale=0.01).case()
    case.updates, case.batch_size = None, len(case.x)
    report = unstuck.diagnose(case, cures=False)
    assert "U09" not in {entry.rule.code for entry in report.findings}
