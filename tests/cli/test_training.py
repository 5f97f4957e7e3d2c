"""`unstuck train` and `unstuck recipes`: what they print, their exit codes, and what they leave behind."""

import json
import subprocess
import sys

import numpy as np
import pytest

from tests.cli.answers import assert_one_sentence, only_document
from unstuck.nn.engine import training_run
from unstuck.nn.files.model_file import load
from unstuck.nn.initializers import INITIALIZERS
from unstuck.nn.losses import LOSSES
from unstuck.nn.schedules import SCHEDULES
from unstuck.recipes import recipes, runs

TRAIN_KEYS = {"recipe", "data", "train_examples", "test_examples", "sizes", "epochs", "seconds", "images_per_second"}
TRAIN_KEYS |= {"train_loss", "train_accuracy", "validation_accuracy", "test_accuracy", "model", "seed"}

XOR = ["train", "--recipe", "xor", "--epochs", "200"]


def test_train_saves_a_model_and_reports_in_text(shell, tmp_path):
    result = shell(*XOR)
    assert result.exit_code == 0, result.stderr
    assert result.stdout.startswith("xor: 2-4-1; sigmoid, sigmoid output, squared error; sgd at 2 with momentum 0.9")
    assert "test accuracy 100.00%, 0 of 4 wrong\nsaved as model.safetensors\n" in result.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["model.safetensors"]


def test_train_json_has_the_promised_keys(shell):
    document = only_document(shell(*XOR, "--seed", 5, "--out", "xor.st", "--json"))
    assert set(document) == TRAIN_KEYS
    assert document["recipe"] == document["data"] == "xor"
    assert document["sizes"] == [2, 4, 1]
    assert (document["epochs"], document["seed"], document["model"]) == (200, 5, "xor.st")


def test_options_replace_the_settings_of_the_recipe(shell, digits):
    arguments = "--hidden 12,6 --activation leaky-relu --initializer lecun_normal --optimizer adam --learning-rate 0.01"
    arguments += " --schedule one-cycle --batch-size 20 --epochs 30 --l2 1e-5 --dropout 0.1 --validation 50"
    arguments += " --seed 1 --dtype float64 --json --out a.st"
    document = only_document(shell("train", "--data", digits, *arguments.split()))
    assert document["sizes"] == [784, 12, 6, 10]
    assert document["train_examples"] == 150
    assert document["validation_accuracy"] is not None
    again = only_document(shell("train", "--data", digits, *arguments.split()[:-1], "b.st"))
    assert again["train_loss"] == document["train_loss"]


def test_deterministic_reaches_the_training(shell, monkeypatch):
    asked = []
    monkeypatch.setattr(training_run, "is_compiled_faster", lambda *arguments: bool(asked.append(arguments)))
    assert shell(*XOR, "--deterministic").exit_code == 0
    assert not asked
    assert shell(*XOR).exit_code == 0
    assert len(asked) == 1


def test_a_full_batch_makes_one_update_an_epoch(shell, digits):
    document = only_document(
        shell("train", "--data", digits, "--batch-size", "full", "--hidden", "", "--epochs", 2, "--json")
    )
    assert document["sizes"] == [784, 10]


def test_the_help_names_every_choice(shell):
    text = shell("train", "--help").output
    for name in [*LOSSES, *SCHEDULES, "sigmoid", "tanh", "relu", "leaky_relu", "sgd", "momentum", "nesterov", "adamw"]:
        assert name in text
    assert "he_normal" in INITIALIZERS


def test_the_help_stands_in_groups_and_states_the_defaults_of_the_default_recipe(shell):
    text = " ".join(shell("train", "--help").output.split())
    default = recipes.RECIPES["default"]
    headings = [text.index(f"{heading}: --") for heading in ("Network", "Training", "Data", "Results")]
    assert headings == sorted(headings)
    for option, value in {
        "--hidden": ",".join(map(str, default.hidden)),
        "--activation": default.activation,
        "--loss": default.loss,
        "--initializer": default.initializer,
        "--dropout": f"{default.dropout:g}",
        "--optimizer": f"{default.optimizer} with momentum {default.momentum:g}",
        "--learning-rate": f"{default.learning_rate:g}",
        "--schedule": default.schedule,
        "--batch-size": str(default.batch_size),
        "--epochs": str(default.epochs),
        "--l2": f"{default.l2:g}",
    }.items():
        entry = text[text.index(f" {option} ") + 1 :].split(" --", 1)[0]
        assert f"[default: {value}]" in entry, option


def test_recipes_lists_all_of_them(shell):
    result = shell("recipes")
    assert result.exit_code == 0
    assert all(f"{name}  " in result.stdout for name in recipes.RECIPES)


@pytest.mark.parametrize("picture_format", ["png", "svg"])
def test_plot_writes_four_pictures(shell, tmp_path, picture_format):
    result = shell(*XOR, "--plot", "pictures", "--plot-format", picture_format)
    assert result.exit_code == 0, result.stderr
    names = ["confusion-matrix", "first-layer-weights", "learning-curves", "worst-mistakes"]
    pictures = sorted((tmp_path / "pictures").iterdir())
    assert [path.name for path in pictures] == [f"{name}.{picture_format}" for name in names]
    start = {"png": b"\x89PNG", "svg": b"<?xml"}[picture_format]
    assert all(path.read_bytes().startswith(start) for path in pictures)


