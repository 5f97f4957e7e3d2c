"""Healthy Keras scripts drawn at random: tasks, layers, losses, optimisers, callbacks, and ways to build a model.

A script is put together from parts as people write them; every combination that can be drawn learns.
"""

from __future__ import annotations

import random

HEAD = """import numpy as np
import keras
from keras import layers
from sklearn.datasets import load_breast_cancer, load_digits, load_wine
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

keras.utils.set_random_seed(7)
"""
DATA = {
    "digits": "data = load_digits()\nx, y = (data.data / 16).astype('float32'), data.target\n"
    "shape, n_classes = (64,), 10\n",
    "images": "data = load_digits()\nx, y = (data.images / 16).astype('float32')[..., None], data.target\n"
    "shape, n_classes = (8, 8, 1), 10\n",
    "rows": "data = load_digits()\nx, y = (data.images / 16).astype('float32'), data.target\n"
    "shape, n_classes = (8, 8), 10\n",
    "wine": "data = load_wine()\nx, y = StandardScaler().fit_transform(data.data).astype('float32'), data.target\n"
    "shape, n_classes = (13,), 3\n",
    "cancer": "data = load_breast_cancer()\n"
    "x, y = StandardScaler().fit_transform(data.data).astype('float32'), data.target\n"
    "shape, n_classes = (30,), 2\n",
    "numbers": "rng = np.random.default_rng(0)\nx = rng.normal(size=(900, 5)).astype('float32')\n"
    "y = (x[:, 0] - 2 * x[:, 1] + x[:, 2] * x[:, 3]).astype('float32')\nshape, n_classes = (5,), 1\n",
    "pictures": "data = load_digits()\nx = (data.data / 16).astype('float32')\ny = x\nshape, n_classes = (64,), 64\n",
}


def _layers(draw: random.Random, task: str) -> list[str]:
    width, act = draw.choice((24, 48, 96)), draw.choice(("relu", "tanh", "gelu", "elu"))
    if task == "images":
        return [
            "layers.Conv2D(12, 3, padding='same', activation='relu')",
            draw.choice(("layers.MaxPooling2D()", "layers.AveragePooling2D()")),
            *draw.choice(((), ("layers.BatchNormalization()",))),
            "layers.Flatten()",
        ]
    if task == "rows":
        return [draw.choice(("layers.LSTM(48)", "layers.GRU(48)", "layers.Bidirectional(layers.LSTM(24))"))]
    if task == "pictures":
        return [
            f"layers.Dense(48, activation='{act}')",
            "layers.Dense(16, activation='relu')",
            "layers.Dense(48, activation='relu')",
        ]
    extra = draw.choice(((), ("layers.Dropout(0.2)",), ("layers.BatchNormalization()",)))
    decay = draw.choice(("", ", kernel_regularizer=keras.regularizers.l2(1e-4)", ", kernel_initializer='he_normal'"))
    second = draw.choice(((), (f"layers.Dense({width}, activation='{act}')",)))
    return [f"layers.Dense({width}, activation='{act}'{decay})", *extra, *second]


def _end(draw: random.Random, task: str) -> tuple[str, str, str]:
    """The last layer, the loss and the metrics; targets as they are."""
    if task == "pictures":
        return draw.choice(
            (
                ("layers.Dense(64, activation='sigmoid')", "'mse'", "None"),
                ("layers.Dense(64, activation='sigmoid')", "'binary_crossentropy'", "None"),
                ("layers.Dense(64)", "'mse'", "None"),
            )
        )
    if task == "numbers":
        return (
            "layers.Dense(1)",
            draw.choice(("'mse'", "'mae'", "keras.losses.Huber()")),
            draw.choice(("None", "['mae']")),
        )
    if task == "cancer":
        return draw.choice(
            (
                ("layers.Dense(1, activation='sigmoid')", "'binary_crossentropy'", "['accuracy']"),
                (
                    "layers.Dense(1)",
                    "keras.losses.BinaryCrossentropy(from_logits=True)",
                    "[keras.metrics.BinaryAccuracy(threshold=0.0)]",
                ),
                ("layers.Dense(2, activation='softmax')", "'sparse_categorical_crossentropy'", "['accuracy']"),
            )
        )
    return draw.choice(
        (
            ("layers.Dense(n_classes, activation='softmax')", "'sparse_categorical_crossentropy'", "['accuracy']"),
            (
                "layers.Dense(n_classes)",
                "keras.losses.SparseCategoricalCrossentropy(from_logits=True)",
                "['accuracy']",
            ),
            ("layers.Dense(n_classes, activation='softmax')", "'categorical_crossentropy'", "['accuracy']"),
        )
    )


