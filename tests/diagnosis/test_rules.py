"""The catalogue is complete, its names are those that were published, and reports hold to the schema."""

import json
import re
from pathlib import Path

import jsonschema
import pytest

import unstuck
from tests.diagnosis.trials.architectures import ARCHITECTURES
from tests.diagnosis.trials.faults import FAULTS
from tests.diagnosis.trials.trial import Trial
from unstuck.diagnosis import schema
from unstuck.diagnosis.catalogue.markdown import index_markdown, page_name, rule_markdown
from unstuck.diagnosis.catalogue.terminal import rules_text
from unstuck.diagnosis.rules import RULES, in_order
from unstuck.diagnosis.rules.rule import SECTIONS, STAGES, rule
from unstuck.errors import CaseError

ROOT = Path(__file__).resolve().parents[2]

PUBLISHED = {
    "D": """inputs-not-finite inputs-unscaled inputs-wrapped-around inputs-constant test-inputs-prepared-differently
        test-inputs-among-training-inputs targets-collapsed targets-outside-output-range targets-malformed
        labels-unrelated-to-inputs test-labels-misaligned examples-in-label-order classes-imbalanced
        examples-altered-by-training""",
    "A": """units-identical units-saturated units-dead outputs-identical weights-one-sign signal-vanishes
        signal-explodes network-too-small""",
    "F": """softmax-over-batch softmax-over-examples softmax-overflow sigmoid-without-minus activation-missing
        activation-on-logits bias-missing softmax-in-hidden-layer activation-in-place output-too-narrow""",
    "L": "softmax-twice loss-output-mismatch log-of-zero loss-derivative-wrong",
    "B": """activation-instead-of-derivative derivative-missing derivative-at-wrong-point derivative-applied-twice
        weights-of-wrong-layer weights-already-updated inputs-of-wrong-layer bias-gradient-wrong
        gradient-summed-not-averaged gradient-sign-wrong softmax-derivative-diagonal error-discarded
        layer-without-gradient gradient-unexplained gradient-transposed gradient-collapsed gradient-scaled""",
    "U": """update-ascends gradients-accumulate momentum-unscaled momentum-sign-wrong parameters-never-change
        parameters-integer learning-rate-too-high learning-rate-too-low too-few-updates weight-decay-too-strong
        parameters-not-optimised adam-bias-correction-wrong training-diverged gradients-partly-kept""",
    "E": "accuracy-computed-wrongly predictions-out-of-order evaluated-in-training-mode",
}
NAMES = {f"{letter}{i:02}": name for letter, names in PUBLISHED.items() for i, name in enumerate(names.split(), 1)}
OF_LIBRARIES = {"U11"}  # published among them: an optimiser that does not hold the parameters

each_rule = pytest.mark.parametrize("code", list(RULES))
each_rule_of_cases = pytest.mark.parametrize("code", [code for code in RULES if not RULES[code].of_library])
each_rule_of_libraries = pytest.mark.parametrize("code", [code for code in RULES if RULES[code].of_library])


def test_published_codes_keep_their_names():
    assert {code: RULES[code].name for code in NAMES if code in RULES} == {
        code: name for code, name in NAMES.items() if code in RULES
    }
    assert set(NAMES) <= set(RULES)
    assert set(NAMES) & {code for code, rule in RULES.items() if rule.of_library} == OF_LIBRARIES


def test_names_are_unique():
    assert len({rule.name for rule in RULES.values()}) == len(RULES)


def test_a_code_cannot_be_defined_twice():
    def another(e):
        """A second rule."""

    with pytest.raises(ValueError, match="rule F01 is defined twice: softmax-over-batch and another"):
        rule("F01")(another)


@each_rule
def test_the_letter_is_the_stage_and_the_documentation_is_complete(code):
    found = RULES[code]
    assert re.fullmatch(r"[DAFLBUE]\d\d", code)
    assert found.stage == STAGES[code[0]]
    assert tuple(found.sections) == SECTIONS
    assert all(len(text) >= 10 for text in found.sections.values())
    assert found.fact.endswith(".")
    assert found.cure == found.sections["Cure"]


@each_rule
def test_declared_look_alikes_exist_and_are_explained(code):
    for alike in RULES[code].look_alikes:
        assert alike in RULES
        assert alike in RULES[code].sections["Look-alikes"]


