"""The parameters that are known, by identity, with their names and the line that made them."""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import count

import torch
from torch import nn
from torch.nn.parameter import is_lazy
from torch.optim import Optimizer

from unstuck.adapters.watched.places import assigned
from unstuck.adapters.watched.values import Parameter, Place

SAMPLE = 4096  # numbers of a parameter that are compared
SAME = 1e-5  # of the largest number: rounding of float32 over a few updates


def sample(tensor: torch.Tensor | None) -> torch.Tensor | None:
    """Some of the numbers of a tensor, always the same ones, in float64; None for none."""
    if tensor is None:
        return None
    values = tensor.detach()
    if values.is_sparse:
        values = values.to_dense()
    flat = values.reshape(-1)
    return flat[:: max(1, flat.numel() // SAMPLE)].to(dtype=torch.float64, device="cpu", copy=True)


def held_by(optimizer: Optimizer) -> list[torch.Tensor]:
    """All that an optimiser holds, group by group."""
    return [tensor for group in optimizer.param_groups for tensor in group["params"]]


def are_alike(matrix: torch.Tensor) -> bool:
    """Whether all rows of an array of at least two axes, or all columns of a matrix, are the same to rounding."""
    if matrix.ndim < 2 or not matrix.is_floating_point() or matrix.is_sparse:
        return False
    values = matrix.detach()
    room = SAME * float(values.abs().max()) if values.numel() else 0.0
    tables = [values.reshape(len(values), -1), *([values.T] if values.ndim == 2 else [])]
    return any(len(table) > 1 and bool(((table - table[:1]).abs() <= room).all()) for table in tables)


def unregistered(module: nn.Module) -> Iterator[tuple[str, torch.Tensor]]:
    """Plain tensors that take gradients and are attributes of a module, by their names: it knows nothing of them."""
    for name, value in vars(module).items():
        if isinstance(value, torch.Tensor) and value.requires_grad and value.is_leaf:
            yield name, value


@dataclass
class Known:
    """A parameter: its name, the line that made its layer, and whether a module that is called holds it."""

    reference: weakref.ref[torch.Tensor]
    key: int
    name: str
    place: Place | None
    owned: bool
    in_layer: bool
    called: bool = False
    filled: Place | None = None

    @property
    def tensor(self) -> torch.Tensor | None:
        return self.reference()

    def described(self) -> Parameter:
        """What is known of it, as it is now."""
        tensor = self.tensor
        assert tensor is not None
        shape, dtype = _shape_of(tensor), str(tensor.dtype).removeprefix("torch.")
        return Parameter(
            self.key, self.name, shape, dtype, self.place, self.owned, self.in_layer, self.called, self.filled
        )


def _shape_of(tensor: torch.Tensor) -> tuple[int, ...]:
    """The shape of a tensor, () of one that its layer makes at its first call."""
    return () if is_lazy(tensor) else tuple(tensor.shape)


class Parameters:
    """Parameters by identity. They are entered as modules are called, optimisers made and graphs walked."""

    def __init__(self) -> None:
        self._known: dict[int, Known] = {}
        self._by_storage: dict[int, int] = {}
        self._filled: dict[int, Place | None] = {}
        self.follows_fills = True
        self._keys = count()

    def enter(self, tensor: torch.Tensor, name: str = "", place: Place | None = None, owned: bool = False) -> Known:
        """The entry of a parameter, made or completed."""
        known = self._known.get(id(tensor))
        if known is None or known.tensor is not tensor:
            shape = "×".join(map(str, _shape_of(tensor))) or "1"
            in_layer = isinstance(tensor, nn.Parameter)
            name = name or f"parameter of shape {shape}"
            known = Known(weakref.ref(tensor), next(self._keys), name, place, owned, in_layer)
            self._known[id(tensor)] = known
        elif name and owned and not known.owned:
            known.name, known.owned = name, True
        known.place = known.place or place
        if not is_lazy(tensor):
            known.filled = known.filled or self._filled.get(tensor.data_ptr())
            self._by_storage[tensor.data_ptr()] = id(tensor)
        return known

    def enter_module(self, module: nn.Module, places: dict[int, Place | None], owned: bool = True) -> None:
        """All parameters of a module, by their names in it and the lines of the layers that hold them."""
        for prefix, layer in module.named_modules():
            for name, tensor in layer.named_parameters(recurse=False):
                place = places.get(id(layer)) or places.get(id(module))
                known = self.enter(tensor, f"{prefix}.{name}" if prefix else name, place, owned)
                known.called = known.called or layer is module
            for name, tensor in unregistered(layer):
                place = assigned(type(layer), name) or places.get(id(layer)) or places.get(id(module))
                known = self.enter(tensor, f"{prefix}.{name}" if prefix else name, place)
                known.in_layer, known.called = True, known.called or layer is module

    def fill(self, tensor: torch.Tensor, place: Place | None) -> None:
        """One number is written into all of a tensor, which may be or become a parameter."""
        if self.follows_fills:
            self._filled[tensor.data_ptr()] = place

    def of(self, tensor: torch.Tensor) -> Known | None:
        known = self._known.get(id(tensor))
        return known if known is not None and known.tensor is tensor else None

    def sharing(self, tensor: torch.Tensor) -> Known | None:
        """The parameter that a tensor is, or is a view of from its first number on."""
        found = self.of(tensor)
        if found is None and (identity := self._by_storage.get(tensor.data_ptr())) is not None:
            found = self._known.get(identity)
        return found if found is not None and found.tensor is not None else None

    def draw_copies_apart(self) -> None:
        """Repair: matrices whose rows or columns are all the same get random numbers of their own."""
        generator = torch.Generator().manual_seed(0)
        for known in self.living():
            if known.tensor is not None and known.tensor.requires_grad and are_alike(known.tensor):
                nn.init.xavier_uniform_(known.tensor, generator=generator)

    def living(self) -> Iterable[Known]:
        """All entries whose tensors are still there."""
        return [known for known in self._known.values() if known.tensor is not None]
