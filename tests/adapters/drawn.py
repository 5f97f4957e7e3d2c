"""Healthy training scripts drawn at random: tasks, models, losses, optimisers, schedules, odd habits that are right.

A script is put together from parts as people write them; every combination that can be drawn learns.
"""

from __future__ import annotations

import random
from textwrap import indent

HEAD = """import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset, TensorDataset, random_split
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_iris, load_wine
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler
"""

DATA = {
    "digits": """digits = load_digits()
X = torch.tensor(digits.data / 16, dtype=torch.float32)
Y = torch.tensor(digits.target)
n_inputs, n_outputs = 64, 10
""",
    "images": """digits = load_digits()
X = torch.tensor(digits.images / 16, dtype=torch.float32).unsqueeze(1)
Y = torch.tensor(digits.target)
n_inputs, n_outputs = 64, 10
""",
    "wine": """table = load_wine()
X = torch.tensor(StandardScaler().fit_transform(table.data), dtype=torch.float32)
Y = torch.tensor(table.target)
n_inputs, n_outputs = 13, 3
""",
    "iris": """table = load_iris()
X = torch.tensor(StandardScaler().fit_transform(table.data), dtype=torch.float32)
Y = torch.tensor(table.target)
n_inputs, n_outputs = 4, 3
""",
    "cancer": """table = load_breast_cancer()
X = torch.tensor(StandardScaler().fit_transform(table.data), dtype=torch.float32)
Y = torch.tensor(table.target, dtype=torch.float32).unsqueeze(1)
n_inputs, n_outputs = 30, 1
""",
    "several": """digits = load_digits()
X = torch.tensor(digits.data / 16, dtype=torch.float32)
Y = torch.tensor(np.stack([digits.target % 2, digits.target > 4, digits.target % 3 == 0], axis=1), dtype=torch.float32)
n_inputs, n_outputs = 64, 3
""",
    "numbers": """generator = torch.Generator().manual_seed(3)
X = torch.randn(800, 6, generator=generator)
Y = (X[:, :1] * 2 - X[:, 1:2] + 0.5 * X[:, 2:3] ** 2) + 0.1 * torch.randn(800, 1, generator=generator)
n_inputs, n_outputs = 6, 1
""",
    "diabetes": """table = load_diabetes()
X = torch.tensor(table.data / table.data.std(axis=0), dtype=torch.float32)
Y = torch.tensor((table.target - table.target.mean()) / table.target.std(), dtype=torch.float32).reshape(-1, 1)
n_inputs, n_outputs = 10, 1
""",
    "pictures": """digits = load_digits()
X = torch.tensor(digits.data / 16, dtype=torch.float32)
Y = X.clone()
n_inputs, n_outputs = 64, 64
""",
    "rows": """digits = load_digits()
X = torch.tensor(digits.images / 16, dtype=torch.float32)
Y = torch.tensor(digits.target)
n_inputs, n_outputs = 8, 10
""",
    "words": """generator = torch.Generator().manual_seed(5)
X = torch.randint(1, 30, (1200, 10), generator=generator)
Y = (X < 6).any(dim=1).long()
n_inputs, n_outputs = 30, 2
""",
}
CLASSES = ("digits", "images", "wine", "iris", "rows", "words")
YES_OR_NO = ("cancer", "several")
SMALL = ("wine", "iris", "diabetes")


def _dense(draw: random.Random, task: str) -> str:
    width, act = draw.choice((24, 48, 96)), draw.choice(("nn.ReLU()", "nn.Tanh()", "nn.GELU()", "nn.LeakyReLU(0.1)"))
    if task == "pictures":
        code = draw.choice((12, 24))
        last = draw.choice(("nn.Sigmoid()", "nn.Identity()"))
        return f"""model = nn.Sequential(
    nn.Linear(n_inputs, 48), {act},
    nn.Linear(48, {code}), {act},
    nn.Linear({code}, 48), {act},
    nn.Linear(48, n_outputs), {last},
)
"""
    extra = draw.choice(("", "", "nn.Dropout(0.2), ", f"nn.BatchNorm1d({width}), ", f"nn.LayerNorm({width}), "))
    second = draw.choice(("", f"nn.Linear({width}, {width}), {act}, "))
    if draw.random() < 0.5:
        return f"""model = nn.Sequential(
    nn.Linear(n_inputs, {width}), {extra}{act}, {second}
    nn.Linear({width}, n_outputs),
)
"""
    return f"""class Net(nn.Module):
    def __init__(self, hidden={width}):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(n_inputs, hidden), {extra}{act})
        self.head = nn.Linear(hidden, n_outputs)

    def forward(self, x):
        return self.head(self.body(x))


model = Net()
"""