@each_rule
def test_codes_named_in_the_documentation_exist(code):
    named = set(re.findall(r"\b[DAFLBUE]\d\d\b", RULES[code].documentation))
    assert named - set(RULES) == set()


@each_rule_of_cases
def test_its_fault_is_planted_in_a_program_that_is_tried_without_it_too(code):
    planted = [fault for fault in FAULTS.values() if fault.code == code]
    assert any(fault.fits(setup) for fault in planted for setup in ARCHITECTURES.values())


@each_rule_of_cases
def test_it_has_a_page_with_a_picture_and_a_golden_report(code):
    pages = ROOT / "docs" / "rules"
    golden = ROOT / "tests" / "golden" / f"{code}.txt"
    assert all(path.is_file() for path in (pages / page_name(RULES[code]), pages / f"{code}.svg", golden))


@each_rule_of_libraries
def test_its_fault_is_in_a_program_of_a_library_that_is_there_without_it_too(code):
    pairs = [path.parent for path in (ROOT / "tests" / "programs").glob("*/*/expected.json")]
    named = [
        pair for pair in pairs if code in json.loads((pair / "expected.json").read_text(encoding="utf-8"))["codes"]
    ]
    assert named
    assert all((pair / name).is_file() for pair in named for name in ("broken.py", "right.py"))
    assert (ROOT / "docs" / "rules" / page_name(RULES[code])).is_file()


def test_codes_are_listed_in_the_order_data_flow():
    letters = "".join(dict.fromkeys(code[0] for code in in_order(list(RULES))))
    assert letters == "DAFLBUE"


# -- text and pages ------------------------------------------------------------------------------------------------


def test_the_catalogue_has_a_line_for_every_rule():
    lines = rules_text(None).splitlines()
    assert [line.split()[:2] for line in lines] == [[code, RULES[code].name] for code in in_order(list(RULES))]


@pytest.mark.parametrize("asked", ["F01", "f01", "softmax-over-batch", "softmax_over_batch", " F01 "])
def test_a_rule_is_found_by_code_or_name(asked):
    text = rules_text(asked)
    assert text.startswith("F01 softmax-over-batch (forward)\nThe softmax divides by one sum over the whole batch.")
    assert [line for line in text.splitlines() if line in SECTIONS] == list(SECTIONS)


@pytest.mark.parametrize("asked", ["F99", "no-such-rule", ""])
def test_an_unknown_rule_is_refused(asked):
    with pytest.raises(CaseError, match="no such rule"):
        rules_text(asked)


def test_pages_are_those_of_the_rules():
    written = {path.name for path in (ROOT / "docs" / "rules").glob("*.md")}
    assert written == {"index.md", *(page_name(rule) for rule in RULES.values())}


def test_pages_link_to_pages():
    pages = {"index.md": index_markdown(), **{page_name(rule): rule_markdown(rule) for rule in RULES.values()}}
    links = {link for text in pages.values() for link in re.findall(r"\]\(([^)]+)\)", text)}
    pictures = {path.name for path in (ROOT / "docs" / "rules").glob("*.svg")}
    assert links == set(pages) | pictures


# -- reports -------------------------------------------------------------------------------------------------------

REPORTED = {
    "healthy": Trial("relu_softmax"),
    "healthy, one example at a time": Trial("nielsen"),
    "a wrong formula": Trial("tanh_columns", ("B02 NoDerivative",)),
    "a wrong output": Trial("relu_softmax", ("F01 SumOverWholeBatch",)),
    "a setting": Trial("relu_softmax", ("A01 AllZero",)),
    "not finite": Trial("relu_softmax", ("D01 DividedByZeroSpread",)),
    "unexplained": Trial("relu_softmax", ("B14 GradientTimesWeights",)),
    "only predict": Trial("relu_softmax", (), "predict_only"),
}


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # of the programs
@pytest.mark.parametrize("trial", REPORTED.values(), ids=REPORTED)
def test_reports_hold_to_the_schema_and_survive_json(trial):
    report = unstuck.diagnose(trial.case(), budget=6, cures=False)
    document = report.to_dict()
    jsonschema.Draft202012Validator.check_schema(schema())
    jsonschema.validate(document, schema())
    assert json.loads(json.dumps(document, allow_nan=False)) == document
    assert (document["verdict"] == "faulty") == bool(document["findings"])
    assert all(
        len(entry["summary"]) > 10 and entry["name"] == RULES[entry["code"]].name for entry in document["findings"]
    )
