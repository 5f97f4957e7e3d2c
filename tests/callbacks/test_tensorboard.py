"""What a run logs is what TensorBoard's own reader finds."""

import time

import numpy as np
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

import unstuck
from unstuck.callbacks.tensorboard import last_epoch
from unstuck.nn.history import History

X = np.random.default_rng(0).random((40, 3))


def read_back(folder):
    """The values by epoch of each scalar in the logs of a folder."""
    events = EventAccumulator(str(folder))
    events.Reload()
    return {name: {e.step: e.value for e in events.Scalars(name)} for name in events.Tags()["scalars"]}


def test_each_epoch_is_read_back(tmp_path):
    network = unstuck.Network([3, 4, 2], seed=0)
    labels = (X[:, 0] > 0.5).astype(int)
    with unstuck.tensorboard_log(tmp_path / "run") as log:
        history = unstuck.train(network, (X, labels), epochs=3, batch_size=10, validation=10, callbacks=[log])
    scalars = read_back(tmp_path / "run")
    expected = {
        "loss/train": history.train_loss,
        "accuracy/train": history.train_accuracy,
        "loss/validation": history.validation_loss,
        "accuracy/validation": history.validation_accuracy,
    }
    assert set(scalars) == {*expected, "seconds"}
    for name, values in expected.items():
        assert scalars[name] == pytest.approx(dict(enumerate(values, start=1)), rel=1e-6)


def test_an_epoch_can_be_read_while_the_run_goes_on(tmp_path):
    def wait_for_the_epoch(progress):
        given_up = time.monotonic() + 30
        while progress.epoch not in read_back(tmp_path).get("loss/train", {}):
            assert time.monotonic() < given_up, "the epoch was never written"
            time.sleep(0.05)

    network = unstuck.Network([3, 2], output="linear", loss="squared_error")
    with unstuck.tensorboard_log(tmp_path) as log:
        unstuck.train(network, (X, X[:, :2]), epochs=2, callbacks=[log, wait_for_the_epoch])


def test_a_regression_logs_no_accuracy():
    history = History(train_loss=[0.5, 0.25], train_accuracy=[None, None], seconds=2.0)
    assert last_epoch(history) == {"loss/train": 0.25, "seconds": 2.0}


def test_the_log_is_closed_when_training_fails(tmp_path):
    def stop(progress):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), unstuck.tensorboard_log(tmp_path) as log:
        unstuck.train(unstuck.Network([3, 2]), (X, np.arange(40) % 2), epochs=2, callbacks=[log, stop])
    assert set(read_back(tmp_path)["loss/train"]) == {1}
