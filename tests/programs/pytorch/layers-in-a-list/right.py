import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits


class Net(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in zip(sizes[:-1], sizes[1:]))
        self.last = nn.Linear(sizes[-1], 10)

    def forward(self, x):
        for layer in self.layers:
            x = torch.tanh(layer(x))
        return self.last(x)


def batches(x, y, size):
    order = torch.randperm(len(x))
    for start in range(0, len(x), size):
        chosen = order[start:start + size]
        yield x[chosen], y[chosen]


torch.manual_seed(0)
X, Y = load_digits(return_X_y=True)
X = torch.from_numpy(X).float() / 8 - 1
Y = torch.from_numpy(Y)

model = Net([64, 6, 6, 4])
opt = torch.optim.Adam(model.parameters(), lr=3e-3)
for epoch in range(20):
    total = 0.0
    for xb, yb in batches(X[:1500], Y[:1500], 30):
        loss = F.cross_entropy(model(xb), yb)
        opt.zero_grad()
        loss.backward()
        opt.step()
        total += loss.item()
    with torch.no_grad():
        hits = (model(X[1500:]).argmax(1) == Y[1500:]).float().mean()
    print(f'{epoch}: {total / 50:.3f} {hits:.3f}')
