"""Forward faults: what a layer makes of its sums, and the network of its scores."""

from unstuck.diagnosis.rules.forward import activations, shapes, softmaxes  # noqa: F401 - importing them collects their rules
