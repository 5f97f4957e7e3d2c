"""What is seen of Keras: where it stands in for TensorFlow, and what its data are."""

import os

import numpy as np
import pytest

os.environ.setdefault("KERAS_BACKEND", "torch")
pytest.importorskip("keras")

from tests.adapters.running import runner, written
from unstuck.adapters.keras import tensorflow
from unstuck.adapters.keras.data import count_learnt
from unstuck.adapters.keras.watch import KERAS
from unstuck.adapters.watched.conclusion import look
from unstuck.adapters.watched.events import ModelCalled, Penalised
from unstuck.adapters.watched.examine import run_under
from unstuck.adapters.watched.history import History


@pytest.mark.skipif(not tensorflow.is_missing(), reason="TensorFlow is installed")
@pytest.mark.parametrize(
    ("text", "said"),
    [("from tensorflow.keras.layers import Dense\n", (tensorflow.SERVED,)), ("from keras.layers import Dense\n", ())],
)
def test_it_is_said_where_keras_serves_as_tensorflow(tmp_path, text, said):
    watch = KERAS.watch(10, {}, 0, False)
    with watch.at_work():
        outcome = runner(written(tmp_path, text))(watch)
    assert outcome.error is None
    assert watch.remarks == said


def test_examples_that_are_learnt_from_are_counted_among_those_of_the_validation():
    x = np.random.default_rng(0).normal(size=(50, 4))
    assert count_learnt((x[:10], None), x) == (10, 10)
    assert count_learnt((np.concatenate([x[:3], x[:5] + 1]), None), x) == (8, 3)
    assert count_learnt((x[:10, :2], None), x) is None
    assert count_learnt(None, x) is None


STEP = """\
import numpy as np
import torch
import keras

rng = np.random.default_rng(0)
x = rng.normal(size=(200, 4)).astype("float32")
y = (x[:, 0] > 0).astype("int64")


class Net(keras.Model):
    def __init__(self):
        super().__init__()
        self.out = keras.layers.Dense(2)

    def call(self, inputs):
        return self.out(inputs)

    def train_step(self, data):
        self.zero_grad()
        logits = self(data[0])
        loss = self.compute_loss(y=data[1], y_pred=logits)
        loss.backward()
        #
        with torch.no_grad():
            self.optimizer.apply([v.value.grad for v in self.trainable_weights], self.trainable_weights)
        return {"loss": loss}


model = Net()
model.compile(keras.optimizers.Adam(0.1), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
model.fit(x[:100], y[:100], epochs=15, batch_size=20, validation_data=(x[100:], y[100:]))
order = np.arange(100)
answers = np.argmax(model.predict(x[100:]), axis=1)
print(np.mean(answers == y[100:][order]))
"""


def look_in(folder, text):
    watch = KERAS.watch(200, {}, 0, False)
    run_under(runner(written(folder, text)), watch)
    return look(History(watch.events, watch.updates))


def seen_in(folder, text):
    return [(one.code, one.place.line) for one in look_in(folder, text)]


def test_a_step_of_ones_own_that_is_right_is_left_alone(tmp_path):
    assert seen_in(tmp_path, STEP) == []


def test_gradients_that_are_gone_before_they_are_applied_are_seen_where_keras_refuses_them(tmp_path):
    assert seen_in(tmp_path, STEP.replace("#", "self.zero_grad()")) == [("U05", 23)]


def test_a_layer_that_is_given_no_gradient_is_told_at_the_optimiser(tmp_path):
    text = STEP.replace("return self.out(inputs)", "return self.out(self.body(inputs))")
    text = text.replace("self.out = ", "self.body = keras.layers.Dense(4, activation='tanh')\n        self.out = ")
    text = text.replace("self.trainable_weights", "self.out.trainable_weights")
    (found,) = [one for one in look_in(tmp_path, text) if one.code == "U11"]
    assert (found.place.line, found.certain) == (31, False)


def test_predictions_are_held_against_the_labels_that_their_inputs_had(tmp_path):
    text = STEP.replace("np.arange(100)", "rng.permutation(100)")
    assert seen_in(tmp_path, text) == [("E02", 34)]


def test_units_that_start_as_copies_are_seen_where_their_layer_is_made(tmp_path):
    text = """\
import numpy as np
from keras import Sequential, layers
x = np.random.default_rng(0).normal(size=(200, 4))
model = Sequential([
    layers.Dense(8, activation="tanh", kernel_initializer="ones"),
    layers.Dense(2, activation="softmax", kernel_initializer="ones"),
])
model.compile("sgd", "sparse_categorical_crossentropy")
model.fit(x, (x[:, 0] > 0).astype(int), epochs=1)
"""
    assert seen_in(tmp_path, text) == [("A01", 5)]
    assert seen_in(tmp_path, text.replace("ones", "glorot_uniform")) == []


def test_a_penalty_on_weights_is_noted_and_can_be_left_out(tmp_path):
    text = """\
import numpy as np
from keras import Sequential, layers, regularizers
model = Sequential([layers.Dense(3, kernel_regularizer=regularizers.L2(1e9))])
model.compile("sgd", "mse")
model.fit(np.ones((20, 2)), np.ones((20, 3)), verbose=0)
print(np.isfinite(model.get_weights()[0]).all() and abs(model.get_weights()[0]).max() < 10)
"""
    for repairs, bounded in (({}, "False\n"), ({"decay": 0.0}, "True\n")):
        watch, printed = KERAS.watch(20, repairs, 0, False), []
        run_under(runner(written(tmp_path, text), printed), watch)
        assert printed == [bounded]
        assert [event.place.line for event in watch.events if isinstance(event, Penalised)] == [3]


