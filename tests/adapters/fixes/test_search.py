"""Changes compose, hide nothing, and are no more than what is needed; printed accuracies have the last word."""

import pytest

from tests.adapters.fixes.test_fix import report
from unstuck.adapters.fixes import trials
from unstuck.adapters.fixes.printed import accuracies, is_worse
from unstuck.adapters.fixes.search import find_fix
from unstuck.adapters.scripts.running.job import Answer, Job

RATED = "d = (e @ W.T) * a\nlr = 0.1\nW -= lr * d\n"
DECAYED = "net.fit(x, decay=1.0)\nd = (e @ W.T) * a\n"
TWO = "g = np.average(d)\nh = np.average(e)\n"


def departures(*lines):
    """A report of gradients that depart at these lines."""
    one = report("faulty" if lines else "healthy", *["B14"] * len(lines))
    for finding, line in zip(one["findings"], lines, strict=True):
        finding["location"]["line"] = line
    return one


def test_findings_of_one_code_are_put_right_each_on_its_line():
    def diagnose(text, cures):
        return departures(*(n for n, line in enumerate(text.splitlines(), start=1) if "average" in line))

    fix = find_fix(TWO, departures(1, 2), diagnose)
    assert fix.verified
    assert fix.text == TWO.replace("average", "sum")
    assert fix.codes == {1: ("B14",), 2: ("B14",)}


def test_a_fault_that_was_hidden_is_put_right_after_the_first():
    broken = "a = np.exp(z) / np.sum(np.exp(z))\nd = (e @ W.T) * a\n"

    def diagnose(text, cures):
        if "axis" not in text:
            return report("faulty", "F01", line=1)
        return report("faulty", "B01", line=2) if "(1 - a)" not in text else report("healthy")

    fix = find_fix(broken, report("faulty", "F01", line=1), diagnose)
    assert fix.verified
    assert set(fix.codes) == {1, 2}


def test_a_change_that_moves_a_departure_is_not_taken_for_one_that_ends_it():
    """The first proposal makes the gradient depart elsewhere; the second is right."""
    text = "h = f(e)\ng = np.average(d).reshape(n, m)\n"
    right = text.replace("(d).", "(d).transpose(1, 2, 0).")

    def diagnose(changed, cures):
        if changed == right:
            return departures()
        return departures(2) if changed == text else departures(1)

    start = departures(2)
    start["findings"][0]["location"]["column"] = 5
    fix = find_fix(text, start, diagnose)
    assert fix.verified
    assert fix.text == right


def test_gradients_that_hide_each_other_are_put_right_together():
    text = "h = np.average(e)\ng = d.flatten()\n"
    right = text.replace("average", "sum").replace("d.", "d.transpose(1, 2, 0).")

    def diagnose(changed, cures):
        return departures() if changed == right else departures(7)

    start = departures(1, 2)
    for finding in start["findings"]:
        finding["location"]["column"] = 5
    fix = find_fix(text, start, diagnose)
    assert fix.verified
    assert fix.text == right


def settings(verdict, *codes, line=1):
    """A report whose findings are measured."""
    one = report(verdict, *codes, line=line)
    for finding in one["findings"]:
        finding["grade"] = "measured"
    return one


def decayed():
    """The report of DECAYED: a proved fault, and a setting."""
    one = report("faulty", "B01", line=2)
    one["findings"] += settings("faulty", "U10", line=1)["findings"]
    return one


def test_a_change_that_is_not_needed_is_left_out():
    def diagnose(text, cures):
        return report("healthy") if "(1 - a)" in text else settings("faulty", "U10")

    fix = find_fix(DECAYED, decayed(), diagnose)
    assert fix.text == "net.fit(x, decay=1.0)\nd = (e @ W.T) * a * (1 - a)\n"
    assert fix.codes == {2: ("B01",)}


