import numpy as np
import torch
import torch.nn as nn

rng = np.random.RandomState(0)
torch.manual_seed(0)

VOCAB, LEN, N = 40, 12, 1600
good, bad = list(range(2, 12)), list(range(12, 22))
texts = rng.randint(22, VOCAB, size=(N, LEN))
labels = rng.randint(0, 2, N)
for i in range(N):
    where = rng.choice(LEN, 3, replace=False)
    texts[i, where] = rng.choice(good if labels[i] else bad, 3)
texts, labels = torch.tensor(texts), torch.tensor(labels, dtype=torch.float32)


class Sentiment(nn.Module):
    def __init__(self, vocab, emb=16, hid=24):
        super().__init__()
        self.hid = hid
        self.emb = nn.Embedding(vocab, emb)
        self.lstm = nn.LSTM(emb, hid, batch_first=True)
        self.fc = nn.Linear(hid, 1)

    def init_hidden(self, n):
        return torch.zeros(1, n, self.hid), torch.zeros(1, n, self.hid)

    def forward(self, x, hidden):
        out, hidden = self.lstm(self.emb(x), hidden)
        return self.fc(out[:, -1]).squeeze(1), hidden


model = Sentiment(VOCAB)
criterion = nn.BCEWithLogitsLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=0.005)
bs = 50

for epoch in range(10):
    perm = torch.randperm(1400)
    hits = 0
    hidden = model.init_hidden(bs)
    for i in range(0, 1400, bs):
        hidden = model.init_hidden(bs)
        idx = perm[i:i + bs]
        optimizer.zero_grad()
        scores, hidden = model(texts[idx], hidden)
        loss = criterion(scores, labels[idx])
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 5)
        optimizer.step()
        hits += ((scores > 0).float() == labels[idx]).sum().item()
    print(epoch, loss.item(), hits / 1400)
