"""What training says when its numbers stop being finite."""

import numpy as np

from unstuck.nn.network import Network

Array = np.ndarray


def explain_non_finite(network: Network, x: Array, update: int, learning_rate: float) -> str:
    """Where the first number that is not finite stands when inputs x (n, n_inputs) pass, and what probably made it."""
    where, moved = "the gradients", update > 1
    for i, (layer, this) in enumerate(zip(network.layers, network.forward(network.prepare(x))), start=1):
        parameters = [layer.weights] if layer.biases is None else [layer.weights, layer.biases]
        if not all(np.isfinite(parameter).all() for parameter in parameters):
            where, moved = f"the parameters of layer {i}", True  # the first ones are numbers
            break
        if not np.isfinite(this.z).all():
            where = f"the pre-activations of layer {i}"
            break
    if moved:
        cause = f"the learning rate {learning_rate:g} is probably too high"
    else:
        cause = "the inputs, the targets or the initial weights are too large"
    return f"training stopped at update {update}: {where} are not finite; {cause}"
