import torch
from torch import nn

torch.manual_seed(0)
n, length = 600, 10
tokens = torch.randint(1, 12, (n, length))
labels = (tokens == 3).any(1).long()


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(12, 16)
        self.layer = nn.TransformerEncoderLayer(16, 2, 32, dropout=0.1, batch_first=True)
        self.out = nn.Linear(16, 2)

    def forward(self, t):
        return self.out(self.layer(self.embed(t)).mean(1))


net = Encoder()
opt = torch.optim.AdamW(net.parameters(), lr=3e-3)
for epoch in range(8):
    net.train()
    for i in range(0, 500, 50):
        loss = nn.functional.cross_entropy(net(tokens[i:i + 50]), labels[i:i + 50], label_smoothing=0.05)
        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        opt.step()
    net.eval()
    with torch.no_grad():
        print(epoch, (net(tokens[500:]).argmax(-1) == labels[500:]).float().mean().item())
