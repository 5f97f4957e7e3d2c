"""Keras 3 scripts and models: watched at compile, fit, layers, losses, metrics and optimisers.

`tensorflow` serves `tensorflow.keras` where TensorFlow is not installed; `losses` says what each loss takes for what;
`models`, `training` and `watch` note what happens.
"""
