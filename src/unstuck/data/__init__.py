"""Where images and labels come from."""

from .dataset import Dataset, load_mnist
from .images import read_image
from .readers import read_data

__all__ = ["Dataset", "load_mnist", "read_data", "read_image"]
