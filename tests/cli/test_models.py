"""`unstuck evaluate`, `unstuck predict` and `unstuck export`."""

import json
import os
import sys

import numpy as np
import pytest

from tests.cli.answers import assert_one_sentence, only_document
from unstuck.nn.files.model_file import load

XOR = ["train", "--recipe", "xor", "--epochs", "20"]


def test_evaluate_counts_by_class(shell, digits):
    shell("train", "--data", digits, "--hidden", "16", "--epochs", 20)
    document = only_document(shell("evaluate", "model.safetensors", "--data", digits, "--json"))
    confusion = np.array(document["confusion"])
    assert confusion.shape == (10, 10)
    assert confusion.sum() == document["test_examples"] == 200
    assert document["errors"] == 200 - confusion.trace()
    assert document["test_accuracy"] == pytest.approx(confusion.trace() / 200)
    text = shell("evaluate", "model.safetensors", "--data", digits)
    assert text.exit_code == 0
    assert "of 200 wrong" in text.stdout


def test_classes_go_by_their_names_wherever_they_are_shown(shell, tmp_path):
    rows = [f"{'left' if i % 2 else 'right'},{255 * (i % 2)},{i % 7},{255 - 255 * (i % 2)},{i % 5}" for i in range(60)]
    (tmp_path / "data.csv").write_text("\n".join(rows))
    shell("train", "--data", "data.csv", "--hidden", "8", "--epochs", "40", "--batch-size", "10")
    assert load(tmp_path / "model.safetensors").class_names == ("left", "right")

    document = only_document(shell("evaluate", "model.safetensors", "--data", "data.csv", "--json"))
    assert document["classes"] == ["left", "right"]
    table = shell("evaluate", "model.safetensors", "--data", "data.csv").stdout.splitlines()
    assert table[1].split() == ["left", "right"]

    predictions = only_document(shell("predict", "model.safetensors", "--data", "data.csv", "--json"))["predictions"]
    assert [answer["class"] for answer in predictions[:2]] == ["right", "left"]
    assert [answer["label"] for answer in predictions[:2]] == [1, 0]
    assert shell("predict", "model.safetensors", "--data", "data.csv").stdout.startswith("1: right  (score ")
    shell("predict", "model.safetensors", "--data", "data.csv", "--out", "answers.csv")
    assert (tmp_path / "answers.csv").read_text().startswith("ImageId,Label\n1,right\n2,left\n")

    shell("export", "model.safetensors", "--to", "npz", "model.npz")
    with np.load(tmp_path / "model.npz") as arrays:
        assert json.loads(str(arrays["description"]))["class_names"] == ["left", "right"]


def test_names_say_which_class_is_which_in_another_file(shell, tmp_path):
    rows = [f"{'left' if i % 2 else 'right'},{255 * (i % 2)},{i % 7},{255 - 255 * (i % 2)},{i % 5}" for i in range(60)]
    (tmp_path / "data.csv").write_text("\n".join(rows))
    (tmp_path / "rights.csv").write_text("\n".join(rows[::2]))
    (tmp_path / "ups.csv").write_text("\n".join(rows).replace("left", "up"))
    shell("train", "--data", "data.csv", "--hidden", "8", "--epochs", "40", "--batch-size", "10")
    document = only_document(shell("evaluate", "model.safetensors", "--data", "rights.csv", "--json"))
    assert document["confusion"] == [[0, 0], [0, 30]]
    assert_one_sentence(shell("evaluate", "model.safetensors", "--data", "ups.csv"), "the class 'up' is unknown")


def test_predict_names_each_image(shell, digits, tmp_path):
    from PIL import Image

    shell("train", "--data", digits, "--hidden", "16", "--epochs", 2)
    paths = []
    for i in range(2):
        picture = np.zeros((40, 30), np.uint8)
        picture[10:30, 12 + 2 * i : 18] = 255
        paths.append(tmp_path / f"{i}.png")
        Image.fromarray(picture).save(paths[-1])
    document = only_document(shell("predict", "model.safetensors", *paths, "--json"))
    assert [prediction["image"] for prediction in document["predictions"]] == [str(path) for path in paths]
    for prediction in document["predictions"]:
        assert prediction["label"] == int(np.argmax(prediction["scores"]))
        assert sum(prediction["scores"]) == pytest.approx(1, abs=1e-5)
    text = shell("predict", "model.safetensors", paths[0])
    assert text.stdout.startswith(f"{paths[0]}: {document['predictions'][0]['label']}  ")


def test_export_to_npz_holds_the_parameters_and_their_description(shell, tmp_path):
    shell(*XOR)
    result = shell("export", "model.safetensors", "--to", "npz", "model.npz")
    assert (result.exit_code, result.stdout) == (0, "exported as model.npz\n")
    network = load("model.safetensors")
    with np.load("model.npz") as arrays:
        assert json.loads(str(arrays["description"])) == network.description
        for name, parameter in zip(network.parameter_names, network.parameters, strict=True):
            np.testing.assert_array_equal(arrays[name], parameter)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model.npz", "model.safetensors"]


def test_export_to_onnx(shell, tmp_path):
    import onnx

    shell(*XOR)
    result = shell("export", "model.safetensors", "--to", "onnx", "model.onnx")
    assert (result.exit_code, result.stdout) == (0, "exported as model.onnx\n")
    onnx.checker.check_model(onnx.load("model.onnx"), full_check=True)


def test_export_without_onnx_names_the_extra_and_leaves_nothing(shell, tmp_path, monkeypatch):
    shell(*XOR)
    monkeypatch.setitem(sys.modules, "onnx", None)
    result = shell("export", "model.safetensors", "--to", "onnx", "model.onnx")
    assert_one_sentence(result, 'needs the package onnx: pip install "unstuck[onnx]"')
    assert [path.name for path in tmp_path.iterdir()] == ["model.safetensors"]


