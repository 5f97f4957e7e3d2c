"""Healthy PyTorch scripts drawn at random: tasks, models, losses, optimisers, schedules, odd habits that are right.

A script is put together from parts as people write them; every combination that can be drawn learns.
"""

from __future__ import annotations

import random
from textwrap import indent

from tests.adapters.drawn.pytorch_models import CLASSES, DATA, SMALL, YES_OR_NO, convolutional, dense, recurrent

HEAD = """import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset, TensorDataset, random_split
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_iris, load_wine
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler
"""


def _loss(draw: random.Random, task: str) -> tuple[str, str]:
    """What makes the loss, and the expression of one batch."""
    if task in CLASSES:
        return draw.choice(
            (
                ("criterion = nn.CrossEntropyLoss()\n", "criterion(model(xb), yb)"),
                ("criterion = nn.CrossEntropyLoss(label_smoothing=0.1)\n", "criterion(model(xb), yb)"),
                ("", "F.cross_entropy(model(xb), yb)"),
                ("criterion = nn.NLLLoss()\n", "criterion(F.log_softmax(model(xb), dim=1), yb)"),
                (
                    "weight = 1 / torch.bincount(Y).float()\n"
                    "criterion = nn.CrossEntropyLoss(weight=weight / weight.mean())\n",
                    "criterion(model(xb), yb)",
                ),
                ("", "F.cross_entropy(model(xb), F.one_hot(yb, n_outputs).float())"),
                ("criterion = nn.CrossEntropyLoss(reduction='sum')\n", "criterion(model(xb), yb) / len(xb)"),
            )
        )
    if task in YES_OR_NO:
        return draw.choice(
            (
                ("criterion = nn.BCEWithLogitsLoss()\n", "criterion(model(xb), yb)"),
                ("criterion = nn.BCELoss()\n", "criterion(torch.sigmoid(model(xb)), yb)"),
                (
                    "pos_weight = (Y == 0).sum(0) / (Y == 1).sum(0)\n"
                    "criterion = nn.BCEWithLogitsLoss(pos_weight=pos_weight)\n",
                    "criterion(model(xb), yb)",
                ),
            )
        )
    return draw.choice(
        (
            ("criterion = nn.MSELoss()\n", "criterion(model(xb), yb)"),
            ("criterion = nn.SmoothL1Loss()\n", "criterion(model(xb), yb)"),
            ("", "((model(xb) - yb) ** 2).mean()"),
            ("criterion = nn.L1Loss()\n", "criterion(model(xb), yb)"),
        )
    )


def _optimizer(draw: random.Random, frozen: bool) -> str:
    which = "filter(lambda p: p.requires_grad, model.parameters())" if frozen else "model.parameters()"
    return draw.choice(
        (
            f"optimizer = torch.optim.Adam({which}, lr=0.003)\n",
            f"optimizer = torch.optim.AdamW({which}, lr=3e-3, weight_decay=0.01)\n",
            f"optimizer = torch.optim.SGD({which}, lr=0.05, momentum=0.9)\n",
            f"optimizer = torch.optim.SGD({which}, lr=0.05, momentum=0.9, nesterov=True, weight_decay=1e-4)\n",
            f"optimizer = torch.optim.RMSprop({which}, lr=0.001)\n",
            f"optimizer = torch.optim.NAdam({which}, lr=0.002)\n",
        )
    )


def _schedule(draw: random.Random) -> tuple[str, str, str]:
    """What makes the schedule, what moves it after a batch, what after an epoch."""
    rate = "optimizer.param_groups[0]['lr']"
    return draw.choice(
        (
            ("", "", ""),
            ("", "", ""),
            (
                "scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=5, gamma=0.5)\n",
                "",
                "scheduler.step()\n",
            ),
            (
                f"scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, {rate} * 2, total_steps=epochs * steps)\n",
                "scheduler.step()\n",
                "",
            ),
            (
                "scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: min(1.0, (step + 1) / 20))\n",
                "scheduler.step()\n",
                "",
            ),
            (
                "scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=epochs * steps)\n",
                "scheduler.step()\n",
                "",
            ),
            (
                "scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, patience=3)\n",
                "",
                "scheduler.step(running)\n",
            ),
        )
    )


def _update(draw: random.Random, loss: str, task: str) -> str:
    """The lines of one turn over a batch."""
    clip = draw.choice(("", "", "torch.nn.utils.clip_grad_norm_(model.parameters(), 5.0)\n"))
    backward = f"loss = {loss}\n"
    style = draw.choice(("first", "between", "last", "kept as zeros", "module", "accumulated", "off"))
    if style == "accumulated" and task in SMALL:
        style = "first"
    if style == "first":
        return f"optimizer.zero_grad()\n{backward}loss.backward()\n{clip}optimizer.step()\n"
    if style == "between":
        return f"{backward}optimizer.zero_grad()\nloss.backward()\n{clip}optimizer.step()\n"
    if style == "last":
        return f"{backward}loss.backward()\n{clip}optimizer.step()\noptimizer.zero_grad()\n"
    if style == "kept as zeros":
        return f"optimizer.zero_grad(set_to_none=False)\n{backward}loss.backward()\n{clip}optimizer.step()\n"
    if style == "module":
        return f"model.zero_grad()\n{backward}loss.backward()\n{clip}optimizer.step()\n"
    if style == "accumulated":
        return (
            f"{backward}(loss / 2).backward()\nif (i + 1) % 2 == 0 or i + 1 == steps:\n"
            f"{indent(clip, '    ')}    optimizer.step()\n    optimizer.zero_grad()\n"
        )
    return (
        f"with torch.autocast('cpu', enabled=False):\n    {backward}"
        f"optimizer.zero_grad(set_to_none=True)\nloss.backward()\n{clip}optimizer.step()\n"
    )


