"""Calls of Keras models: in which mode they are, and what their answers depend on."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

import keras
import torch

from unstuck.adapters.pytorch.copies import put_back
from unstuck.adapters.pytorch.models import Models

Method = TypeVar("Method", bound=Callable[..., Any])
RANDOM = ("Dropout", "BatchNormalization", "GaussianNoise", "AlphaDropout")


def of_layers(method: Method) -> Method:
    """The method where it is asked of a Keras layer; that of PyTorch's modules where it is asked of one of these."""

    @wraps(method)
    def chosen(models: KerasModels, module: Any, *args: Any) -> Any:
        if isinstance(module, keras.Layer):
            return method(models, module, *args)
        return getattr(Models, method.__name__)(models, module, *args)

    return cast(Method, chosen)


class KerasModels(Models):
    """What is seen of the Keras models of one run, and of modules of PyTorch beside them."""

    def wrap_layer_call(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """`Layer.__call__`, watched where it is given numbers and not symbols."""
        watched = self.wrap_call(original)

        def call(layer: Any, *args: Any, **kwargs: Any) -> Any:
            if not any(_has_numbers(value) for value in args):
                return original(layer, *args, **kwargs)
            return watched(layer, *args, **kwargs)

        return call

    def enter_all(self) -> None:
        """The parameters of all layers that were called, with the lines that made them: Keras makes them late."""
        for layer in self._models:
            if isinstance(layer, keras.Layer):
                self.enter_parameters(layer, True)  # Keras keeps those in plain lists too

    @of_layers
    def enter_parameters(self, module: Any, owned: bool) -> None:
        made = self._watch.made
        for layer in module._flatten_layers() if hasattr(module, "_flatten_layers") else [module]:
            for variable in layer._trainable_variables:
                self._watch.parameters.enter(variable.value, variable.path, made.get(id(layer)), owned).called = True

    @of_layers
    def is_in_training(self, module: Any, kwargs: dict[str, Any]) -> bool:
        return bool(kwargs.get("training"))

    @of_layers
    def is_random(self, module: Any) -> bool:
        layers = module._flatten_layers() if hasattr(module, "_flatten_layers") else module.modules()
        return any(type(layer).__name__.startswith(RANDOM) for layer in layers)

    @of_layers
    def is_frozen(self, module: Any) -> bool:
        layers = module._flatten_layers() if hasattr(module, "_flatten_layers") else []
        return any(not layer.trainable and layer.weights for layer in layers)

    @of_layers
    def thaw(self, module: Any) -> None:
        module.trainable = True

    @of_layers
    def answers(self, module: Any, tensors: list[torch.Tensor]) -> torch.Tensor | None:
        with put_back():
            try:
                result = module(*tensors, training=False)
            except Exception:
                return None
        return result.detach() if isinstance(result, torch.Tensor) else None

    @of_layers
    def takes_time_first(self, module: Any) -> bool:
        return False

    @of_layers
    def to_training(self, module: Any, kwargs: dict[str, Any]) -> dict[str, Any]:
        return {**kwargs, "training": True}


def _has_numbers(value: Any) -> bool:
    """Whether an argument holds numbers, or lists or dicts of them, and not symbols."""
    if isinstance(value, (list, tuple, dict)):
        return any(_has_numbers(part) for part in (value.values() if isinstance(value, dict) else value))
    return isinstance(value, torch.Tensor) or hasattr(value, "__array_interface__")