@pytest.mark.parametrize("place", [".", "nowhere/model.npz"])
def test_export_into_a_place_that_cannot_be_written(shell, place):
    shell(*XOR)
    assert_one_sentence(shell("export", "model.safetensors", "--to", "npz", place), "OUT")


def test_export_does_not_replace_the_model(shell, tmp_path):
    shell(*XOR)
    before = (tmp_path / "model.safetensors").read_bytes()
    assert_one_sentence(shell("export", "model.safetensors", "--to", "npz", "./model.safetensors"), "the model itself")
    assert (tmp_path / "model.safetensors").read_bytes() == before


BAD_INPUT = {
    "evaluate nowhere": ["nowhere"],
    "evaluate": ["MODEL"],
    "predict nowhere nowhere.png": ["nowhere"],
    "predict": ["MODEL"],
    "export nowhere --to npz out": ["nowhere"],
    "export nowhere out": ["--to"],
    "export nowhere --to pickle out": ["--to", "pickle", "onnx", "npz"],
}


@pytest.mark.parametrize("command", BAD_INPUT)
def test_bad_input_is_one_sentence_and_leaves_nothing_behind(shell, tmp_path, command):
    assert_one_sentence(shell(*command.split()), *BAD_INPUT[command])
    assert not list(tmp_path.iterdir())


def test_a_foreign_model_file_is_one_sentence(shell, tmp_path):
    (tmp_path / "model").write_text("not a model")
    assert_one_sentence(shell("evaluate", "model"), "model")


def test_a_model_for_other_inputs_is_one_sentence(shell):
    shell(*XOR)
    assert_one_sentence(shell("evaluate", "model.safetensors"), "784", "2")


def test_a_picture_that_is_none_is_one_sentence(shell, digits, tmp_path):
    shell("train", "--data", digits, "--hidden", "4", "--epochs", 1)
    (tmp_path / "a.png").write_text("not a picture")
    assert_one_sentence(shell("predict", "model.safetensors", tmp_path / "a.png"), "a.png")


def test_an_evaluation_of_training_examples_says_so(shell, digits):
    shell("train", "--data", digits, "--hidden", "16", "--epochs", 2)
    assert (
        "has no test part: these are training examples"
        in shell("evaluate", "model.safetensors", "--data", digits).stderr
    )
    document = only_document(shell("evaluate", "model.safetensors", "--data", digits, "--json"))
    assert document["part"] == "training"


def picture(path):
    from PIL import Image

    drawn = np.zeros((40, 30), np.uint8)
    drawn[10:30, 12:18] = 255
    Image.fromarray(drawn).save(path)
    return path


def test_a_picture_that_cannot_be_read_leaves_the_others_their_answers(shell, digits, tmp_path):
    shell("train", "--data", digits, "--hidden", "16", "--epochs", 1)
    good, bad = picture(tmp_path / "good.png"), tmp_path / "bad.png"
    bad.write_bytes(b"no picture")
    result = shell("predict", "model.safetensors", bad, good)
    assert result.exit_code == 2
    assert result.stdout.startswith(f"{good}: ")
    assert f"{bad}, byte 0" in result.stderr
    document = json.loads(shell("predict", "model.safetensors", bad, good, "--json").stdout)
    assert [set(answer) for answer in document["predictions"]] == [{"image", "label", "scores"}, {"image", "error"}]


def test_a_table_is_answered_as_kaggle_reads_it(shell, digits, tmp_path):
    shell("train", "--data", digits, "--hidden", "16", "--epochs", 20)
    rows = digits.read_text().splitlines()
    unlabelled = tmp_path / "test.csv"
    unlabelled.write_text("\n".join(row.split(",", 1)[1] for row in rows[:51]))
    result = shell("predict", "model.safetensors", "--data", unlabelled, "--out", "submission.csv")
    assert (result.exit_code, result.stdout) == (0, "50 answers written to submission.csv\n")
    written = (tmp_path / "submission.csv").read_text().splitlines()
    assert written[0] == "ImageId,Label"
    assert [line.split(",")[0] for line in written[1:]] == [str(n) for n in range(1, 51)]
    right = [line.split(",")[1] == row.split(",")[0] for line, row in zip(written[1:], rows[1:51], strict=True)]
    assert np.mean(right) > 0.8
    refused = shell("train", "--data", unlabelled)
    assert_one_sentence(refused, "no labels (no column named label)")


def test_predict_wants_images_or_a_table(shell, digits):
    shell("train", "--data", digits, "--hidden", "16", "--epochs", 1)
    assert_one_sentence(shell("predict", "model.safetensors"), "expected either images or --data PATH")


@pytest.mark.parametrize("place", ["model.safetensors", "./model.safetensors", "link", "digits.csv"])
def test_answers_never_replace_what_they_are_made_from(shell, digits, tmp_path, place):
    shell("train", "--data", digits, "--hidden", "16", "--epochs", 1)
    (tmp_path / "link").symlink_to("model.safetensors")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert_one_sentence(shell("predict", "model.safetensors", "--data", digits, "--out", place), "itself")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="has no named pipes")
def test_a_model_is_not_waited_for_at_a_pipe(shell, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    assert_one_sentence(shell("evaluate", "pipe"), "is a device or a pipe, expected a regular file")


def test_answers_never_replace_an_image(shell, digits, tmp_path):
    shell("train", "--data", digits, "--hidden", "16", "--epochs", 1)
    before = picture(tmp_path / "seven.png").read_bytes()
    assert_one_sentence(shell("predict", "model.safetensors", "seven.png", "--out", "seven.png"), "the image itself")
    assert (tmp_path / "seven.png").read_bytes() == before
