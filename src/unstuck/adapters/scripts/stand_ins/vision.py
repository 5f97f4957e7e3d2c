"""Stand-ins for the bits of torchvision that posts use: MNIST as pictures with labels, and changes of pictures."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from unstuck.adapters.scripts.stand_ins.data_modules import no_dataset, nothing
from unstuck.adapters.scripts.stand_ins.supply import Supply


def datasets(supply: Supply) -> dict[str, Any]:
    """torchvision.datasets: a data set hands out a Pillow picture and a number, through the transforms."""
    import torch
    from torch.utils.data import Dataset

    class MNIST(Dataset):
        """Pictures of 28 x 28 pixels; `data` and `targets` are all of them as tensors of bytes and of numbers."""

        def __init__(
            self,
            root: Any = None,
            train: bool = True,
            transform: Any = None,
            target_transform: Any = None,
            download: bool = False,
        ) -> None:
            part = "train" if train else "test"
            self.data = torch.from_numpy(supply.digits.squares(part).copy())  # type: ignore[arg-type]
            self.targets = torch.from_numpy(supply.digits.labels(part).copy())  # type: ignore[arg-type]
            self.classes = [str(label) for label in range(supply.digits.data.n_classes)]
            self.transforms = (transform, target_transform)

        def __len__(self) -> int:
            return len(self.data)

        def __getitem__(self, index: int) -> tuple[Any, Any]:
            from PIL import Image

            pair = (Image.fromarray(self.data[index].numpy()), int(self.targets[index]))
            picture, target = (
                value if transform is None else transform(value) for value, transform in zip(pair, self.transforms)
            )
            return picture, target

    refused = no_dataset("CIFAR-10")(supply)["load_data"]
    return {"MNIST": MNIST, "FashionMNIST": MNIST, "CIFAR10": refused}


def transforms(supply: Supply) -> dict[str, Any]:
    """torchvision.transforms: functions of a picture, most of them made by a call."""

    def compose(steps: list[Callable[[Any], Any]]) -> Callable[[Any], Any]:
        def all_steps(value: Any) -> Any:
            for step in steps:
                value = step(value)
            return value

        return all_steps

    def resize(size: Any) -> Callable[[Any], Any]:
        return lambda picture: picture.resize((size, size) if isinstance(size, int) else tuple(size)[::-1])

    return {
        "Compose": compose,
        "ToTensor": lambda: as_tensor,
        "Normalize": normalize,
        "Resize": resize,
        "Lambda": lambda function: function,
    }


def as_tensor(picture: Any) -> Any:
    """A picture as a tensor (channels, height, width), bytes as 0 to 1."""
    import torch

    array = np.array(picture)
    array = array[:, :, None] if array.ndim == 2 else array
    tensor = torch.from_numpy(array.transpose(2, 0, 1).copy())
    return tensor.float().div(255) if tensor.dtype == torch.uint8 else tensor


def normalize(mean: Any, std: Any) -> Callable[[Any], Any]:
    """Channels less their mean, divided by their standard deviation."""
    import torch

    centre, scale = (torch.tensor(values, dtype=torch.float32).reshape(-1, 1, 1) for values in (mean, std))
    return lambda tensor: (tensor - centre) / scale


MODULES = {"torchvision": nothing, "torchvision.datasets": datasets, "torchvision.transforms": transforms}