def test_a_model_that_goes_from_fold_to_fold_is_validated_with_what_it_has_learnt(tmp_path):
    text = """\
import numpy as np
from keras import Sequential, layers
from sklearn.model_selection import KFold
x = np.random.default_rng(0).normal(size=(120, 4))
y = (x[:, 0] > 0).astype(int)
def build():
    model = Sequential([layers.Dense(2, activation="softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy")
    return model
model = build()
for rest, held_back in KFold(3).split(x):
    #
    model.fit(x[rest], y[rest], epochs=60, validation_data=(x[held_back], y[held_back]), verbose=0)
"""
    assert seen_in(tmp_path, text) == [("D06", 13)]
    assert seen_in(tmp_path, text.replace("#", "model = build()")) == []


def test_a_schedule_that_is_gone_within_a_pass_is_seen_and_can_be_held(tmp_path):
    text = """\
import numpy as np
import keras
rates = keras.optimizers.schedules.ExponentialDecay(0.1, decay_steps=1, decay_rate=0.5)
model = keras.Sequential([keras.layers.Dense(2, activation="softmax")])
model.compile(keras.optimizers.Adam(rates), "sparse_categorical_crossentropy")
model.fit(np.random.randn(200, 3), np.random.randint(0, 2, 200), batch_size=10, verbose=0)
print(float(model.optimizer.learning_rate) > 0.05)
"""
    assert seen_in(tmp_path, text) == [("U08", 5)]
    assert seen_in(tmp_path, text.replace("decay_steps=1", "decay_steps=1000")) == []
    for repairs, held in (({}, "False\n"), ({"schedule": True}, "True\n"), ({"rate": 1e9}, "True\n")):
        printed = []
        run_under(runner(written(tmp_path, text), printed), KERAS.watch(20, repairs, 0, False))
        assert printed == [held]


def test_models_of_several_outputs_and_losses_of_pytorch_are_watched(tmp_path):
    text = """\
import keras
import numpy as np
import torch
from keras import layers
x, y = np.random.randn(60, 4).astype("float32"), np.random.randint(0, 2, 60)
given = keras.Input((4,))
model = keras.Model({"given": given}, {"a": layers.Dense(2, name="a")(given), "b": layers.Dense(1, name="b")(given)})
loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
model.compile("sgd", {"a": loss, "b": "mse"})
model.fit({"given": x}, {"a": y, "b": x[:, 0]}, epochs=1, verbose=0)
optimizer, loss = torch.optim.SGD(model.parameters(), 0.1), torch.nn.CrossEntropyLoss()
for k in range(4):
    optimizer.zero_grad()
    loss(model({"given": torch.tensor(x)})["a"], torch.tensor(y)).backward()
    optimizer.step()
"""
    watch = KERAS.watch(200, {}, 0, False)
    assert run_under(runner(written(tmp_path, text)), watch).error is None
    assert watch.updates == 2 + 4
    assert {event.which for event in watch.events if isinstance(event, ModelCalled)} == {0}


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ('monitor="val_accuracy", mode="min"', [("U09", 5)]),
        ('monitor="val_loss", mode="max"', [("U09", 5)]),
        ('monitor="val_accuracy", mode="max"', []),
        ('monitor="val_loss"', []),
    ],
)
def test_a_training_that_stops_as_it_gets_better(given, found, tmp_path):
    text = f"""\
import keras
import numpy as np
x, y = np.random.randn(120, 3).astype("float32"), np.random.randint(0, 2, 120)
model = keras.Sequential([keras.layers.Dense(2, activation="softmax")])
stop = keras.callbacks.EarlyStopping({given})
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(x[:80], y[:80], validation_data=(x[80:], y[80:]), callbacks=[stop], epochs=2)
"""
    assert seen_in(tmp_path, text) == found


def test_a_rate_that_a_callback_lowers_is_seen_and_can_be_held(tmp_path):
    text = """\
import keras
import numpy as np
plan = keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate * 0.1 ** epoch)
model = keras.Sequential([keras.layers.Dense(2, activation="softmax")])
model.compile("adam", "sparse_categorical_crossentropy")
model.fit(np.random.randn(40, 3), np.random.randint(0, 2, 40), callbacks=[plan], epochs=5, verbose=0)
print(float(model.optimizer.learning_rate) > 0.0009)
"""
    assert seen_in(tmp_path, text) == [("U08", 6)]
    printed = []
    run_under(runner(written(tmp_path, text), printed), KERAS.watch(20, {"schedule": True}, 0, False))
    assert printed == ["True\n"]


def test_arguments_of_a_loss_that_differ_in_shape_are_named(tmp_path):
    text = """\
import keras
import numpy as np
model = keras.Sequential([keras.layers.Dense(3, activation="softmax")])
model.compile("adam", "categorical_crossentropy")
model.fit(np.random.randn(40, 3), np.random.randint(0, 3, 40), verbose=0)
"""
    assert ("D09", 4) in seen_in(tmp_path, text)
