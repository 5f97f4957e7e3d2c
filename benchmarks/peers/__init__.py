"""One module for each library, all with the same functions.

label() -> str
    name and version
training(size, momentum, n_images) -> Callable[[], object]
    builds a network; each call trains one shuffled pass over the first n_images of MNIST
prediction(layers) -> Callable[[Array], Array]
    builds a network; a call returns the outputs (n, 10), as a NumPy array, for images (n, 784) float32

Each library is set up as its documentation recommends for data that lie in memory, with its own number of threads.
"""

MODULES = {  # module in this folder: the package that must be installed
    "unstuck": "unstuck",
    "pytorch": "torch",
    "pytorch_compiled": "torch",
    "jax": "jax",
    "scikit_learn": "sklearn",
    "keras": "keras",
}
