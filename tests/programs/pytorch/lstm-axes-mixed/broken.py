import torch
from torch import nn

torch.manual_seed(3)
n, steps = 400, 12
values = torch.rand(n, steps, 1)
marks = torch.zeros(n, steps, 1)
for i in range(n):
    a, b = torch.randperm(steps)[:2]
    marks[i, a] = marks[i, b] = 1
x = torch.cat([values, marks], 2)
y = (values * marks).sum(1)


class Adder(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(2, 24)
        self.out = nn.Linear(24, 1)

    def forward(self, x):
        states, _ = self.lstm(x)
        return self.out(states[:, -1])


model = Adder()
opt = torch.optim.Adam(model.parameters(), lr=0.01)
for epoch in range(40):
    for i in range(0, n, 40):
        loss = nn.functional.mse_loss(model(x[i:i + 40]), y[i:i + 40])
        opt.zero_grad()
        loss.backward()
        opt.step()
    print(epoch, loss.item())
