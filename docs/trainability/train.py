"""Trains networks from many initializations and writes the accuracies they reach.

usage: train.py OUT.csv mlp WIDTH DEPTH adam|sgd|apart       DEPTH hidden layers
       train.py OUT.csv cnn WIDTH DEPTH adam|sgd|apart [bn]  DEPTH 3x3 convolutions of WIDTH channels, stride 2 at the first, then
                                                             the mean over all places and a linear layer
Data: Fashion-MNIST (idx files, Debian package dataset-fashion-mnist), standardized, the first 5,000 samples, accuracy on the
first 5,000 test samples; convolutions see 7 x 7 means of 4 x 4 pixels. With DATA=digits in the environment
scikit-learn's 8 x 8 digits, the first 1,400 to train on, the rest to test. Adam 1e-3, or SGD with momentum 0.9 and the best
of three rates, or of RATES=0.01 in the environment; `apart`: both, each at every rate of SGD_RATES and ADAM_RATES. Batch 64.
STEPS=300,600,1200 in the environment are the steps after which accuracy is measured; the last
ends training. ACTIVATIONS=relu,tanh trains those only, and INITS=orthogonal,kaiming_normal_1.2 (with that gain) starts from those.
Batch norm judges by the moments of 1,000 samples (or all).
All initializations of an activation train side by side as one batched product. A row is written when its activation is
done, and what OUT.csv has is not done again; MOST_SECONDS=240 starts no further activation after so many seconds.
"""

import csv
import gzip
import os
import sys
import time

import numpy as np
import torch
import torch.nn.functional as F

torch.set_num_threads(1)
FOLDER = os.environ.get("FASHION", "/usr/share/datasets/fashion-mnist") + "/"
TRAIN, TEST, BATCH = 5000, 5000, 64
STEPS = [int(s) for s in os.environ.get("STEPS", "300,600,1200").split(",")]
RATES = {"adam": "0.001", "sgd": os.environ.get("RATES", "0.1,0.01,0.001")}
APART = {"sgd": os.environ.get("SGD_RATES", "0.001,0.01,0.1,0.5"), "adam": os.environ.get("ADAM_RATES", "0.0001,0.001,0.01")}
ACTIVATIONS = {
    "relu": F.relu, "leaky": lambda x: F.leaky_relu(x, 0.1), "tanh": torch.tanh, "sigmoid": torch.sigmoid, "gelu": F.gelu,
    "silu": F.silu, "elu": F.elu, "selu": F.selu, "softplus": F.softplus, "mish": F.mish, "softsign": F.softsign,
    "hardswish": F.hardswish, "tanhshrink": F.tanhshrink,
}
INITS = os.environ.get("INITS", "torch_default,kaiming_normal,kaiming_uniform,xavier_normal,xavier_uniform,lecun_normal,"
                       "orthogonal,normal_0.01,normal_0.1,normal_1,uniform_0_1").split(",")


def idx(name, n):
    with gzip.open(FOLDER + name) as file:
        data = file.read()
    skip = 4 + 4 * data[3]
    return np.frombuffer(data, np.uint8, offset=skip).reshape(60000 if "train" in name else 10000, -1)[:n]


def load_digits():
    from sklearn.datasets import load_digits as digits
    x, y = digits(return_X_y=True)
    x = torch.tensor((x - x.mean()) / x.std(), dtype=torch.float32)
    y = torch.tensor(y.astype(np.int64))
    return x[:1400], y[:1400], x[1400:], y[1400:]


def load(kind):
    if os.environ.get("DATA") == "digits":
        return load_digits()
    x, y = idx("train-images-idx3-ubyte.gz", TRAIN), idx("train-labels-idx1-ubyte.gz", TRAIN)[:, 0]
    xt, yt = idx("t10k-images-idx3-ubyte.gz", TEST), idx("t10k-labels-idx1-ubyte.gz", TEST)[:, 0]
    if kind == "cnn":
        x, xt = (a.reshape(-1, 7, 4, 7, 4).mean((2, 4)).reshape(-1, 49) for a in (x, xt))
    mean, std = x.mean(), x.std()
    as_float = lambda a: torch.tensor((a - mean) / std, dtype=torch.float32)
    return as_float(x), torch.tensor(y.astype(np.int64)), as_float(xt), torch.tensor(yt.astype(np.int64))


def draw(init, shape):
    w = torch.empty(shape)
    fan = w[0].numel()
    name, _, gain = init.rpartition("_")
    laws = {"torch_default": lambda: w.uniform_(-fan**-0.5, fan**-0.5),
            "kaiming_normal": lambda: torch.nn.init.kaiming_normal_(w, nonlinearity="relu"),
            "kaiming_uniform": lambda: torch.nn.init.kaiming_uniform_(w, nonlinearity="relu"),
            "xavier_normal": lambda: torch.nn.init.xavier_normal_(w), "xavier_uniform": lambda: torch.nn.init.xavier_uniform_(w),
            "lecun_normal": lambda: w.normal_(0, fan**-0.5), "orthogonal": lambda: torch.nn.init.orthogonal_(w),
            "uniform_0_1": lambda: w.uniform_(0, 1)}
    with_gain = {"normal": lambda: w.normal_(0, float(gain)), "kaiming_normal": lambda: w.normal_(0, float(gain) * fan**-0.5),
                 "orthogonal": lambda: torch.nn.init.orthogonal_(w, float(gain))}
    (laws.get(init) or with_gain[name])()
    b = torch.empty(shape[0]).uniform_(-fan**-0.5, fan**-0.5) if init == "torch_default" else torch.zeros(shape[0])
    return w, b


def drawn(inits, shape):
    both = [draw(init, shape) for init in inits]
    return [torch.stack([w for w, _ in both]), torch.stack([b for _, b in both])]


