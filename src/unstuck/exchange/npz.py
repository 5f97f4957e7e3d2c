"""NumPy archives: the parameters by name, and the description as JSON text."""

import io
import json
import os

import numpy as np

from unstuck.nn.files.storage import write_model_file
from unstuck.nn.network import Network


def write_npz(network: Network, path: str | os.PathLike[str]) -> None:
    """Write weights_1 (n_in, n_out), biases_1 (n_out,), weights_2, … and `description`, a text of JSON.

    Layer i answers activation(a @ weights_i + biases_i); the first one receives the inputs as
    low + (high - low) x, where x is in [0, 1] and low, high are the `input_range` of the description. No pickles.
    """
    arrays = dict(zip(network.parameter_names, network.parameters))
    content = io.BytesIO()
    np.savez(content, allow_pickle=False, description=np.array(json.dumps(network.description)), **arrays)
    write_model_file(path, content.getvalue())