def _batches(draw: random.Random, size: int, whole: bool) -> tuple[str, str, str]:
    """What makes the batches (all of them whole, if asked for), what begins an epoch, and the head of the loop."""
    drop = ", drop_last=True" if whole else ""
    kind = draw.choice(("loader", "own", "index", "split"))
    loop = "for i, (xb, yb) in enumerate(train_loader):"
    if kind == "index":
        return (
            f"batch = {size}\nsteps = {'len(X_train)' if whole else '(len(X_train) + batch - 1)'} // batch\n",
            "order = torch.randperm(len(X_train))\n",
            "for i in range(steps):\n    picked = order[i * batch:(i + 1) * batch]\n"
            "    xb, yb = X_train[picked], Y_train[picked]",
        )
    if kind == "own":
        return (
            f"""class Examples(Dataset):
    def __init__(self, x, y):
        self.x, self.y = x, y

    def __len__(self):
        return len(self.x)

    def __getitem__(self, i):
        return self.x[i], self.y[i]


def collate(examples):
    return torch.stack([x for x, _ in examples]), torch.stack([y for _, y in examples])


train_loader = DataLoader(Examples(X_train, Y_train), batch_size={size}, shuffle=True, collate_fn=collate{drop})
steps = len(train_loader)
""",
            "",
            loop,
        )
    if kind == "split":
        return (
            f"""train_part, held_out = random_split(TensorDataset(X_train, Y_train), [0.9, 0.1])
train_loader = DataLoader(train_part, batch_size={size}, shuffle=True, drop_last=True)
steps = len(train_loader)
""",
            "",
            loop,
        )
    return (
        f"train_loader = DataLoader(TensorDataset(X_train, Y_train), {size}, shuffle=True{drop})\n"
        "steps = len(train_loader)\n",
        "",
        loop,
    )


def _judged(draw: random.Random, task: str) -> str:
    """How the model is evaluated."""
    mode = draw.choice(("torch.no_grad()", "torch.inference_mode()", "torch.enable_grad()"))
    if task in CLASSES:
        said = draw.choice(
            (
                "accuracy = (model(X_test).argmax(dim=1) == Y_test).float().mean().item()",
                "accuracy = (model(X_test).argmax(1) == Y_test).sum().item() / len(Y_test)",
                "_, guess = torch.max(model(X_test), 1)\n    accuracy = np.mean(guess.numpy() == Y_test.numpy())",
            )
        )
    elif task in YES_OR_NO:
        said = draw.choice(
            (
                "accuracy = ((model(X_test) > 0).float() == Y_test).float().mean().item()",
                "accuracy = (torch.round(torch.sigmoid(model(X_test))) == Y_test).float().mean().item()",
            )
        )
    else:
        said = "accuracy = F.mse_loss(model(X_test), Y_test).item()"
    return f"model.eval()\nwith {mode}:\n    {said}\n"


def pytorch_script(seed: int) -> str:
    """A healthy PyTorch script."""
    draw = random.Random(seed)
    task = draw.choice(tuple(DATA))
    parts = {"images": convolutional, "rows": recurrent, "words": recurrent}
    model = parts.get(task, dense)(draw, task)
    frozen = "self.body" in model and draw.random() < 0.3 and task in ("digits", "cancer", "wine")
    made, loss = _loss(draw, task)
    schedule, per_batch, per_epoch = _schedule(draw)
    size = draw.choice((8, 16) if task in SMALL else (16, 32, 50))
    before, begin, loop = _batches(draw, size, "BatchNorm" in model)
    averaged = draw.random() < 0.2
    epochs = 30 if task in SMALL else draw.choice((6, 10))
    turn = _update(draw, loss, task) + per_batch + "running += loss.item()\n"
    if averaged:
        turn += "with torch.no_grad():\n    for slow, fast in zip(average.parameters(), model.parameters()):\n"
        turn += "        slow.mul_(0.9).add_(fast, alpha=0.1)\n"
    body = f"model.train()\nrunning = 0.0\n{begin}{loop}\n{indent(turn, '    ')}{per_epoch}{_judged(draw, task)}"
    body += "print(epoch, running / steps, accuracy)\n"
    seeded = draw.choice(("torch.manual_seed(0)\n", "torch.manual_seed(42)\nnp.random.seed(42)\n", ""))
    stratified = ", stratify=Y" if task in CLASSES else ""
    split = f"X_train, X_test, Y_train, Y_test = train_test_split(X, Y, test_size=0.2, random_state=0{stratified})\n"
    freeze = "for p in model.body.parameters():\n    p.requires_grad = False\n" if frozen else ""
    copied = "import copy\naverage = copy.deepcopy(model)\n" if averaged else ""
    training = (
        f"epochs = {epochs}\n{_optimizer(draw, frozen)}{schedule}for epoch in range(epochs):\n{indent(body, '    ')}"
    )
    if draw.random() < 0.3:
        training = f"def main():\n{indent(training, '    ')}\n\nif __name__ == '__main__':\n    main()\n"
    return "\n".join((HEAD, seeded, DATA[task], split, model, freeze, copied, before, made, training))
