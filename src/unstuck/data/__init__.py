"""Where images and labels come from."""

from unstuck.data.dataset import Dataset, load_mnist
from unstuck.data.images import read_image
from unstuck.data.readers import read_data

__all__ = ["Dataset", "load_mnist", "read_data", "read_image"]
