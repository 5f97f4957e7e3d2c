"""Rules about inputs, targets and the test set: silent on right data in many forms, exact about planted faults."""

import numpy as np
import pytest

from tests.diagnosis.rules.small_program import (
    N_CLASSES,
    N_TEST,
    N_TRAIN,
    SIDE,
    Softmax,
    draw_images,
    make_case,
    prepare,
    see,
)
from unstuck.diagnosis.examination import examine_forward
from unstuck.diagnosis.examination.examination import Examination
from unstuck.diagnosis.measurements import plain_data
from unstuck.diagnosis.program.program import Program
from unstuck.diagnosis.rules import RULES

IMAGES, LABELS = draw_images(N_TRAIN, 1)
IMAGES_TEST, LABELS_TEST = draw_images(N_TEST, 2)
ORDER = np.random.default_rng(5).permutation(N_TRAIN)
BY_LABEL = np.argsort(LABELS, kind="stable")


def standardise(images):
    x = prepare(images)
    reference = prepare(IMAGES)
    return (x - reference.mean(axis=0)) / (reference.std(axis=0) + 1e-8)


def components(images, fitted_to, n=20):
    """Principal components, each scaled to unit spread."""
    x, reference = prepare(images), prepare(fitted_to)
    directions = np.linalg.svd(reference - reference.mean(axis=0), full_matrices=False)[2][:n].T
    projected = (x - reference.mean(axis=0)) @ directions
    return projected / ((reference - reference.mean(axis=0)) @ directions).std(axis=0)


HEALTHY = {
    "as prepared": {},
    "symmetric": {"x": 2 * prepare(IMAGES) - 1, "x_test": 2 * prepare(IMAGES_TEST) - 1},
    "inverted": {"x": 1 - prepare(IMAGES), "x_test": 1 - prepare(IMAGES_TEST)},
    "standardised": {"x": standardise(IMAGES), "x_test": standardise(IMAGES_TEST)},
    "another order than raw": {
        "x": prepare(IMAGES)[ORDER],
        "targets": np.eye(N_CLASSES)[LABELS[ORDER]],
        "labels": LABELS[ORDER],
    },
    "float32": {"x": prepare(IMAGES).astype(np.float32), "x_test": prepare(IMAGES_TEST).astype(np.float32)},
    "transposed images throughout": {
        "x": prepare(IMAGES.transpose(0, 2, 1)),
        "x_test": prepare(IMAGES_TEST.transpose(0, 2, 1)),
    },
    "soft targets": {"targets": np.eye(N_CLASSES)[LABELS] * 0.98 + 0.01},
    "integer targets": {"targets": LABELS, "labels": None, "targets_test": None, "step": None, "train": None},
    "principal components": {"x": components(IMAGES, IMAGES), "x_test": components(IMAGES_TEST, IMAGES)},
    "no raw": {"raw": None},
    "sorted, but shuffled by the loop": {
        "x": prepare(IMAGES)[BY_LABEL],
        "targets": np.eye(N_CLASSES)[LABELS[BY_LABEL]],
        "labels": LABELS[BY_LABEL],
    },
    "black and white": {
        "x": (IMAGES > 127).reshape(N_TRAIN, -1) * 1.0,
        "x_test": (IMAGES_TEST > 127).reshape(N_TEST, -1) * 1.0,
    },
    "test sorted": {
        "x_test": prepare(IMAGES_TEST)[np.argsort(LABELS_TEST)],
        "labels_test": np.sort(LABELS_TEST),
        "targets_test": None,
        "raw": None,
    },
    "predict only": dict.fromkeys(
        ("step", "train", "parameters", "accuracy", "raw", "labels", "x_test", "labels_test", "targets_test")
    ),
}


@pytest.mark.parametrize("name", HEALTHY)
def test_right_data_are_left_alone(name):
    assert see(make_case(**HEALTHY[name])) == {}


def toy(x, targets, n_outputs=1):
    net = Softmax(np.shape(x)[1])
    return make_case(
        predict=lambda x: 1 / (1 + np.exp(-(x @ net.w[:, :n_outputs]))),
        x=x,
        targets=targets,
        labels=None,
        x_test=x,
        targets_test=targets,
        labels_test=None,
        parameters=lambda: [net.w],
        step=None,
        train=None,
        accuracy=None,
        raw=None,
    )


def spirals(n=200):
    angle = np.linspace(0.5, 9, n)
    arm = np.arange(n) % 2
    x = np.column_stack([angle * np.cos(angle + np.pi * arm), angle * np.sin(angle + np.pi * arm)]) / 9
    return x, arm.reshape(-1, 1)


