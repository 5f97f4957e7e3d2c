"""Networks that learn, as the textbooks define them.

The definition, in the order data flow: `targets` (what users hand over), `initializers`, `activations`, `layers`,
`losses`, `network` (all of these together, forward and backward), `optimizers`, `schedules`, `training`, `history`
(what it reports).

Beside it: `engine` (the fast form of a step), `gradient_check`, `files` (models and checkpoints on disk), `settings`
(which of a network's are possible), `display` (how terminals and notebooks show it).
"""
