import torch
from torch import nn
from sklearn.datasets import load_digits

torch.manual_seed(2)
d = load_digits()
x, y = torch.tensor(d.images, dtype=torch.float32).unsqueeze(1) / 16, torch.tensor(d.target)


class Small(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 8, 3, padding=1)
        self.pool = nn.MaxPool2d(2)
        self.fc = nn.Linear(8 * 16, 10)

    def forward(self, x):
        x = self.pool(torch.relu(self.conv(x)))
        return self.fc(x.flatten(1))


model = Small()
# start again from scratch
model = Small()
optimizer = torch.optim.Adam(model.parameters(), lr=0.005)
for epoch in range(6):
    for i in range(0, 1400, 50):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(x[i:i + 50]), y[i:i + 50])
        loss.backward()
        optimizer.step()
    print(epoch, loss.item(), (model(x[1400:]).argmax(1) == y[1400:]).float().mean().item())
