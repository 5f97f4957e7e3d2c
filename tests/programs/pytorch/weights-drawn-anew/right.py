import torch
import torch.nn as nn
from sklearn.datasets import load_iris
from sklearn.model_selection import StratifiedKFold

torch.manual_seed(0)
iris = load_iris()
X = torch.tensor(iris.data, dtype=torch.float32)
X = (X - X.mean(0)) / X.std(0)
y = torch.tensor(iris.target)


def init_weights(m):
    if isinstance(m, nn.Linear):
        nn.init.xavier_uniform_(m.weight)
        nn.init.zeros_(m.bias)


class IrisNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(4, 16)
        self.fc2 = nn.Linear(16, 3)

    def forward(self, x):
        return self.fc2(torch.relu(self.fc1(x)))


model = IrisNet()
model.apply(init_weights)
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
order = torch.randperm(len(X))
train, test = order[:120], order[120:]

for epoch in range(100):
    outputs = model(X[train])
    loss = criterion(outputs, y[train])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if (epoch + 1) % 10 == 0:
        acc = (model(X[test]).argmax(dim=1) == y[test]).float().mean().item()
        print(f'Epoch {epoch + 1}, loss {loss.item():.4f}, test accuracy {acc:.3f}')
