"""The script's own imports say which framework it trains with."""

import pytest

from unstuck.adapters.frameworks import examine_framework, framework_of
from unstuck.errors import CaseError


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("import torch\n", "pytorch"),
        ("import torch.nn as nn\n", "pytorch"),
        ("from torch import nn\n", "pytorch"),
        ("import keras\nimport torch\n", "keras"),
        ("from tensorflow.keras.models import Sequential\n", "keras"),
        ("from tensorflow import keras\n", "keras"),
        ("import tensorflow as tf\nmodel = tf.keras.Sequential()\n", "keras"),
        ("import numpy as np\nfrom keras.datasets import mnist\n", None),
        ("from tensorflow.examples.tutorials.mnist import input_data\n", None),
        ("from keras.utils import to_categorical\nfrom keras.datasets import mnist\n", None),
        ("import tensorflow as tf\ndata = tf.keras.datasets.mnist.load_data()\n", None),
        ("import keras\ndata = keras.datasets.mnist.load_data()\n", None),
        ("import keras\ndata = keras.datasets.mnist.load_data()\nmodel = keras.Sequential()\n", "keras"),
        ("import torch\nfrom tensorflow import keras\ndata = keras.datasets.mnist.load_data()\n", "pytorch"),
        ("import numpy as np\n", None),
    ],
)
def test_framework_of(text, expected):
    assert framework_of(text) == expected


def test_a_missing_framework_is_one_sentence_that_names_the_extra(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(CaseError, match=r"torch is not installed: install unstuck\[torch\]"):
        examine_framework("pytorch", None, "train", True, print, print)
