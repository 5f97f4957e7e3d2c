"""Networks that learn, as the textbooks define them.

The definition, in the order data flow: `examples` and `targets` (what users hand over), `initializers`,
`activations`, `layers`, `losses`, `network` (all of these together, forward and backward), `optimizers`, `schedules`,
`training` and its `training_run`, `history` (what it reports).

Beside it: `kernels`, `vector` and `threads` (the fast form of a step), `gradient_check`, `model_file` and
`checkpoint` (both lie on disk as `storage` says), `settings` (which of a network's are possible).
"""
