import torch
from torch import nn

torch.manual_seed(0)
real = torch.randn(512, 2) * 0.3 + torch.tensor([2.0, -1.0])
G = nn.Sequential(nn.Linear(4, 32), nn.LeakyReLU(0.2), nn.Linear(32, 2))
D = nn.Sequential(nn.Linear(2, 32), nn.LeakyReLU(0.2), nn.Linear(32, 1), nn.Sigmoid())
og, od = torch.optim.Adam(G.parameters(), 1e-3), torch.optim.Adam(D.parameters(), 1e-3)
bce = nn.BCELoss()
for step in range(300):
    batch = real[torch.randint(0, 512, (64,))]
    fake = G(torch.randn(64, 4))
    D.zero_grad()
    loss_d = bce(D(batch), torch.ones(64, 1)) + bce(D(fake.detach()), torch.zeros(64, 1))
    loss_d.backward()
    od.step()
    G.zero_grad()
    loss_g = bce(D(fake), torch.ones(64, 1))
    loss_g.backward()
    og.step()
print(loss_d.item(), loss_g.item())
