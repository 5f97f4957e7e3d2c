"""One report for every rule, of a program with its fault planted, character by character.

UNSTUCK_UPDATE_GOLDEN=1 writes them anew. What differs from machine to machine (residuals, seconds, accuracies of
experiments, paths) is masked.
"""

import os
import re
from pathlib import Path

import pytest

import unstuck
from tests.diagnosis.trials.faults import FAULTS
from tests.diagnosis.trials.trial import Trial
from unstuck.diagnosis.rules import RULES

OF_CASES = [code for code in RULES if not RULES[code].of_library]  # the others: tests/programs
ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests" / "golden"

MASKS = (
    (re.escape(f"{ROOT}/"), ""),
    (r"(\w\.py):\d+:", r"\1:…:"),
    (r"\d\.\de[-+]\d+", "…"),
    (r"accuracy [\d.]+% before, [\d.]+% after \([\d,]+ updates", "accuracy … before, … after (… updates"),
    (r"(?m)^\d+\.\d s$", "… s"),
)


# One quick trial for every code, most of them with a fault that costs much: what hardly matters may be finding or note.
TRIALS = (
    Trial("relu_softmax", ("F01 SumOverWholeBatch",)),
    Trial("relu_softmax", ("F02 SumAlongExamples",)),
    Trial("relu_softmax", ("F03 NoShift",)),
    Trial("nielsen", ("F04 MinusForgottenInHidden",)),
    Trial("nielsen", ("F05 LinearWithDerivativeKept",)),
    Trial("relu_softmax", ("F06 ReluOnLogits",)),
    Trial("relu_softmax", ("F07 BiasStoredButNotAdded",)),
    Trial("relu_softmax", ("F08 SoftmaxInHidden",)),
    Trial("nielsen", ("F09 SigmoidOverwritesInput",)),
    Trial("nielsen", ("F10 one_output_for_ten_classes",)),
    Trial("relu_softmax", ("F11 StepInHidden",)),
    Trial("nielsen", ("F12 BiasAddedAfterActivation",)),
    Trial("relu_softmax", ("A01 AllZero",)),
    Trial("nielsen", ("A02 WeightsOfSizeThirty",)),
    Trial("relu_softmax", ("A03 BiasesFarBelowZero",)),
    Trial("relu_softmax", ("A04 WeightsOfSizeMillionth",)),
    Trial("relu_softmax", ("A05 UniformFromZeroToOne",)),
    Trial("leaky_deep", ("A06 WeightsOfSizeThousandth",)),
    Trial("relu_softmax", ("A07 WeightsOfSizeTwenty",)),
    Trial("relu_softmax", ("A08 one_unit_a_layer",)),
    Trial("relu_softmax", ("B01 ActivationForDerivative",)),
    Trial("relu_softmax", ("B02 NoDerivative",)),
    Trial("nielsen", ("B03 DerivativeOfActivation",)),
    Trial("nielsen", ("B04 DerivativeTwice",)),
    Trial("softmax_squared", ("B11 DiagonalJacobian",)),
    Trial("nielsen", ("B12 ErrorForgottenInHidden",)),
    Trial("leaky_deep", ("B05 WeightsNotTransposed",)),
    Trial("relu_softmax", ("B06 UpdateBeforeSendingBack",)),
    Trial("relu_softmax", ("B07 PreActivationsAsInputs",)),
    Trial("relu_softmax", ("B13 FirstLayerLeftOut",)),
    Trial("relu_softmax", ("B14 GradientOneUnitAside",)),
    Trial("leaky_deep", ("B15 SquareGradientTransposed",)),
    Trial("relu_softmax", ("B16 OneNumberForTheLayer",)),
    Trial("nielsen", ("B18 DerivativeOfTheOther",)),
    Trial("relu_softmax", ("B19 AveragedBeforeMultiplying",)),
    Trial("relu_softmax", ("B20 FirstExampleOnly",)),
    Trial("relu_softmax", ("B09 SummedWhereAveraged",)),
    Trial("relu_softmax", ("B10 SignOfLastWeightsWrong",)),
    Trial("relu_softmax", ("B17 FirstLayerTenTimes",)),
    Trial("relu_softmax", ("B08 BiasesNeverUpdated",)),
    Trial("relu_softmax", ("D01 DividedByZeroSpread",)),
    Trial("relu_softmax", ("D02 PixelsNotScaled",)),
    Trial("relu_softmax", ("D03 UnsignedArithmetic",)),
    Trial("relu_softmax", ("D04 OneImageForAll",)),
    Trial("relu_softmax", ("D05 TestPixelsNotScaled",)),
    Trial("relu_softmax", ("D06 TestTakenFromTraining",)),
    Trial("relu_softmax", ("D07 LabelsDividedToo",)),
    Trial("nielsen", ("D08 TargetsTimes255",)),
    Trial("relu_softmax", ("D09 AllOnes",)),
    Trial("relu_softmax", ("D10 LabelsShuffledApart",)),
    Trial("relu_softmax", ("D11 TestLabelsOfTraining",)),
    Trial("relu_softmax", ("D12 sorted_and_not_shuffled",)),
    Trial("relu_softmax", ("D13 HardlyAnyOfEightClasses",)),
    Trial("relu_softmax", ("D14 ShufflesInputsOnly",)),
    Trial("relu_softmax", ("D15 OneTargetMissing",)),
    Trial("relu_softmax", ("E01 LargestOutputOfTheBatch",)),
    Trial("relu_softmax", ("E02 ShufflesBeforeCounting",)),
    Trial("relu_softmax", ("E03 PixelsStillDroppedOut",)),
    Trial("relu_softmax", ("L01 SoftmaxAgainInLoss",)),
    Trial("nielsen", ("L02 CategoricalLossOnSigmoids",)),
    Trial("relu_softmax", ("L03 LogOfZero",)),
    Trial("relu_softmax", ("L04 SquareInsteadOfDifference",)),
    Trial("relu_softmax", ("U01 Ascent",)),
    Trial("relu_softmax", ("U02 NeverSetBackToZero",)),
    Trial("relu_softmax", ("U14 ScaledInsteadOfCleared",)),
    Trial("relu_softmax", ("U03 PreviousRawGradientAdded",)),
    Trial("relu_softmax", ("U04 MomentumAgainstTheStep",)),
    Trial("relu_softmax", ("U05 CopiesAreUpdated",)),
    Trial("relu_softmax", ("U06 IntegerParameters",)),
    Trial("relu_softmax", ("U07 rate_far_too_high",)),
    Trial("relu_softmax", ("U08 rate_far_too_low",)),
    Trial("relu_softmax", ("U09 whole_batch_three_times",)),
    Trial("relu_softmax", ("U10 decay_far_too_strong",)),
    Trial("relu_softmax", ("U15 DecayThatAdds",)),
    Trial("relu_softmax", ("U13 diverges",)),
    Trial("adam", ("U12 UpdateCounterStuckAtOne",)),
    Trial("relu_softmax", ("U18 BiasesGrowByBroadcasting",)),
    Trial("adam", ("U17 NoRootTaken",)),
)


def masked(text: str) -> str:
    for pattern, instead in MASKS:
        text = re.sub(pattern, instead, text)
    return text + "\n"


@pytest.mark.parametrize("code", OF_CASES)
def test_every_rule_has_one_report_and_names_its_fault_there(code):
    assert [FAULTS[trial.faults[0]].code for trial in TRIALS].count(code) == 1
    text = (GOLDEN / f"{code}.txt").read_text(encoding="utf-8")
    assert any(alike in text for alike in {code, *RULES[code].look_alikes} - {""})


def test_no_report_is_left_of_a_rule_that_is_gone():
    assert {path.stem for path in GOLDEN.glob("*.txt")} == set(OF_CASES)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # of the programs
@pytest.mark.parametrize("trial", TRIALS, ids=lambda trial: FAULTS[trial.faults[0]].code)
def test_report(trial):
    case = trial.case()
    case.name = trial.name
    text = masked(str(unstuck.diagnose(case, cures=False)))
    path = GOLDEN / f"{FAULTS[trial.faults[0]].code}.txt"
    if os.environ.get("UNSTUCK_UPDATE_GOLDEN"):
        GOLDEN.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")
