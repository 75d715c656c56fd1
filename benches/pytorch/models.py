"""As grid.py, for networks of the size people train: 4 activations x 4 initializations, one repetition each.

    python models.py resnet18|vit|gpt|lstm [--workers N]

resnet18: 3x32x32, stem 3x3 to 64, 2 basic blocks at 64, 128, 256, 512, batch norm in training mode, 32 images.
vit:      3x32x32, 4x4 patches, 6 pre-norm blocks of width 192, 3 heads, MLP 768, mean over tokens, 12 images.
gpt:      64 tokens of a vocabulary of 1,000, learned positions, 4 pre-norm blocks of width 256, 4 heads, causal, MLP 1024, 16 texts.
lstm:     64 tokens of a vocabulary of 1,000, embedding 128, 2 layers of 256, the searched activation and a dense layer of 256 on the last state, 256 texts.
Every output of a module with weights and of the searched activation counts: width C takes the first C of its rows (sample, then
position). Weights of two or more dimensions are redrawn by the initialization (embeddings N(0, 0.02)), biases are zero. Prints one JSON line.
"""
import argparse, json, multiprocessing as mp, os, time
ACTIVATIONS, INITS = ["relu", "gelu", "silu", "tanh"], ["kaiming_normal", "xavier_uniform", "orthogonal", "normal_0.02"]


def build(work, act):
    import torch
    from torch import nn
    from torch.nn import functional as F

    class Act(nn.Module):
        def forward(self, x): return act(x)

    class Basic(nn.Module):
        def __init__(self, i, o, k):
            super().__init__()
            self.body = nn.Sequential(nn.Conv2d(i, o, 3, k, 1, bias=False), nn.BatchNorm2d(o), Act(), nn.Conv2d(o, o, 3, 1, 1, bias=False), nn.BatchNorm2d(o))
            self.short = nn.Sequential(nn.Conv2d(i, o, 1, k, bias=False), nn.BatchNorm2d(o)) if k > 1 or i != o else nn.Identity()
            self.act = Act()
        def forward(self, x): return self.act(self.body(x) + self.short(x))

    class Block(nn.Module):
        def __init__(self, d, heads, hidden, causal):
            super().__init__()
            self.n1, self.n2, self.heads, self.causal = nn.LayerNorm(d), nn.LayerNorm(d), heads, causal
            self.q, self.k, self.v, self.o = (nn.Linear(d, d) for _ in range(4))
            self.up, self.act, self.down = nn.Linear(d, hidden), Act(), nn.Linear(hidden, d)
        def forward(self, x):
            h = self.n1(x)
            q, k, v = (f(h).unflatten(-1, (self.heads, -1)).transpose(1, 2) for f in (self.q, self.k, self.v))
            x = x + self.o(F.scaled_dot_product_attention(q, k, v, is_causal=self.causal).transpose(1, 2).flatten(2))
            return x + self.down(self.act(self.up(self.n2(x))))

    class Patches(nn.Module):
        def __init__(self, d):
            super().__init__()
            self.proj, self.pos = nn.Conv2d(3, d, 4, 4), nn.Parameter(torch.randn(1, 64, d) * .02)
        def forward(self, x): return self.proj(x).flatten(2).transpose(1, 2) + self.pos

    class Tokens(nn.Module):
        def __init__(self, d):
            super().__init__()
            self.e, self.pos = nn.Embedding(1000, d), nn.Parameter(torch.randn(1, 64, d) * .02)
        def forward(self, x): return self.e(x) + self.pos

    class Mean(nn.Module):
        def forward(self, x): return x.mean(1)

    class Recurrent(nn.Module):
        def __init__(self):
            super().__init__()
            self.e, self.r, self.d, self.act, self.f = nn.Embedding(1000, 128), nn.LSTM(128, 256, 2, batch_first=True), nn.Linear(256, 256), Act(), nn.Linear(256, 10)
        def forward(self, x): return self.f(self.act(self.d(self.r(self.e(x))[0][:, -1])))

    if work == "resnet18":
        layers, i = [nn.Conv2d(3, 64, 3, 1, 1, bias=False), nn.BatchNorm2d(64), Act()], 64
        for o, k in ((64, 1), (64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), (512, 1)):
            layers, i = layers + [Basic(i, o, k)], o
        return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, 10)), lambda: torch.randn(32, 3, 32, 32), Act
    if work == "vit":
        return nn.Sequential(Patches(192), *(Block(192, 3, 768, False) for _ in range(6)), nn.LayerNorm(192), Mean(), nn.Linear(192, 10)), lambda: torch.randn(12, 3, 32, 32), Act
    if work == "gpt":
        return nn.Sequential(Tokens(256), *(Block(256, 4, 1024, True) for _ in range(4)), nn.LayerNorm(256), nn.Linear(256, 1000)), lambda: torch.randint(0, 1000, (16, 64)), Act
    return Recurrent(), lambda: torch.randint(0, 1000, (256, 64)), Act


def score(task):
    work, activation, init = task
    import torch
    from torch import nn
    torch.set_num_threads(1)
    torch.manual_seed(0)
    F, I = nn.functional, nn.init
    model, inputs, act = build(work, {"relu": torch.relu, "gelu": F.gelu, "silu": F.silu, "tanh": torch.tanh}[activation])
    draw = {"kaiming_normal": lambda w: I.kaiming_normal_(w, nonlinearity="relu"), "xavier_uniform": I.xavier_uniform_, "orthogonal": I.orthogonal_, "normal_0.02": lambda w: I.normal_(w, std=.02)}[init]
    found = []
    def rows(module, _, h):
        h = h[0] if isinstance(h, tuple) else h
        h = h.transpose(1, 3).flatten(0, 2) if h.dim() == 4 else h.flatten(0, -2)
        s = torch.linalg.svdvals(h[:h.shape[1]]).double()
        p = s / s.sum()
        p = p[p > 0]
        found.append(float(torch.exp(-(p * p.log()).sum())))
    for m in model.modules():
        if getattr(m, "weight", None) is not None or isinstance(m, (act, nn.LSTM)): m.register_forward_hook(rows)
    with torch.no_grad():
        for m in model.modules():
            for name, p in m.named_parameters(recurse=False):
                if isinstance(m, nn.Embedding): I.normal_(p, std=.02)
                elif p.dim() >= 2 and "weight" in name: draw(p)
                elif "bias" in name: p.zero_()
        model(inputs())
    return activation, init, sum(found), len(found)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("work", choices=["resnet18", "vit", "gpt", "lstm"])
    p.add_argument("--workers", type=int, default=os.cpu_count())
    a = p.parse_args()
    tasks = [(a.work, x, i) for x in ACTIVATIONS for i in INITS]
    with mp.get_context("fork").Pool(a.workers) as pool:
        pool.map(score, [(a.work, "relu", "normal_0.02")] * a.workers, chunksize=1)  # imports, warm-up
        start = time.perf_counter()
        done = pool.map(score, tasks, chunksize=1)
        seconds = time.perf_counter() - start
    done.sort(key=lambda d: -d[2])
    print(json.dumps({"work": a.work, "candidates": len(tasks), "layers": done[0][3], "workers": a.workers, "seconds": round(seconds, 3), "best": done[:3]}))


if __name__ == "__main__":
    main()
