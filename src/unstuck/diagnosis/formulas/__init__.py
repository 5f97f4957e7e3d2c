"""The formulas of one training step, right and faulty side by side, in the order data flows.

forward          what a layer makes of its weighted sum, what the network makes of its scores
output_deltas    the gradient of the loss at the output sums
hidden_deltas    the way back through a layer: which errors, which weights, which factor
gradients        from delta and inputs to the gradient of weights and biases
updates          from gradients to changes of the parameters

Every formula is a hypothesis about the user's program, and, planted in a twin, an example of its fault.
"""
