"""Data and models of PyTorch, as drawn scripts have them."""

from __future__ import annotations

import random

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


def dense(draw: random.Random, task: str) -> str:
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


def convolutional(draw: random.Random, task: str) -> str:
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


def recurrent(draw: random.Random, task: str) -> str:
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
