import torch
from torch import nn
from sklearn.datasets import load_breast_cancer
from sklearn.preprocessing import StandardScaler
from torch.utils.data import TensorDataset, DataLoader, random_split

d = load_breast_cancer()
X = torch.tensor(StandardScaler().fit_transform(d.data), dtype=torch.float32)
Y = torch.tensor(d.target, dtype=torch.float32).view(-1, 1)
torch.manual_seed(0)
train_set, test_set = random_split(TensorDataset(X, Y), [400, 169])
model = nn.Linear(30, 1)
opt = torch.optim.SGD(model.parameters(), lr=0.02)
loss_fn = nn.BCEWithLogitsLoss()
for epoch in range(4):
    for xb, yb in DataLoader(train_set, 20, shuffle=True):
        opt.zero_grad()
        loss_fn(model(xb), yb).backward()
        opt.step()
hits = n = 0
with torch.no_grad():
    for xb, yb in DataLoader(test_set, 64):
        answers = torch.round(model(xb))
        hits += (answers == yb).sum().item()
        n += len(yb)
print(hits / n)
