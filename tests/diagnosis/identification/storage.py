"""The same parameters as different authors keep them."""

import numpy as np

from unstuck.diagnosis.twin.parameters import Parameters

STORAGES = ("rows", "columns", "columns_flat_biases", "weights_then_biases", "last_layer_first", "folded_last",
            "folded_first", "folded_columns")  # fmt: skip


def store(parameters: Parameters, storage: str) -> list[np.ndarray]:
    weights, biases = parameters.weights, parameters.biases
    pairs = list(zip(weights, biases))
    match storage:
        case "rows":
            return [array for w, b in pairs for array in (w, b)]
        case "columns":
            return [array for w, b in pairs for array in (w.T, b[:, None])]
        case "columns_flat_biases":
            return [array for w, b in pairs for array in (w.T, b)]
        case "weights_then_biases":
            return [*weights, *biases]
        case "last_layer_first":
            return [array for w, b in pairs[::-1] for array in (w, b)]
        case "folded_last":
            return [np.vstack([w, b]) for w, b in pairs]
        case "folded_first":
            return [np.vstack([b, w]) for w, b in pairs]
        case "folded_columns":
            return [np.vstack([w, b]).T for w, b in pairs]
    raise ValueError(storage)