XOR = np.array([[0, 0], [0, 1], [1, 0], [1, 1.0]])
TOYS = {
    "xor": (XOR, np.array([[0], [1], [1], [0.0]])),
    "xor many times": (np.tile(XOR, (50, 1)), np.tile([[0], [1], [1], [0.0]], (50, 1))),
    "spirals": spirals(),
    "regression": (np.linspace(-1, 1, 100).reshape(-1, 1), np.sin(np.linspace(-3, 3, 100)).reshape(-1, 1) / 3 + 0.5),
}


@pytest.mark.parametrize("name", [name for name in TOYS if name != "spirals"])
def test_toy_data_are_left_alone(name):
    assert set(see(toy(*TOYS[name]))) <= {"D12"}


def standardised(given, like):
    return (given - like.mean(axis=0)) / like.std(axis=0)


def few_columns(n, seed):
    generator = np.random.default_rng(seed)
    x = generator.normal(size=(n, 6)) * [1, 3, 2, 5, 1, 9] + [0, 4, 1, -3, 7, 20]
    return x, (x[:, 0] * (x[:, 1] - 4) > 0).astype(float)[:, None]


@pytest.mark.parametrize(
    ("prepare_test", "grade", "asleep"),
    [
        (lambda given, like: standardised(given, like), None, False),
        (lambda given, like: standardised(given, given), "proved", True),
        (lambda given, like: given, "measured", False),
        (lambda given, like: standardised(given, like) / like.std(axis=0), "measured", False),
    ],
    ids=["alike", "by its own numbers", "not at all", "by the variance"],
)
def test_standardised_inputs_tell_how_the_test_inputs_were_prepared(prepare_test, grade, asleep):
    (x, targets), (given, wanted) = few_columns(400, 1), few_columns(200, 2)
    case = toy(standardised(x, x), targets)
    case.x_test, case.targets_test = prepare_test(given, x), wanted
    seen = see(case, "D05").get("D05")
    assert (None if seen is None else (seen.grade, seen.asleep)) == (None if grade is None else (grade, asleep))


def numbers(n, seed):
    generator = np.random.default_rng(seed)
    x = generator.normal(size=(n, 4))
    return x, np.column_stack([np.sin(x[:, 0]) + x[:, 1], x[:, 2] - 0.5 * x[:, 3]]) + 0.1 * generator.normal(
        size=(n, 2)
    )


@pytest.mark.parametrize(
    ("prepare", "prepare_test", "grade"),
    [
        (lambda t: t, lambda t: t, None),
        (lambda t: np.roll(t, 1, axis=0), lambda t: t, "measured"),
        (lambda t: np.roll(t, 1, axis=0), lambda t: np.roll(t, 1, axis=0), None),  # there may be nothing to read
        (lambda t: np.roll(t > 0, 1, axis=0) * 1.0, lambda t: (t > 0) * 1.0, "measured"),
    ],
    ids=["as they are", "of the next example", "of the next in both parts", "tags of the next example"],
)
def test_numbers_that_can_be_read_off_test_inputs_alone_are_those_of_other_examples(prepare, prepare_test, grade):
    (x, targets), (x_test, targets_test) = numbers(500, 1), numbers(300, 2)
    case = toy(x, prepare(targets))
    case.x_test, case.targets_test = x_test, prepare_test(targets_test)
    seen = see(case, "D10").get("D10")
    assert (None if seen is None else (seen.grade, seen.falsifies)) == (None if grade is None else (grade, True))


def test_test_inputs_of_another_width_are_said_to_be_left_out():
    program = Program(make_case(x_test=prepare(IMAGES_TEST)[:, :7]))
    e = Examination(program.case, program)
    assert plain_data.test_inputs(e) is None
    assert [(entry.what, entry.missing) for entry in e.unchecked] == [
        ("the test examples", f"x_test=… of {SIDE * SIDE} columns, as x has; found 7")
    ]


def test_counts_with_one_output_for_them_are_no_classes():
    x, _ = few_columns(300, 3)
    counts = np.random.default_rng(0).poisson(np.exp(0.3 * x[:, :1])).astype(float)
    assert "D13" not in see(toy(x, counts))


def test_data_that_no_line_parts_are_not_called_unrelated():
    assert "D10" not in see(toy(*TOYS["spirals"]))


def with_nan(images):
    x = prepare(images)
    x[7, 3] = np.nan
    return x


