"""Callbacks watch the first updates of a training that runs anyway, and change nothing of it."""

import numpy as np
import pytest
import torch
from torch import nn

from unstuck.adapters.pytorch.lightning import ExamineFirstUpdates

x = torch.tensor(np.random.default_rng(3).normal(size=(120, 6)), dtype=torch.float32)
y = (x[:, 0] > 0).long()


def trained(callback=None, last=(), updates=40):
    """The losses of a small network, with the hooks of Lightning called around its updates."""
    torch.manual_seed(4)
    model = nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Dropout(0.2), nn.Linear(8, 2), *last)
    optimizer, losses = torch.optim.Adam(model.parameters(), lr=0.01), []
    if callback is not None:
        callback.on_train_start(None, model)
    for i in range(updates):
        loss = nn.functional.cross_entropy(model(x[i % 4 :: 4]), y[i % 4 :: 4])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        if callback is not None:
            callback.on_train_batch_end(None, model, None, None, i)
    if callback is not None:
        callback.on_train_end(None, model)
    return losses


def test_the_training_is_the_same_to_the_bit_and_goes_on_after_what_is_watched():
    said = []
    callback = ExamineFirstUpdates(5, said.append)
    before = nn.Module.__call__
    assert trained(callback) == trained()
    assert (said, callback.seen) == ([], [])
    assert nn.Module.__call__ is before


def test_what_is_wrong_is_said_once_with_its_line():
    said = []
    trained(ExamineFirstUpdates(5, said.append), last=[nn.Softmax(dim=1)])
    assert len(said) == 1
    assert said[0].startswith("unstuck: L01 (proved)")


def test_a_training_shorter_than_what_is_watched_is_judged_at_its_end():
    callback = ExamineFirstUpdates(50, lambda _: None)
    trained(callback, last=[nn.Softmax(dim=1)], updates=6)
    assert [one.code for one in callback.seen] == ["L01"]


@pytest.mark.parametrize(("activation", "codes"), [("softmax", []), (None, ["L02"])])
def test_fit_of_keras_is_watched_and_left_as_it_is(monkeypatch, activation, codes):
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    keras = pytest.importorskip("keras")
    from unstuck.adapters.keras.callback import ExamineFirstUpdates as ForKeras

    def fitted(callbacks):
        keras.utils.set_random_seed(1)
        layers = [keras.Input((6,)), keras.layers.Dense(8, "relu"), keras.layers.Dense(2, activation)]
        model = keras.Sequential(layers)
        model.compile("adam", "sparse_categorical_crossentropy")
        return model.fit(x.numpy(), y.numpy(), batch_size=10, epochs=3, verbose=0, callbacks=callbacks).history

    callback = ForKeras(8, lambda _: None)
    assert fitted([callback]) == fitted([])
    assert [one.code for one in callback.seen] == codes
