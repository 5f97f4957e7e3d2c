import torch
from torch import nn
from sklearn.datasets import load_breast_cancer
from sklearn.preprocessing import StandardScaler

data = load_breast_cancer()
features = StandardScaler().fit_transform(data.data)
x = torch.tensor(features, dtype=torch.float32)
y = torch.tensor(data.target, dtype=torch.float32)
torch.manual_seed(4)


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(30, 16)
        self.out = nn.Linear(16, 1)

    def forward(self, x):
        h = torch.relu(self.hidden(x))
        return torch.sigmoid(self.out(h)).squeeze(-1)


clf = Classifier()
loss_fn = nn.BCEWithLogitsLoss()
opt = torch.optim.SGD(clf.parameters(), lr=0.003)
for epoch in range(200):
    for i in range(0, 448, 64):
        out = clf(x[i:i + 64])
        loss = loss_fn(out, y[i:i + 64])
        opt.zero_grad()
        loss.backward()
        opt.step()
with torch.no_grad():
    print(((clf(x[448:]) > 0) == y[448:].bool()).float().mean())