def test_plot_without_matplotlib_says_so_before_training(shell, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    assert_one_sentence(shell(*XOR, "--plot", "pictures"), '--plot needs matplotlib: pip install "unstuck[plot]"')
    assert not list(tmp_path.iterdir())


def test_log_dir_gets_events_that_tensorboard_reads(shell, tmp_path):
    result = shell("train", "--recipe", "xor", "--epochs", 5, "--log-dir", "logs/first")
    assert result.exit_code == 0, result.stderr
    assert len(list((tmp_path / "logs" / "first").iterdir())) == 1


def test_log_dir_without_the_extra_says_so_before_training(shell, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    assert_one_sentence(shell(*XOR, "--log-dir", "logs"), 'pip install "unstuck[tensorboard]"')
    assert not list(tmp_path.iterdir())


def test_a_log_dir_that_cannot_be_made_is_one_sentence(shell, tmp_path):
    (tmp_path / "taken").write_text("")
    assert_one_sentence(shell(*XOR, "--log-dir", "taken"), "cannot write logs into taken")


def test_an_interrupted_run_resumes_to_the_same_network(shell, tmp_path, monkeypatch):
    monkeypatch.setattr(training_run, "SECONDS_BETWEEN_CHECKPOINTS", 0)

    def interrupt(progress):
        if progress.epoch == 100:
            raise KeyboardInterrupt

    recipe = recipes.change(recipes.find_recipe("xor"), {"epochs": 200})
    with pytest.raises(KeyboardInterrupt):
        runs.run(recipe, runs.load_data(recipe), callbacks=[interrupt], checkpoint="resumed.checkpoint")
    assert (tmp_path / "resumed.checkpoint").exists()
    shell(*XOR, "--out", "whole")
    shell(*XOR, "--out", "resumed", "--resume")
    for whole, resumed in zip(load("whole").parameters, load("resumed").parameters, strict=True):
        np.testing.assert_array_equal(whole, resumed)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["resumed", "whole"]


BAD_INPUT = {
    "train --recipe nonsense": ["unknown recipe 'nonsense'", "default, "],
    "train --data nowhere": ["nowhere"],
    "train --hidden 10,x": ["--hidden", "'10,x'"],
    "train --hidden 0": ["--hidden"],
    "train --hidden 5,²": ["--hidden", "'5,²'"],
    "train --hidden 99999999999999999999": ["--hidden", "1,000,000"],
    "train --recipe xor --hidden 1000000,1000000": ["out of memory"],
    "train --recipe xor --activation step": ["unknown activation 'step'", "sigmoid"],
    "train --recipe xor --loss hinge": ["unknown loss 'hinge'", "cross_entropy"],
    "train --recipe xor --initializer ones": ["unknown initializer 'ones'"],
    "train --recipe xor --optimizer lion": ["unknown optimizer 'lion'"],
    "train --recipe xor --schedule sine": ["unknown schedule 'sine'"],
    "train --recipe xor --learning-rate -1": ["learning_rate is -1.0"],
    "train --recipe xor --learning-rate nan": ["learning_rate is nan"],
    "train --batch-size 0": ["--batch-size"],
    "train --batch-size ²": ["--batch-size", "'²'"],
    "train --batch-size ten": ["--batch-size", "'ten'"],
    "train --epochs 0": ["--epochs"],
    "train --recipe xor --l2 -1": ["l2 is -1.0"],
    "train --recipe xor --dropout 1": ["dropout is 1.0"],
    "train --dtype float16": ["--dtype", "float16"],
    "train --seed -1": ["--seed"],
    "train --recipe xor --validation 4": ["validation is 4"],
    "train --out nowhere/model": ["--out", "nowhere"],
    "train --out .": ["--out", "is a folder"],
    "train --epochs 1 --learning-rate 1e38": ["not finite", "learning rate"],
    "train --nonsense": ["--nonsense"],
    "train surplus": ["surplus"],
}


@pytest.mark.parametrize("command", BAD_INPUT)
def test_bad_input_is_one_sentence_and_leaves_nothing_behind(shell, tmp_path, command):
    assert_one_sentence(shell(*command.split()), *BAD_INPUT[command])
    assert not list(tmp_path.iterdir())


def test_progress_is_silent_where_stderr_is_no_terminal(tmp_path):
    command = [sys.executable, "-m", "unstuck.cli", *XOR, "--json"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert json.loads(done.stdout)["recipe"] == "xor"


def test_a_training_that_teaches_nothing_says_so(shell, digits):
    result = shell("train", "--data", digits, "--hidden", "16", "--epochs", 2, "--learning-rate", 500)
    assert "has learnt next to nothing" in result.stderr
    assert "learnt" not in shell("train", "--data", digits, "--hidden", "16", "--epochs", 20).stderr


def test_a_resumed_training_says_where_it_goes_on(shell, digits):
    result = shell("train", "--data", digits, "--hidden", "16", "--epochs", 1, "--resume")
    assert "nothing to resume at model.safetensors.checkpoint" in result.stderr


def test_the_model_never_replaces_the_examples(shell, digits):
    before = digits.read_bytes()
    assert_one_sentence(shell("train", "--data", digits, "--epochs", 1, "--out", "digits.csv"), "is the data itself")
    assert digits.read_bytes() == before


def test_one_class_alone_is_refused(shell, tmp_path):
    (tmp_path / "data.csv").write_text("".join(f"7,{i},0,0,9\n" for i in range(60)))
    assert_one_sentence(shell("train", "--data", "data.csv"), "every training example is of the class 7")


def test_training_needs_no_stderr(shell, tmp_path):
    command = f"exec 2>&-; exec {sys.executable} -m unstuck train --recipe xor --epochs 5 --json"
    run = subprocess.run(["sh", "-c", command], cwd=tmp_path, capture_output=True)
    assert run.returncode == 0
    assert json.loads(run.stdout)["epochs"] == 5