def mlp(inits, features, width, depth, act, bn):
    """Parameters, each [configurations, ...], and the network as a function of a batch."""
    sizes = [features] + [width] * depth + [10]
    parameters = [p for i, o in zip(sizes, sizes[1:]) for p in drawn(inits, (o, i))]

    def run(x):
        h = x.expand(len(inits), *x.shape)
        for place in range(depth + 1):
            w, b = parameters[2 * place:2 * place + 2]
            h = torch.baddbmm(b[:, None], h, w.transpose(1, 2))
            h = act(h) if place < depth else h
        return h

    return parameters, run


def cnn(inits, features, width, depth, act, bn):
    sizes = [1] + [width] * depth
    parameters = [p for i, o in zip(sizes, sizes[1:]) for p in drawn(inits, (o, i, 3, 3))] + drawn(inits, (10, width))
    parameters[:-2] = [p.permute(0, 3, 4, 2, 1).flatten(1, 3).contiguous() if p.dim() > 2 else p for p in parameters[:-2]]
    norms = [p for _ in range(depth if bn else 0) for p in (torch.ones(len(inits), width), torch.zeros(len(inits), width))]
    side = round(features**0.5)

    def convolve(h, w, b, stride):
        """h [configurations, samples, height, width, channels], as a product with all patches."""
        h = F.pad(h, (0, 0, 1, 1, 1, 1))
        n = (h.shape[2] - 3) // stride + 1
        at = lambda i: slice(i, i + stride * (n - 1) + 1, stride)
        patches = torch.cat([h[:, :, at(i), at(j)] for i in range(3) for j in range(3)], -1)
        return torch.baddbmm(b[:, None], patches.flatten(1, 3), w).view(*patches.shape[:-1], -1)

    def run(x):
        h = x.view(1, -1, side, side, 1).expand(len(inits), -1, -1, -1, -1)
        for place in range(depth):
            h = convolve(h, *parameters[2 * place:2 * place + 2], 2 if place == 0 else 1)
            if bn:
                variance, mean = torch.var_mean(h, (1, 2, 3), correction=0, keepdim=True)
                scale, shift = (p[:, None, None, None] for p in norms[2 * place:2 * place + 2])
                h = (h - mean) * (variance + 1e-5).rsqrt() * scale + shift
            h = act(h)
        w, b = parameters[-2:]
        return torch.baddbmm(b[:, None], h.mean((2, 3)), w.transpose(1, 2))

    return parameters + norms, run


def accuracy(run, xt, yt):
    with torch.no_grad():
        out = torch.cat([run(t) for t in xt.split(1000)], 1)
    hits = (out.argmax(-1) == yt).float().mean(1)
    return torch.where(out.isfinite().all(-1).all(-1), hits, 0.1)


def train(run, parameters, how, rates, data):
    """Accuracies [configurations, len(STEPS)], with a rate for each configuration."""
    x, y, xt, yt = data
    for p in parameters:
        p.requires_grad_()
    m1, m2 = [torch.zeros_like(p) for p in parameters], [torch.zeros_like(p) for p in parameters]
    step, found = 0, []
    while True:
        for at in torch.randperm(len(x)).split(BATCH)[:-1]:
            out = run(x[at])
            n = out.shape[0]
            loss = F.cross_entropy(out.flatten(0, 1), y[at].repeat(n)) * n
            grads = torch.autograd.grad(loss, parameters)
            step += 1
            with torch.no_grad():
                for p, g, a, b in zip(parameters, grads, m1, m2):
                    rate = rates.view(-1, *[1] * (p.dim() - 1))
                    if how == "adam":
                        a.lerp_(g, 0.1)
                        b.lerp_(g * g, 0.001)
                        p -= rate * (a / (1 - 0.9**step)) / ((b / (1 - 0.999**step)).sqrt() + 1e-8)
                    else:
                        a.mul_(0.9).add_(g)
                        p -= rate * a
            if step in STEPS:
                found.append(accuracy(run, xt, yt))
            if step == STEPS[-1]:
                return torch.stack(found, 1)


def main():
    path, kind, width, depth, how, *bn = sys.argv[1:]
    start, data, rows = time.time(), load(kind), []
    if os.path.exists(path):
        with open(path) as file:
            rows = list(csv.DictReader(file))
    chosen = os.environ.get("ACTIVATIONS", ",".join(ACTIVATIONS)).split(",")
    for name in (n for n in chosen if n not in {r["activation"] for r in rows}):
        if time.time() - start > float(os.environ.get("MOST_SECONDS", "inf")):
            break
        found = [{"activation": name, "init": init} for init in INITS]
        for optimizer, rates in APART.items() if how == "apart" else [(how, RATES[how])]:
            rates = rates.split(",")
            torch.manual_seed(1)
            build = mlp if kind == "mlp" else cnn
            inits = INITS * len(rates)
            parameters, run = build(inits, data[0].shape[1], int(width), int(depth), ACTIVATIONS[name], bool(bn))
            of_each = torch.tensor([float(rate) for rate in rates]).repeat_interleave(len(INITS))
            reached = train(run, parameters, optimizer, of_each, data).view(len(rates), len(INITS), -1)
            columns = {f"{optimizer}_{rate}_": values for rate, values in zip(rates, reached)}
            for prefix, values in columns.items() if how == "apart" else [("", reached.amax(0))]:
                for row, after in zip(found, values):
                    row.update({f"{prefix}after_{s}": f"{v:.4f}" for s, v in zip(STEPS, after)})
        rows += found
        print(name, round(time.time() - start), [list(row.values())[1:] for row in found], flush=True)
        with open(path, "w", newline="") as file:
            writer = csv.DictWriter(file, rows[0])
            writer.writeheader()
            writer.writerows(rows)


main()
