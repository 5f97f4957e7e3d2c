"""Networks on their way to and from other programs.

`onnx.py`: a graph that any ONNX runtime computes. `npz.py`: plain arrays for NumPy. `torch_state.py`: dense layers
that PyTorch has trained.
"""

import os

from unstuck.errors import UnstuckError
from unstuck.nn.network import Network

FORMS = ("onnx", "npz")


def export(network: Network, path: str | os.PathLike[str], form: str) -> None:
    """Write the network for other programs; `form` is "onnx" or "npz".

    The file is complete or not there at all: it is written beside its place and renamed. Raises UnstuckError for
    another form, for an activation of one's own, and if a package is missing; ModelFileError if the place cannot be
    written.
    """
    if form == "onnx":
        from unstuck.exchange.onnx import write_onnx

        write_onnx(network, path)
    elif form == "npz":
        from unstuck.exchange.npz import write_npz

        write_npz(network, path)
    else:
        raise UnstuckError(f"cannot export to {form!r}: expected one of {', '.join(FORMS)}")
