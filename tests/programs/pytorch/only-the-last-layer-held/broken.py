import torch
from torch import nn
from sklearn.datasets import load_digits

torch.manual_seed(0)
d = load_digits()
x, y = torch.tensor(d.data / 8 - 1).float(), torch.tensor(d.target)


class MLP(nn.Module):
    def __init__(self):
        super().__init__()
        self.squeeze = nn.Linear(64, 5)
        self.out = nn.Linear(5, 10)

    def forward(self, x):
        return self.out(torch.tanh(self.squeeze(x)))


model = MLP()
optimizer = torch.optim.Adam(model.out.parameters(), lr=0.01)
for epoch in range(10):
    for i in range(0, 1400, 28):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(x[i:i + 28]), y[i:i + 28])
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        print(epoch, (model(x[1400:]).argmax(1) == y[1400:]).float().mean().item())
