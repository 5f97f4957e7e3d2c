"""One module for each library, all with the same functions.

label() -> str
    name and version
training(size, momentum, n_images) -> Callable[[], object]
    builds a network; each call trains one shuffled pass over the first n_images of MNIST
prediction(layers) -> Callable[[Array], Array]
    builds a network; a call returns the outputs (n, 10), as a NumPy array, for images (n, 784) float32
kernels() -> dict[str, str]
    what the libraries at work say for which processor or instruction set their kernels were chosen; empty if they
    say nothing
product(a, b) -> Callable[[], object]
    a call multiplies two matrices, of those that have a product of their own: see parts/machine.py

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

# No variable limits their matrix products: YNNPACK, which XLA calls, asks the processor.
ONLY_THE_PROCESSOR_LIMITS = ("jax",)
