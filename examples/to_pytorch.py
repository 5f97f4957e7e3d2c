"""A network trained here goes on in PyTorch: its file is safetensors, which PyTorch reads too."""

import json

import torch
from safetensors import safe_open
from torch import nn

import unstuck

data = unstuck.load_mnist()
network = unstuck.Network([784, 64, 10], hidden="relu", seed=0)
unstuck.train(network, data, epochs=1, optimizer=unstuck.SGD(0.2, momentum=0.9))
unstuck.save(network, "model.safetensors")

ACTIVATIONS = {
    "linear": nn.Identity,
    "sigmoid": nn.Sigmoid,
    "tanh": nn.Tanh,
    "relu": nn.ReLU,
    "leaky_relu": lambda: nn.LeakyReLU(0.01),
    "softmax": lambda: nn.Softmax(dim=1),
}

with safe_open("model.safetensors", framework="pt") as file:  # from here on, nothing of unstuck is needed
    description = json.loads(file.metadata()["description"])
    sizes = description["sizes"]
    modules = []
    for i, name in enumerate([*description["hidden"], description["output"]], start=1):
        linear = nn.Linear(sizes[i - 1], sizes[i])
        linear.weight.data = file.get_tensor(f"weights_{i}").T.contiguous()  # PyTorch keeps (n_out, n_in)
        linear.bias.data = file.get_tensor(f"biases_{i}")
        modules += [linear, ACTIVATIONS[name]()]
module = nn.Sequential(*modules)

x = torch.from_numpy(data.x_test)  # in [0, 1]; this network's input range is [0, 1], so nothing is to be mapped
with torch.no_grad():
    scores = module(x)
print(f"test accuracy in PyTorch: {(scores.argmax(dim=1).numpy() == data.y_test).mean():.1%}")
print(f"largest difference of a score: {abs(scores.numpy() - network.scores(data.x_test)).max():.0e}")
