import torch
import torch.nn.functional as F
from torch import nn
from sklearn.datasets import load_digits

torch.manual_seed(0)
data = load_digits()
x = torch.tensor(data.data, dtype=torch.float32) / 16
y = torch.tensor(data.target)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.one = nn.Linear(64, 32)
        self.two = nn.Linear(32, 10)

    def forward(self, x):
        x = F.relu(self.one(x))
        return F.log_softmax(self.two(x), dim=1)


net = Net()
optimizer = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9)
for epoch in range(8):
    for i in range(0, 1500, 30):
        optimizer.zero_grad()
        loss = F.nll_loss(net(x[i:i + 30]), y[i:i + 30])
        loss.backward()
        optimizer.step()
    net.eval()
    print(epoch, (net(x[1500:]).argmax(1) == y[1500:]).float().mean().item())
    net.train()
