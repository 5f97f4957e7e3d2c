"""Networks that learn, as the textbooks define them.

In the order data flow: `examples` and `targets` (what users hand over), `initializers`, `activations`, `layers`,
`losses`, `network` (all of these together, forward and backward), `optimizers`, `schedules`, `training`; beside them
`kernels` (the fast form of a step), `gradient_check`, `model_file`, `checkpoint`.
"""