def _convolutional(draw: random.Random, task: str) -> str:
    norm = draw.choice(("", "nn.BatchNorm2d(12), "))
    pool = draw.choice(("nn.MaxPool2d(2)", "nn.AvgPool2d(2)"))
    return f"""class ConvNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 12, 3, padding=1), {norm}nn.ReLU(), {pool},
            nn.Conv2d(12, 24, 3, padding=1), nn.ReLU(),
        )
        self.fc = nn.Linear(24 * 16, n_outputs)

    def forward(self, x):
        x = self.features(x)
        return self.fc(x.{draw.choice(("flatten(1)", "view(x.size(0), -1)", "reshape(len(x), -1)"))})


model = ConvNet()
"""


def _recurrent(draw: random.Random, task: str) -> str:
    cell = draw.choice(("LSTM", "GRU"))
    both = draw.choice((True, False)) and task == "rows"
    first, size = ("nn.Embedding(n_inputs, 16)", 16) if task == "words" else ("nn.Identity()", 8)
    out = "out.mean(dim=1)" if both else "out[:, -1]"
    return f"""class Reader(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = {first}
        self.rnn = nn.{cell}({size}, 48, batch_first=True{", bidirectional=True" if both else ""})
        self.out = nn.Linear({96 if both else 48}, n_outputs)

    def forward(self, x):
        out, _ = self.rnn(self.embed(x))
        return self.out({out})


model = Reader()
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
    mode = draw.choice(("torch.no_grad()", "torch.inference_mode()"))
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
    parts = {"images": _convolutional, "rows": _recurrent, "words": _recurrent}
    model = parts.get(task, _dense)(draw, task)
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


KERAS_HEAD = """import numpy as np
import keras
from keras import layers
from sklearn.datasets import load_breast_cancer, load_digits, load_wine
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