def keras_script(seed: int) -> str:
    """A healthy Keras script."""
    draw = random.Random(1000 + seed)
    task = draw.choice(tuple(DATA))
    body, (last, loss, metrics) = _layers(draw, task), _end(draw, task)
    coded = "y = keras.utils.to_categorical(y, n_classes)\n" if "'categorical" in loss else ""
    optimizer = draw.choice(
        (
            "keras.optimizers.Adam(0.003)",
            "keras.optimizers.SGD(0.05, momentum=0.9)",
            "keras.optimizers.RMSprop()",
            "keras.optimizers.AdamW(3e-3, weight_decay=0.004, clipnorm=5.0)",
            "keras.optimizers.Adam(keras.optimizers.schedules.ExponentialDecay(0.005, 200, 0.9))",
        )
    )
    style = draw.choice(("sequential", "added", "functional", "subclass", "own step"))
    if style == "sequential":
        listed = "".join(f"    {layer},\n" for layer in ["keras.Input(shape)", *body, last])
        model = f"model = keras.Sequential([\n{listed}])\n"
    elif style == "added":
        model = "model = keras.Sequential()\nmodel.add(keras.Input(shape))\n"
        model += "".join(f"model.add({layer})\n" for layer in [*body, last])
    elif style == "functional":
        model = "inputs = keras.Input(shape)\nh = inputs\n" + "".join(f"h = {layer}(h)\n" for layer in body)
        model += f"model = keras.Model(inputs, {last}(h))\n"
    else:
        model = "class Net(keras.Model):\n    def __init__(self):\n        super().__init__()\n"
        model += f"        self.body = [{', '.join(body)}]\n        self.last = {last}\n\n"
        model += "    def call(self, x, training=False):\n        for layer in self.body:\n"
        model += "            x = layer(x, training=training) if 'Dropout' in type(layer).__name__ or 'Batch' in "
        model += "type(layer).__name__ else layer(x)\n        return self.last(x)\n"
        if style == "own step":
            model += """
    def train_step(self, data):
        xb, yb = data
        self.zero_grad()
        answer = self(xb, training=True)
        loss = self.compute_loss(y=yb, y_pred=answer)
        loss.backward()
        weights = self.trainable_weights
        gradients = [v.value.grad for v in weights]
        import torch
        with torch.no_grad():
            self.optimizer.apply(gradients, weights)
        for metric in self.metrics:
            metric.update_state(loss) if metric.name == 'loss' else metric.update_state(yb, answer)
        return {m.name: m.result() for m in self.metrics}
"""
        model += "\n\nmodel = Net()\n"
    callbacks = draw.choice(
        (
            "",
            ", callbacks=[keras.callbacks.EarlyStopping(patience=5, restore_best_weights=True)]",
            ", callbacks=[keras.callbacks.ReduceLROnPlateau(patience=3)]",
            ", callbacks=[keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate * 0.95)]",
        )
    )
    if "schedules" in optimizer and ("RateScheduler" in callbacks or "ReduceLR" in callbacks):
        callbacks = ""  # Keras lets no callback set a rate that has a schedule of its own
    validated = draw.choice(("validation_split=0.1", "validation_data=(x_test, y_test)"))
    weighted = ""
    if task in ("digits", "wine") and not coded and draw.random() < 0.4:
        weighted = ", class_weight={k: 1.0 + 0.2 * (k % 2) for k in range(n_classes)}"
    epochs = 40 if task == "wine" else 10
    size = 16 if task == "wine" else draw.choice((16, 32))
    fit = f"model.fit(x_train, y_train, epochs={epochs}, batch_size={size}, {validated}{callbacks}{weighted})\n"
    judged = draw.choice(
        (
            "print(model.evaluate(x_test, y_test, verbose=0))\n",
            "print(model.predict(x_test, verbose=0)[:3])\n",
        )
    )
    split = "x_train, x_test, y_train, y_test = train_test_split(x, y, test_size=0.2, random_state=1)\n"
    compile_ = f"model.compile(optimizer={optimizer}, loss={loss}, metrics={metrics})\n"
    return "\n".join((HEAD, DATA[task], coded, split, model, compile_ + fit + judged))
