"""The named configurations, and runs of them."""

import dataclasses

import numpy as np
import pytest

from unstuck.data import Dataset
from unstuck.errors import DataError, TrainingError
from unstuck.nn.optimizers import SGD, Adam
from unstuck.recipes import recipes, runs


@pytest.fixture(scope="module")
def small():
    """Two classes in 2 x 2 images: the bright pixel is in the upper or in the lower row."""
    generator = np.random.default_rng(0)
    y = generator.integers(0, 2, 300)
    images = generator.integers(0, 60, (300, 4), dtype=np.uint8)
    images[np.arange(300), 2 * y + generator.integers(0, 2, 300)] = 255
    return Dataset(images[:240], y[:240], images[240:], y[240:], name="small")


def test_every_recipe_of_the_contract_is_there():
    names = "default sigmoid-cross-entropy tanh-squared-error xor sigmoid-momentum relu-softmax nielsen "
    names += "nielsen-cross-entropy best permutation-invariant"
    assert list(recipes.RECIPES) == names.split()
    assert all(name == recipe.name for name, recipe in recipes.RECIPES.items())


@pytest.mark.parametrize("name", recipes.RECIPES)
def test_every_recipe_trains_without_a_warning(name, small):
    recipe = recipes.change(recipes.find_recipe(name), {"epochs": 2, "hidden": (5,)})
    run = runs.run(recipe, small)
    assert run.history.epochs == 2
    assert np.isfinite(run.history.train_loss).all()


def test_an_unknown_recipe_names_the_known_ones():
    with pytest.raises(TrainingError, match="unknown recipe 'nonsense': expected one of default, "):
        recipes.find_recipe("nonsense")


def test_another_loss_brings_its_output_function():
    recipe = recipes.find_recipe("default")
    assert recipes.change(recipe, {"loss": "binary_cross_entropy"}).output == "sigmoid"
    assert recipes.change(recipe, {"loss": "squared_error"}).output == "sigmoid"
    assert recipes.change(recipe, {"loss": "cross_entropy"}).output == "softmax"
    tanh = recipes.find_recipe("tanh-squared-error")
    assert recipes.change(tanh, {"loss": "squared_error"}).output == "tanh"


def test_another_optimizer_brings_its_learning_rate_unless_one_is_given():
    recipe = recipes.find_recipe("default")
    assert runs.build_optimizer(recipes.change(recipe, {"optimizer": "adam"})) == Adam()
    given = recipes.change(recipe, {"optimizer": "adam", "learning_rate": 0.01})
    assert runs.build_optimizer(given) == Adam(0.01)


def test_momentum_and_nesterov_are_sgd():
    recipe = recipes.find_recipe("nielsen")
    assert runs.build_optimizer(recipe) == SGD(3.0)
    assert runs.build_optimizer(recipes.change(recipe, {"optimizer": "momentum"})) == SGD(3.0, 0.9)
    assert runs.build_optimizer(recipes.change(recipe, {"optimizer": "nesterov"})) == SGD(3.0, 0.9, nesterov=True)
    with pytest.raises(TrainingError, match="unknown optimizer 'lion': expected one of sgd, momentum"):
        runs.build_optimizer(recipes.change(recipe, {"optimizer": "lion"}))


def test_two_classes_share_one_output_unless_it_is_softmax():
    assert runs.build_network(recipes.find_recipe("nielsen"), 4, 2, 0, "float32").sizes[-1] == 1
    assert runs.build_network(recipes.find_recipe("default"), 4, 2, 0, "float32").sizes[-1] == 2


def test_a_run_reports_what_the_shell_promises(small):
    run = runs.run(recipes.find_recipe("default"), small, seed=3, validation=40)
    facts = run.to_dict()
    assert facts["train_examples"] == 200
    assert facts["test_examples"] == 60
    assert facts["sizes"] == [4, 256, 2]
    assert facts["seed"] == 3
    assert facts["test_accuracy"] == run.network.accuracy(small.images_test, small.y_test)
    assert facts["validation_accuracy"] == run.history.validation_accuracy[-1]


def test_early_stopping_alone_holds_out_a_sixth_and_reports_the_epoch_it_kept(small):
    recipe = recipes.change(recipes.find_recipe("default"), {"epochs": 60, "learning_rate": 1.0})
    run = runs.run(recipe, small, early_stopping=2)
    facts = run.to_dict()
    assert facts["train_examples"] == 200
    assert facts["train_loss"] == run.history.train_loss[run.history.best_epoch - 1]


def test_a_data_set_without_test_labels_has_no_test_accuracy(small):
    untested = dataclasses.replace(small, images_test=small.images_test[:0], y_test=small.y_test[:0])
    assert runs.run(recipes.find_recipe("default"), untested).to_dict()["test_accuracy"] is None


def test_a_data_set_without_training_examples_is_an_error(small):
    empty = dataclasses.replace(small, images_train=small.images_train[:0], y_train=small.y_train[:0])
    with pytest.raises(DataError, match="small has no training examples"):
        runs.run(recipes.find_recipe("default"), empty)


def test_xor_is_learnt_to_within_a_tenth():
    recipe = recipes.find_recipe("xor")
    run = runs.run(recipe, runs.load_data(recipe))
    np.testing.assert_allclose(run.test.scores[:, 0], [0, 1, 1, 0], atol=0.1)