def reordered(order):
    return {"targets": np.eye(N_CLASSES)[LABELS[order]], "labels": LABELS[order]}


def across(images):
    return prepare(images).reshape(SIDE * SIDE, -1).T


RESHAPED = np.eye(N_CLASSES)[LABELS].T.reshape(-1, N_CLASSES)
PLANTED = [
    ("D01", "proved", {"x": with_nan(IMAGES)}),
    ("D01", "proved", {"x_test": with_nan(IMAGES_TEST)}),
    ("D02", "measured", {"x": prepare(IMAGES) * 255, "x_test": prepare(IMAGES_TEST) * 255}),
    ("D02", "measured", {"x": prepare(IMAGES) / 255, "x_test": prepare(IMAGES_TEST) / 255}),
    ("D03", "proved", {"x": (IMAGES - np.uint8(128)).reshape(N_TRAIN, -1) / 128, "x_test": None}),
    (
        "D03",
        "proved",
        {"x": ((IMAGES - np.uint8(128)).reshape(N_TRAIN, -1) / 128)[BY_LABEL], "x_test": None, **reordered(BY_LABEL)},
    ),
    ("D03", "proved", {"x": IMAGES.astype(np.int8).reshape(N_TRAIN, -1) / np.float32(255), "x_test": None}),
    ("D03", "proved", {"x": (np.uint8(2) * IMAGES).reshape(N_TRAIN, -1) / 255 - 1, "x_test": None}),
    ("D04", "proved", {"x": np.tile(prepare(IMAGES)[:1], (N_TRAIN, 1))}),
    ("D04", "measured", {"x": prepare(IMAGES) / 1000 + 3, "x_test": prepare(IMAGES_TEST) / 1000 + 3}),
    ("D04", "measured", {"x": 1 - 2.0 * (IMAGES // 245).reshape(N_TRAIN, -1), "x_test": None}),
    ("D05", "proved", {"x_test": prepare(IMAGES_TEST.transpose(0, 2, 1))}),
    ("D05", "proved", {"x_test": prepare(IMAGES_TEST.transpose(0, 2, 1)), "raw": None}),
    ("D05", "proved", {"x_test": 1 - prepare(IMAGES_TEST), "raw": None}),
    ("D05", "measured", {"x_test": IMAGES_TEST.reshape(N_TEST, -1), "raw": None}),
    ("D05", "measured", {"x_test": prepare(IMAGES_TEST) / 255, "raw": None}),
    ("D05", "proved", {"x": (IMAGES > 200).reshape(N_TRAIN, -1) * 1.0}),
    ("D05", "proved", {"x_test": across(IMAGES_TEST)}),
    ("D05", "proved", {"x": components(IMAGES, IMAGES), "x_test": components(IMAGES_TEST, IMAGES_TEST)}),
    ("D06", "proved", {"x_test": prepare(IMAGES)[:N_TEST], "labels_test": LABELS[:N_TEST], "raw": None}),
    ("D07", "proved", {"targets": np.tile(np.eye(N_CLASSES)[0], (N_TRAIN, 1))}),
    ("D07", "proved", {"targets": (LABELS / 255).astype(int)}),
    ("D07", "proved", {"targets": LABELS / 255}),
    ("D08", "proved", {"targets": 2 * np.eye(N_CLASSES)[LABELS] - 1}),
    ("D08", "proved", {"targets": 255 * np.eye(N_CLASSES)[LABELS]}),
    ("D09", "proved", {"targets": np.ones((N_TRAIN, N_CLASSES))}),
    ("D09", "proved", {"targets": RESHAPED}),
    ("D09", "proved", {"targets": RESHAPED, "labels": None}),
    ("D09", "proved", {"targets": np.eye(N_CLASSES + 1)[LABELS]}),
    ("D09", "proved", {"targets": np.eye(N_CLASSES)[(LABELS + 1) % N_CLASSES]}),
    ("D09", "measured", {"targets": LABELS + 1, "labels": None, "raw": None}),
    ("D09", "proved", {"targets": (LABELS + 1) % N_CLASSES, "labels": None}),
    ("D10", "proved", reordered(ORDER)),
    ("D10", "proved", {"targets": np.eye(N_CLASSES)[LABELS[ORDER]]}),
    ("D10", "proved", {"x": prepare(IMAGES)[ORDER]}),
    ("D10", "proved", {"x": across(IMAGES)}),
    ("D10", "proved", {"x": across(IMAGES), "x_test": across(IMAGES_TEST)}),
    ("D10", "suspected", {**reordered(ORDER), "raw": None}),
    ("D11", "proved", {"x_test": prepare(IMAGES)[:N_TEST], "raw": None}),
    ("D11", "proved", {"labels_test": LABELS[:N_TEST], "raw": None}),
    ("D11", "proved", {"labels_test": np.roll(LABELS_TEST, 1)}),
    ("D11", "measured", {"labels_test": np.roll(LABELS_TEST, 1), "raw": None}),
    ("D11", "measured", {"labels_test": np.sort(LABELS_TEST), "raw": None}),
]


@pytest.mark.parametrize(("code", "grade", "fields"), PLANTED, ids=[f"{p[0]}-{i}" for i, p in enumerate(PLANTED)])
def test_a_planted_fault_is_seen(code, grade, fields):
    found = see(make_case(**fields), code)
    assert found[code].grade == grade
    assert found[code].summary


@pytest.mark.parametrize(("code", "grade", "fields"), PLANTED, ids=[f"{p[0]}-{i}" for i, p in enumerate(PLANTED)])
def test_nothing_else_is_proved_beside_it(code, grade, fields):
    allowed = {code, *RULES[code].look_alikes}
    proved = {other for other, evidence in see(make_case(**fields)).items() if evidence.grade == "proved"}
    assert proved <= allowed


def test_no_change_is_named_after_which_the_test_inputs_are_read_worse():
    sizes = np.where(np.arange(N_TEST) % 4 == 0, 40, 1)[:, None]  # one scale for all makes most of them too small
    found = see(make_case(x_test=sizes * prepare(IMAGES_TEST), raw=None), "D05")["D05"]
    assert found.grade == "suspected"
    assert "no other scale" in found.summary


def test_the_formula_in_bytes_is_named():
    found = see(make_case(x=(IMAGES - np.uint8(100)).reshape(N_TRAIN, -1) / 50), "D03")["D03"]
    assert found.numbers["formula"] == "raw - 100"
    assert found.numbers["residual"] < 1e-9 < 0.1 < found.numbers["residual_without_wrapping"]


def test_wrapping_that_leaves_the_classes_readable_is_asleep():
    assert see(make_case(x=(np.uint8(2) * IMAGES).reshape(N_TRAIN, -1) / 255 - 1), "D03")["D03"].asleep


def test_a_rare_class_is_a_setting():
    keep = np.flatnonzero((LABELS != 2) | (np.arange(N_TRAIN) < 20))
    case = make_case(x=prepare(IMAGES)[keep], targets=np.eye(N_CLASSES)[LABELS[keep]], labels=LABELS[keep], raw=None)
    assert RULES["D13"].setting
    assert see(case, "D13")["D13"].numbers["smallest_share"] < 0.05
    assert not see(case, "D13")["D13"].falsifies  # one class of four: the test set is hardly another


def test_classes_that_training_hardly_has_and_the_test_asks_for_are_a_finding():
    keep = np.flatnonzero((LABELS == 0) | (np.arange(N_TRAIN) < 20))
    case = make_case(x=prepare(IMAGES)[keep], targets=np.eye(N_CLASSES)[LABELS[keep]], labels=LABELS[keep], raw=None)
    assert see(case, "D13")["D13"].falsifies


def test_test_labels_are_read_as_the_targets_name_the_classes():
    aside = make_case(targets=np.roll(np.eye(N_CLASSES)[LABELS], 1, axis=1), targets_test=None, raw=None)
    assert set(see(aside, "D09", "D11")) == {"D09"}


def test_components_fitted_to_the_test_set_are_a_suspicion_without_the_raw_images():
    x_test = np.roll(components(IMAGES_TEST, IMAGES_TEST), 7, axis=1)
    found = see(make_case(x=components(IMAGES, IMAGES), x_test=x_test, raw=None), "D11")
    assert found["D11"].grade == "suspected"
    assert found["D11"].look_alikes == ("D05",)


def test_what_is_missing_is_said():
    case = make_case(raw=None, train=None, accuracy=None)
    e = examine_forward(Examination(case, Program(case)))
    for code in ("D03", "D14", "E01"):
        assert RULES[code].look(e) == []
    assert {u.missing.split("=")[0] for u in e.unchecked} == {"raw", "train", "accuracy"}


@pytest.mark.parametrize("code", sorted(c for c in RULES if c[0] in "DE"))
def test_every_rule_is_documented_in_full(code):
    assert list(RULES[code].sections) == ["What it detects", "Why it hurts", "Cure", "Evidence", "Look-alikes"]