keras.utils.set_random_seed(7)
"""
KERAS_DATA = {
    "digits": "data = load_digits()\nx, y = (data.data / 16).astype('float32'), data.target\n"
    "shape, n_classes = (64,), 10\n",
    "images": "data = load_digits()\nx, y = (data.images / 16).astype('float32')[..., None], data.target\n"
    "shape, n_classes = (8, 8, 1), 10\n",
    "rows": "data = load_digits()\nx, y = (data.images / 16).astype('float32'), data.target\n"
    "shape, n_classes = (8, 8), 10\n",
    "wine": "data = load_wine()\nx, y = StandardScaler().fit_transform(data.data).astype('float32'), data.target\n"
    "shape, n_classes = (13,), 3\n",
    "cancer": "data = load_breast_cancer()\n"
    "x, y = StandardScaler().fit_transform(data.data).astype('float32'), data.target\n"
    "shape, n_classes = (30,), 2\n",
    "numbers": "rng = np.random.default_rng(0)\nx = rng.normal(size=(900, 5)).astype('float32')\n"
    "y = (x[:, 0] - 2 * x[:, 1] + x[:, 2] * x[:, 3]).astype('float32')\nshape, n_classes = (5,), 1\n",
    "pictures": "data = load_digits()\nx = (data.data / 16).astype('float32')\ny = x\nshape, n_classes = (64,), 64\n",
}


def _keras_layers(draw: random.Random, task: str) -> list[str]:
    width, act = draw.choice((24, 48, 96)), draw.choice(("relu", "tanh", "gelu", "elu"))
    if task == "images":
        return [
            "layers.Conv2D(12, 3, padding='same', activation='relu')",
            draw.choice(("layers.MaxPooling2D()", "layers.AveragePooling2D()")),
            *draw.choice(((), ("layers.BatchNormalization()",))),
            "layers.Flatten()",
        ]
    if task == "rows":
        return [draw.choice(("layers.LSTM(48)", "layers.GRU(48)", "layers.Bidirectional(layers.LSTM(24))"))]
    if task == "pictures":
        return [
            f"layers.Dense(48, activation='{act}')",
            "layers.Dense(16, activation='relu')",
            "layers.Dense(48, activation='relu')",
        ]
    extra = draw.choice(((), ("layers.Dropout(0.2)",), ("layers.BatchNormalization()",)))
    decay = draw.choice(("", ", kernel_regularizer=keras.regularizers.l2(1e-4)", ", kernel_initializer='he_normal'"))
    second = draw.choice(((), (f"layers.Dense({width}, activation='{act}')",)))
    return [f"layers.Dense({width}, activation='{act}'{decay})", *extra, *second]


def _keras_end(draw: random.Random, task: str) -> tuple[str, str, str]:
    """The last layer, the loss and the metrics; targets as they are."""
    if task == "pictures":
        return draw.choice(
            (
                ("layers.Dense(64, activation='sigmoid')", "'mse'", "None"),
                ("layers.Dense(64, activation='sigmoid')", "'binary_crossentropy'", "None"),
                ("layers.Dense(64)", "'mse'", "None"),
            )
        )
    if task == "numbers":
        return (
            "layers.Dense(1)",
            draw.choice(("'mse'", "'mae'", "keras.losses.Huber()")),
            draw.choice(("None", "['mae']")),
        )
    if task == "cancer":
        return draw.choice(
            (
                ("layers.Dense(1, activation='sigmoid')", "'binary_crossentropy'", "['accuracy']"),
                (
                    "layers.Dense(1)",
                    "keras.losses.BinaryCrossentropy(from_logits=True)",
                    "[keras.metrics.BinaryAccuracy(threshold=0.0)]",
                ),
                ("layers.Dense(2, activation='softmax')", "'sparse_categorical_crossentropy'", "['accuracy']"),
            )
        )
    return draw.choice(
        (
            ("layers.Dense(n_classes, activation='softmax')", "'sparse_categorical_crossentropy'", "['accuracy']"),
            (
                "layers.Dense(n_classes)",
                "keras.losses.SparseCategoricalCrossentropy(from_logits=True)",
                "['accuracy']",
            ),
            ("layers.Dense(n_classes, activation='softmax')", "'categorical_crossentropy'", "['accuracy']"),
        )
    )


def keras_script(seed: int) -> str:
    """A healthy Keras script."""
    draw = random.Random(1000 + seed)
    task = draw.choice(tuple(KERAS_DATA))
    body, (last, loss, metrics) = _keras_layers(draw, task), _keras_end(draw, task)
    coded = "y = keras.utils.to_categorical(y, n_classes)\n" if "'categorical" in loss else ""
    optimizer = draw.choice(
        (
            "keras.optimizers.Adam(0.003)",
            "keras.optimizers.SGD(0.05, momentum=0.9)",
            "keras.optimizers.RMSprop()",
            "keras.optimizers.AdamW(3e-3, weight_decay=0.004, clipnorm=5.0)",
            "keras.optimizers.Adam(keras.optimizers.schedules.ExponentialDecay(0.005, 200, 0.9))",
        )
    )
    style = draw.choice(("sequential", "added", "functional", "subclass", "own step"))
    if style == "sequential":
        listed = "".join(f"    {layer},\n" for layer in ["keras.Input(shape)", *body, last])
        model = f"model = keras.Sequential([\n{listed}])\n"
    elif style == "added":
        model = "model = keras.Sequential()\nmodel.add(keras.Input(shape))\n"
        model += "".join(f"model.add({layer})\n" for layer in [*body, last])
    elif style == "functional":
        model = "inputs = keras.Input(shape)\nh = inputs\n" + "".join(f"h = {layer}(h)\n" for layer in body)
        model += f"model = keras.Model(inputs, {last}(h))\n"
    else:
        model = "class Net(keras.Model):\n    def __init__(self):\n        super().__init__()\n"
        model += f"        self.body = [{', '.join(body)}]\n        self.last = {last}\n\n"
        model += "    def call(self, x, training=False):\n        for layer in self.body:\n"
        model += "            x = layer(x, training=training) if 'Dropout' in type(layer).__name__ or 'Batch' in "
        model += "type(layer).__name__ else layer(x)\n        return self.last(x)\n"
        if style == "own step":
            model += """
    def train_step(self, data):
        xb, yb = data
        self.zero_grad()
        answer = self(xb, training=True)
        loss = self.compute_loss(y=yb, y_pred=answer)
        loss.backward()
        weights = self.trainable_weights
        gradients = [v.value.grad for v in weights]
        import torch
        with torch.no_grad():
            self.optimizer.apply(gradients, weights)
        for metric in self.metrics:
            metric.update_state(loss) if metric.name == 'loss' else metric.update_state(yb, answer)
        return {m.name: m.result() for m in self.metrics}
"""
        model += "\n\nmodel = Net()\n"
    callbacks = draw.choice(
        (
            "",
            ", callbacks=[keras.callbacks.EarlyStopping(patience=5, restore_best_weights=True)]",
            ", callbacks=[keras.callbacks.ReduceLROnPlateau(patience=3)]",
            ", callbacks=[keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate * 0.95)]",
        )
    )
    validated = draw.choice(("validation_split=0.1", "validation_data=(x_test, y_test)"))
    weighted = ""
    if task in ("digits", "wine") and not coded and draw.random() < 0.4:
        weighted = ", class_weight={k: 1.0 + 0.2 * (k % 2) for k in range(n_classes)}"
    epochs = 40 if task == "wine" else 10
    size = 16 if task == "wine" else draw.choice((16, 32))
    fit = f"model.fit(x_train, y_train, epochs={epochs}, batch_size={size}, {validated}{callbacks}{weighted})\n"
    judged = draw.choice(
        (
            "print(model.evaluate(x_test, y_test, verbose=0))\n",
            "print(model.predict(x_test, verbose=0)[:3])\n",
        )
    )
    split = "x_train, x_test, y_train, y_test = train_test_split(x, y, test_size=0.2, random_state=1)\n"
    compile_ = f"model.compile(optimizer={optimizer}, loss={loss}, metrics={metrics})\n"
    return "\n".join((KERAS_HEAD, KERAS_DATA[task], coded, split, model, compile_ + fit + judged))