def test_what_the_diagnosis_says_without_a_setting_is_told():
    def diagnose(text, cures):
        if "(1 - a)" in text and "decay=0" in text:
            return report("healthy")
        return report("faulty", "B01", line=2) if "decay=0" in text else settings("faulty", "U10")

    fix = find_fix(DECAYED, decayed(), diagnose)
    assert fix.verified
    assert fix.without == {"U10": {"verdict": "faulty", "findings": ["U10"], "accuracy": None, "printed": None}}


def test_a_setting_that_is_still_complained_of_gets_its_next_value():
    """Each copy is run once, without the search for cures."""
    runs = []

    def diagnose(text, cures):
        runs.append((text.split()[2], cures))
        return report("healthy") if text.startswith("lr = 0.1\n") else settings("faulty", "U08")

    fix = find_fix("lr = 0.001\nW -= lr * g\n", settings("faulty", "U08", line=2), diagnose)
    assert fix.verified
    assert fix.text == "lr = 0.1\nW -= lr * g\n"
    assert runs == [("0.01", False), ("0.1", False)]


def test_the_other_sign_turned_is_not_taken_for_what_was_hidden():
    text = "V += 0.1 * g\nW -= 0.1 * h\n"

    def diagnose(changed, cures):
        signs = changed[2], changed[15]
        return {("+", "+"): report("healthy"), ("-", "-"): report("faulty", "U01")}.get(signs, report("faulty", "B10"))

    start = report("faulty", "B10")
    start["reading"] = {"parameters": [{"updated_at": line, "line": 1, "shape": [2, 3]} for line in (1, 2)]}
    assert find_fix(text, start, diagnose).text == text.replace("-", "+")


def test_a_consequence_of_another_fault_is_left_alone():
    start = report("faulty", "B01", "U13", line=1)
    fix = find_fix(RATED, start, lambda text, cures: report("healthy"))
    assert fix.text == RATED.replace("* a", "* a * (1 - a)")


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (["epoch 3/10", "Epoch 4: 9500 / 10000"], [0.95]),
        (["test accuracy 0.85", "acc: 91.5 %", "Accuracy of training data: 12.0%"], [0.85, 0.915, 0.12]),
        (["loss 0.3", "step 4 of 10", "[0.1 0.2]"], []),
        (["loss 0.3 acc 0.7"], [0.7]),
    ],
)
def test_accuracies_are_read_from_what_is_printed(lines, told):
    assert accuracies(lines) == told


def test_runs_are_held_against_each_other_at_one_length():
    assert is_worse(["acc 0.5", "acc 0.9"], ["acc 0.4"])
    assert not is_worse(["acc 0.5", "acc 0.9"], ["acc 0.5"])
    assert not is_worse(["loss 3"], ["loss 4"], same_loss=True)
    assert is_worse(["loss 3"], ["loss 5"], same_loss=True)
    assert is_worse(["loss: 3.0"], ["loss: nan"], same_loss=True)
    assert not is_worse(["loss 3", "loss 0.01"], ["loss 3", "loss 0.04"], same_loss=True)
    assert is_worse(["loss 3", "loss 0.01"], ["loss 3", "loss nan"], same_loss=True)
    assert not is_worse(["loss 3"], ["loss 5"])


@pytest.mark.parametrize(
    ("before", "after", "code", "offered"),
    [("acc 0.5", "acc 0.9", "B01", True), ("acc 0.9", "acc 0.5", "B01", False), ("acc 0.9", "acc 0.5", "E01", True)],
)
def test_a_copy_that_prints_a_lower_accuracy_is_not_offered(tmp_path, monkeypatch, before, after, code, offered):
    broken = {"B01": "d = (e @ W.T) * a\n", "E01": "right = np.argmax(out(x))\n"}[code]
    (tmp_path / "a.py").write_text(broken)
    monkeypatch.setattr(trials, "printed", lambda job, text, seed: ([before if text == broken else after], True))
    answer = Answer(report("healthy"))
    monkeypatch.setattr(trials, "diagnose_script", lambda job, listen: answer)
    fix = trials.fix_of(Job(str(tmp_path / "a.py")), report("faulty", code), lambda line: None)
    assert fix.verified is offered
    assert bool(fix.text != broken) is offered
