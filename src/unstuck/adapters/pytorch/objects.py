"""A PyTorch model, its loss and its optimiser as a program that can be run again and again."""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import nn
from torch.optim import Optimizer

from unstuck.adapters.pytorch.copies import put_back
from unstuck.adapters.pytorch.watch import PYTORCH, Watch
from unstuck.adapters.watch import Outcome, outcome_of
from unstuck.adapters.watch import Watch as ScriptWatch
from unstuck.adapters.watched.examine import examine
from unstuck.diagnosis.report.report import Report
from unstuck.errors import CaseError


def examine_model(
    model: nn.Module, loss: Any, optimizer: Optimizer, data: tuple[Any, Any], batch_size: int, cures: bool
) -> Report:
    """Diagnose a model by training copies of it. Raises CaseError if they cannot be copied."""
    x, y = (torch.as_tensor(values) for values in data)
    try:
        copy.deepcopy((model, optimizer, loss))
    except Exception as error:
        raise CaseError(f"examine: the model cannot be copied: {type(error).__name__}: {error}") from error

    def run(watch: ScriptWatch) -> Outcome:
        assert isinstance(watch, Watch)
        copied = copy.deepcopy((model, optimizer, loss))
        watch.optimizer_made(copied[1], None)
        return outcome_of(lambda: train(watch, *copied, (x, y), batch_size))

    with put_back():
        return examine(PYTORCH, run, type(model).__name__, cures)


def train(
    watch: Watch, model: nn.Module, optimizer: Optimizer, loss: Any, data: tuple[Any, Any], batch_size: int
) -> None:
    """Passes over shuffled batches until the watch has seen enough."""
    x, y = data
    model.train()
    while not watch.is_enough(0):
        order = torch.randperm(len(x))
        for start in range(0, len(x), batch_size):
            chosen = order[start : start + batch_size]
            optimizer.zero_grad()
            value = loss(model(x[chosen]), y[chosen])
            value.backward()
            optimizer.step()
            if watch.is_enough(0):
                return
