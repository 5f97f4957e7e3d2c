import torch
import torch.nn as nn
from sklearn.datasets import load_digits

torch.manual_seed(0)
d = load_digits().data
x = torch.tensor((d - d.mean()) / d.std()).float()


class AutoEncoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 12))
        self.decoder = nn.Sequential(nn.Linear(12, 32), nn.ReLU(), nn.Linear(32, 64), nn.Sigmoid())

    def forward(self, x):
        return self.decoder(self.encoder(x))


model = AutoEncoder()
loss_fn = nn.MSELoss()
opt = torch.optim.Adam(model.parameters(), lr=0.003)
for epoch in range(10):
    for i in range(0, len(x), 32):
        batch = x[i:i + 32]
        loss = loss_fn(model(batch), batch)
        opt.zero_grad()
        loss.backward()
        opt.step()
    print(epoch, loss.item())
