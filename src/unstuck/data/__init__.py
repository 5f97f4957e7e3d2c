"""Where images and labels come from."""

from .dataset import Dataset, load_mnist

__all__ = ["Dataset", "load_mnist"]
