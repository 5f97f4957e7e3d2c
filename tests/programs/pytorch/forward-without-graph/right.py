import torch
from torch import nn

torch.manual_seed(1)
x = torch.rand(256, 2) * 2 - 1
y = ((x[:, :1] * x[:, 1:]) > 0).float()
net = nn.Sequential(nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 1))
opt = torch.optim.Adam(net.parameters(), lr=0.02)
loss_fn = nn.BCEWithLogitsLoss()
for step in range(300):
    out = net(x)
    loss = loss_fn(out, y)
    opt.zero_grad()
    loss.backward()
    opt.step()
print(loss.item())
