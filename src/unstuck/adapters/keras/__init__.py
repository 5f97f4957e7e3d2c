"""Keras 3 scripts and models: watched at compile, fit, layers, losses, metrics and optimisers.

`tensorflow` serves `tensorflow.keras` where TensorFlow is not installed; `losses` says what each loss takes for what;
`models`, `loss_calls`, `optimizers` and `watch` note what happens; `tape` is what scripts with a loop of their own
take from TensorFlow, `callback` watches the first updates of a training that runs anyway.
"""
