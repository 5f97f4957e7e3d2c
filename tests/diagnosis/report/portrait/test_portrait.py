"""A portrait of a diagnosis: the numbers of a proof, and training with and without the faults."""

from dataclasses import replace

import numpy as np
import pytest

import unstuck
from tests.diagnosis.report.portrait.setups import digits_setup
from tests.diagnosis.trials.trial import Trial
from unstuck.diagnosis.report.portrait.data import class_counts, input_values, label_order, labelled_pictures
from unstuck.diagnosis.report.portrait.portrait import choice_put_back


def diagnosed(*faults, where="relu_softmax", wiring="full"):
    return unstuck.diagnose(Trial(where, faults, wiring).case(), budget=8, cures=False)


@pytest.fixture(scope="module")
def report():
    return diagnosed("F02 SumAlongExamples", "B01 ActivationForDerivative")


def test_a_formula_is_compared_with_the_right_one(report):
    for finding in report.findings:
        compared = report.portrait.comparison(finding.rule.code, finding.layer)
        np.testing.assert_allclose(compared.with_fault, compared.own, rtol=1e-6, atol=1e-12)
        assert compared.misses[0] < 1e-6 < 0.05 < compared.misses[1]


def test_outputs_are_compared_for_the_forward_pass_and_changes_for_the_way_back(report):
    assert report.portrait.comparison("F02", 2).what == "outputs"
    assert report.portrait.comparison("B01", 1).what == "change of the weights of layer 1"


def test_samples_are_named_entries(report):
    names = [name for name, *_ in report.portrait.comparison("B01", 1).samples]
    assert len(names) == 5
    assert all(name.startswith("W1[") for name in names)


def test_nothing_is_computed_before_it_is_asked_for(report):
    assert not {"trained", "layers"} & set(vars(diagnosed("B02 NoDerivative").portrait))
    assert report.to_dict() == report.to_dict()  # the portrait is no part of the contract


def test_the_cure_trains_better_than_the_network_as_it_is(report):
    before, after = report.portrait.trained
    assert after.scores[-1] > before.scores[-1] + 0.1


def test_a_healthy_network_is_drawn_as_it_is():
    report = diagnosed()
    assert report.verdict == "healthy"
    assert report.portrait.after is None
    assert len(report.portrait.trained) == len(report.portrait.layers) == 1


def test_a_fault_that_training_does_not_feel_has_no_training_after_it():
    report = diagnosed("E01 LargestOutputOfTheBatch")
    assert [finding.rule.code for finding in report.findings] == ["E01"]
    assert report.portrait.after is None


def test_memory_is_compared_over_several_steps():
    report = diagnosed("U03 PreviousRawGradientAdded")
    compared = report.portrait.comparison("U03", None)
    assert compared.misses[0] < 1e-6 < 0.01 < compared.misses[1]


def test_a_layer_that_never_changes_is_compared_with_one_that_does():
    compared = diagnosed("B13 FirstLayerLeftOut").portrait.comparison("B13", 1)
    assert compared.own.any() == compared.with_fault.any() == False  # noqa: E712 - of NumPy
    assert compared.without_fault.any()
    assert compared.misses == (0, 1)


def test_gradients_alone_are_compared_without_a_rate():
    report = diagnosed("B10 SignOfLastWeightsWrong", wiring="gradients_only")
    compared = report.portrait.comparison("B10", 2)
    np.testing.assert_allclose(compared.with_fault, compared.own, rtol=1e-6, atol=1e-12)
    np.testing.assert_allclose(compared.without_fault, -compared.own, rtol=1e-6, atol=1e-12)


def test_what_cannot_be_trained_has_no_portrait():
    assert diagnosed(wiring="predict_only").portrait is None


def test_collapsed_targets_are_counted_beside_the_labels():
    setup = diagnosed("D07 LabelsDividedToo").portrait.before
    counts = class_counts(setup)
    assert np.count_nonzero(counts.targets) == 1
    assert np.count_nonzero(counts.labels) == 10


def test_raw_pixels_show_their_range():
    made = input_values(diagnosed("D02 PixelsNotScaled").portrait.before.x)
    assert (made.low, made.high) == (0, 255)


def test_test_examples_are_kept_as_the_program_has_them():
    portrait = diagnosed("D11 TestLabelsOfTraining").portrait
    x, classes = portrait.test
    assert len(x) == len(classes) == 300
    pictures = labelled_pictures(x, classes, 4)
    assert [p.picture.shape for p in pictures] == [(7, 7)] * 4
    assert [p.label for p in pictures] == classes[:4].tolist()


def test_inputs_that_make_no_square_have_no_pictures():
    assert labelled_pictures(np.zeros((3, 48)), np.zeros(3)) == []
    assert labelled_pictures(np.zeros((3, 4)), np.zeros(3)) == []
    assert labelled_pictures(np.zeros((3, 49)), None) == []


def test_sorted_labels_show_their_order():
    places, labels = label_order(diagnosed("D12 sorted_and_not_shuffled").portrait.before)
    assert (np.diff(places) > 0).all()
    assert (np.diff(labels) >= 0).all()


PUT_BACK = {
    "A07": lambda s: s.parameters,
    "U07": lambda s: s.twin.update.learning_rate,
    "U09": lambda s: (s.batch_size, s.updates),
    "U10": lambda s: s.twin.update.decay,
    "D02": lambda s: s.x,
    "D12": lambda s: s.shuffled,
}


@pytest.mark.parametrize("code", PUT_BACK)
def test_a_choice_put_back_is_the_user_s_and_all_else_is_cured(code):
    before, after = digits_setup(updates=5, rate=9.0, batch_size=100), digits_setup(updates=100, rate=0.5)
    rule = replace(before.twin.update, decay=0.1)
    before = replace(before, x=255 * before.x, shuffled=False, twin=before.twin.plant(update=rule))
    mixed = choice_put_back(before, after, code)
    for name, choice in PUT_BACK.items():
        assert choice(mixed) is choice(before if name == code else after) or choice(mixed) == choice(
            before if name == code else after
        )


def test_a_choice_that_cannot_be_put_back_is_none():
    setup = digits_setup()
    assert choice_put_back(setup, setup, "A08") is None


def test_a_cure_is_drawn_beside_itself_without_each_of_its_changes():
    faults = ("F02 SumAlongExamples", "U08 rate_far_too_low")
    report = unstuck.diagnose(Trial("relu_softmax", faults, "full").case(), budget=8)
    (cure,) = report.cures[:1]
    assert len(cure.changes) == 2
    cured = report.portrait.trained[1].scores[-1]
    for code in cure.changes:
        assert report.portrait.trained_spoilt[code].scores[-1] < cured - 0.05
