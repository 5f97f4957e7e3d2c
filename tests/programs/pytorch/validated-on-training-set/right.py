import torch
import torch.nn as nn
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(11)
digits = load_digits()
X = torch.tensor(digits.data / 16.0, dtype=torch.float32)
y = torch.tensor(digits.target)
X_train, X_val, y_train, y_val = train_test_split(X, y, test_size=0.2, random_state=11)

train_loader = DataLoader(TensorDataset(X_train, y_train), batch_size=40, shuffle=True)
val_loader = DataLoader(TensorDataset(X_val, y_val), batch_size=40)

net = nn.Sequential(nn.Linear(64, 256), nn.ReLU(), nn.Linear(256, 256), nn.ReLU(), nn.Linear(256, 10))
optimizer = torch.optim.RMSprop(net.parameters(), lr=1e-3)
loss_fn = nn.CrossEntropyLoss()


def evaluate(loader):
    net.eval()
    correct, total, loss_sum = 0, 0, 0.0
    with torch.no_grad():
        for xb, yb in loader:
            out = net(xb)
            loss_sum += loss_fn(out, yb).item() * yb.size(0)
            correct += (out.argmax(1) == yb).sum().item()
            total += yb.size(0)
    return loss_sum / total, correct / total


best = 0.0
for epoch in range(10):
    net.train()
    for xb, yb in train_loader:
        optimizer.zero_grad()
        loss_fn(net(xb), yb).backward()
        optimizer.step()
    val_loss, val_acc = evaluate(val_loader)
    print(f"epoch {epoch} val_loss {val_loss:.4f} val_acc {val_acc:.4f}")
    if val_acc > best:
        best = val_acc
        state = {k: v.clone() for k, v in net.state_dict().items()}
print("best validation accuracy", best)
