import torch
from torch import nn

torch.manual_seed(0)
steps, n = 20, 300
x = torch.randn(steps, n, 3)
y = x.sum(0) @ torch.tensor([[1.0], [-1.0], [0.5]]) / 5


class Reader(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.GRU(3, 16)
        self.out = nn.Linear(16, 1)

    def forward(self, x):
        _, h = self.rnn(x)
        return self.out(h[-1])


model = Reader()
opt = torch.optim.RMSprop(model.parameters(), lr=3e-3)
for epoch in range(20):
    for i in range(0, n, 30):
        loss = nn.functional.smooth_l1_loss(model(x[:, i:i + 30]), y[i:i + 30])
        opt.zero_grad()
        loss.backward()
        opt.step()
print(loss.item())
