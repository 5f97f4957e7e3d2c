"""What a PyTorch user writes to reach 98 % on MNIST soon: the settings of unstuck's recipe `default`.

It reads the same compressed files with NumPy, and saves what it trained; prints seconds of training and accuracy.
"""

import gzip
import json
import sys
import time
from pathlib import Path

import numpy as np
import torch

FOLDER = Path(__file__).resolve().parent.parent / "src" / "unstuck" / "data" / "mnist"
EPOCHS, BATCH_SIZE = 4, 100


def read(name: str, offset: int) -> torch.Tensor:
    with gzip.open(FOLDER / f"{name}.gz") as file:
        return torch.from_numpy(np.frombuffer(file.read(), np.uint8, offset=offset).copy())


def main(path: str) -> None:
    x_train = read("train-images-idx3-ubyte", 16).view(-1, 784).float() / 255
    y_train = read("train-labels-idx1-ubyte", 8).long()
    x_test = read("t10k-images-idx3-ubyte", 16).view(-1, 784).float() / 255
    y_test = read("t10k-labels-idx1-ubyte", 8).long()
    started = time.perf_counter()
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(784, 256), torch.nn.ReLU(), torch.nn.Linear(256, 10))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.2, momentum=0.9, fused=True)
    n_updates = EPOCHS * len(x_train) // BATCH_SIZE
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.2, total_steps=n_updates, cycle_momentum=False)
    cross_entropy = torch.nn.CrossEntropyLoss()
    for _ in range(EPOCHS):
        for rows in torch.randperm(len(x_train)).split(BATCH_SIZE):
            loss = cross_entropy(model(x_train[rows]), y_train[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    seconds = time.perf_counter() - started
    with torch.inference_mode():
        accuracy = (model(x_test).argmax(1) == y_test).float().mean().item()
    torch.save(model.state_dict(), path)
    print(json.dumps({"seconds": seconds, "test_accuracy": accuracy}))


if __name__ == "__main__":
    main(sys.argv[1])
