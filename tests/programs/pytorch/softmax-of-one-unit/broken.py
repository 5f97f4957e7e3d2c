import torch
from torch import nn
from sklearn.datasets import make_moons

X, t = make_moons(400, noise=0.1, random_state=1)
X, t = torch.tensor(X).float(), torch.tensor(t).float().unsqueeze(1)
torch.manual_seed(0)


class Moons(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(2, 24)
        self.out = nn.Linear(24, 1)
        self.act = nn.Softmax(dim=1)

    def forward(self, x):
        return self.act(self.out(torch.tanh(self.hidden(x))))


net, bce = Moons(), nn.BCELoss()
opt = torch.optim.Adam(net.parameters(), 0.02)
for epoch in range(150):
    opt.zero_grad()
    loss = bce(net(X), t)
    loss.backward()
    opt.step()
print(loss.item())
