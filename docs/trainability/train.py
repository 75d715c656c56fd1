"""Trains small networks from many initializations and writes how well they did beside measures of signal propagation.

usage: train.py OUT.csv mlp WIDTH DEPTH adam|sgd|measure    a plain network of DEPTH hidden layers
       train.py OUT.csv cnn DEPTH adam|sgd [bn]             DEPTH 3x3 convolutions of 16 channels, stride 2 at the first,
                                                           on 14 x 14 pixels (digits: 8 x 8)
Data: Fashion-MNIST (idx files, Debian package dataset-fashion-mnist), standardized, the first 5,000 samples; accuracy on
the first 5,000 test samples. With DATA=digits in the environment scikit-learn's 8 x 8 digits, the first 1,400 to train
on, the rest to test. Adam 1e-3, or SGD with momentum 0.9 and the best of three rates; batch 64, EPOCHS=4.
ACTIVATIONS=relu,tanh in the environment trains those only. All initializations of an activation train side by side as
one batched product. `measure` only measures, without training.
"""

import csv
import gzip
import os
import sys

import numpy as np
import torch
import torch.nn.functional as F

torch.set_num_threads(1)
FOLDER = "/usr/share/datasets/fashion-mnist/"
TRAIN, TEST, BATCH, EPOCHS = 5000, 5000, 64, int(os.environ.get("EPOCHS", 4))
RATES = {"adam": [1e-3], "sgd": [0.1, 0.01, 0.001]}
ACTIVATIONS = {
    "relu": F.relu, "leaky": lambda x: F.leaky_relu(x, 0.1), "tanh": torch.tanh, "sigmoid": torch.sigmoid, "gelu": F.gelu,
    "silu": F.silu, "elu": F.elu, "selu": F.selu, "softplus": F.softplus, "mish": F.mish, "softsign": F.softsign,
    "hardswish": F.hardswish, "tanhshrink": F.tanhshrink,
}
INITS = ["torch_default", "kaiming_normal", "kaiming_uniform", "xavier_normal", "xavier_uniform", "lecun_normal",
         "orthogonal", "normal_0.01", "normal_0.1", "normal_1", "uniform_0_1"]


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


def load():
    if os.environ.get("DATA") == "digits":
        return load_digits()
    x, y = idx("train-images-idx3-ubyte.gz", TRAIN), idx("train-labels-idx1-ubyte.gz", TRAIN)[:, 0]
    xt, yt = idx("t10k-images-idx3-ubyte.gz", TEST), idx("t10k-labels-idx1-ubyte.gz", TEST)[:, 0]
    mean, std = x.mean(), x.std()
    as_float = lambda a: torch.tensor((a - mean) / std, dtype=torch.float32)
    return as_float(x), torch.tensor(y.astype(np.int64)), as_float(xt), torch.tensor(yt.astype(np.int64))


def draw(init, shape):
    w = torch.empty(shape)
    fan = w[0].numel()
    {"torch_default": lambda: w.uniform_(-fan**-0.5, fan**-0.5),
     "kaiming_normal": lambda: torch.nn.init.kaiming_normal_(w, nonlinearity="relu"),
     "kaiming_uniform": lambda: torch.nn.init.kaiming_uniform_(w, nonlinearity="relu"),
     "xavier_normal": lambda: torch.nn.init.xavier_normal_(w), "xavier_uniform": lambda: torch.nn.init.xavier_uniform_(w),
     "lecun_normal": lambda: w.normal_(0, fan**-0.5), "orthogonal": lambda: torch.nn.init.orthogonal_(w),
     "uniform_0_1": lambda: w.uniform_(0, 1)}.get(init, lambda: w.normal_(0, float(init.split("_")[-1])))()
    b = torch.empty(shape[0]).uniform_(-fan**-0.5, fan**-0.5) if init == "torch_default" else torch.zeros(shape[0])
    return w, b


def mlp_parameters(inits, features, width, depth):
    sizes = [features] + [width] * depth + [10]
    layers = []
    for i, o in zip(sizes, sizes[1:]):
        drawn = [draw(init, (o, i)) for init in inits]
        layers.append((torch.stack([w for w, _ in drawn]), torch.stack([b for _, b in drawn])))
    return layers


def mlp(layers, act, x, keep=None):
    h = x.expand(layers[0][0].shape[0], *x.shape)
    for place, (w, b) in enumerate(layers):
        h = torch.baddbmm(b[:, None], h, w.transpose(1, 2))
        if keep is not None:
            keep.append(h)
        if place + 1 < len(layers):
            h = act(h)
    return h


def cnn_parameters(inits, depth):
    sizes = [1] + [16] * depth
    layers = []
    for i, o in zip(sizes, sizes[1:]):
        drawn = [draw(init, (o, i, 3, 3)) for init in inits]
        layers.append((torch.cat([w for w, _ in drawn]), torch.cat([b for _, b in drawn])))
    drawn = [draw(init, (10, 16)) for init in inits]
    layers.append((torch.stack([w for w, _ in drawn]), torch.stack([b for _, b in drawn])))
    return layers


def cnn(layers, act, x, keep=None, bn=False):
    groups = layers[-1][0].shape[0]
    side = round(x.shape[1]**0.5)
    h = x.view(-1, 1, side, side)
    h = (F.avg_pool2d(h, 2) if side == 28 else h).repeat(1, groups, 1, 1)
    for place, (w, b) in enumerate(layers[:-1]):
        h = F.conv2d(h, w, b, stride=2 if place == 0 else 1, padding=1, groups=groups)
        if keep is not None:
            keep.append(h.view(h.shape[0], groups, -1).transpose(0, 1))
            h = keep[-1].transpose(0, 1).reshape(h.shape)
        if bn:
            h = F.batch_norm(h, None, None, training=True)
        h = act(h)
    h = h.mean((2, 3)).view(-1, groups, 16).transpose(0, 1)
    w, b = layers[-1]
    h = torch.baddbmm(b[:, None], h, w.transpose(1, 2))
    if keep is not None:
        keep.append(h)
    return h


def ln(x):
    return torch.log(x.clamp_min(1e-35))


def measures(run, act, x):
    """Per configuration; `hs` are pre-activations [configurations, samples, units]."""
    hs = []
    out = run(x, hs)
    c = torch.randn(out.shape)
    grads = torch.autograd.grad(out, hs, c, allow_unused=True)
    hs = [h.detach() for h in hs]
    near = []
    with torch.no_grad():
        run(x + 1e-2 * x.pow(2).mean().sqrt() * torch.randn(x.shape), near)
    ms = lambda t: t.double().pow(2).mean((1, 2))
    spread = [(h - h.mean(1, keepdim=True)) for h in hs]
    delta = [n - h for n, h in zip(near, hs)]
    g = [t.double().pow(2).sum((1, 2)) for t in grads]
    m = {
        "ln_gradient": 0.5 * (ln(g[0]) - ln(g[-1])),
        "ln_gradient_min": torch.stack([0.5 * (ln(t) - ln(g[-1])) for t in g]).amin(0),
        "ln_out": 0.5 * ln(ms(hs[-1])), "ln_spread": 0.5 * ln(ms(spread[-1])),
        "ln_out_max": torch.stack([0.5 * ln(ms(h)) for h in hs]).amax(0),
        "ln_spread_gain": 0.5 * (ln(ms(spread[-1])) - ln(ms(spread[0]))),
        "ln_perturbed": 0.5 * (ln(ms(delta[-1])) - ln(ms(delta[0]))),
    }
    typical = lambda t: 0.5 * ln(t.double().pow(2).mean(2)).mean(1)
    m["ln_perturbed_typical"] = typical(delta[-1]) - typical(delta[0])
    m["ln_spread_typical"], m["ln_out_typical"] = typical(spread[-1]), typical(hs[-1])
    flat = lambda h: torch.autograd.functional.jvp(act, h, torch.ones_like(h))[1].abs() < 0.05
    saturated = lambda h: (flat(h) & flat(-h) & (h.abs() > 1)).double().mean((1, 2))
    m["saturated"] = torch.stack([saturated(h) for h in hs[:-1]]).mean(0)
    m["ln_between"] = m["ln_spread"] - m["ln_out"]
    m["ln_between_hidden"] = 0.5 * (ln(ms(spread[-2])) - ln(ms(hs[-2])))
    m["ln_chaos"] = m["ln_perturbed"] - m["ln_spread_gain"]
    return m


def train(run, parameters, rates, data):
    x, y, xt, yt = data
    parameters = [p.requires_grad_() for layer in parameters for p in layer]
    m1, m2 = [torch.zeros_like(p) for p in parameters], [torch.zeros_like(p) for p in parameters]
    adam, step = rates is None, 0
    for _ in range(EPOCHS):
        for at in torch.randperm(len(x)).split(BATCH)[:-1]:
            out = run(x[at])
            n = out.shape[0]
            loss = F.cross_entropy(out.flatten(0, 1), y[at].repeat(n)) * n
            grads = torch.autograd.grad(loss, parameters)
            step += 1
            with torch.no_grad():
                for p, g, a, b in zip(parameters, grads, m1, m2):
                    if adam:
                        a.lerp_(g, 0.1)
                        b.lerp_(g * g, 0.001)
                        p -= 1e-3 * (a / (1 - 0.9**step)) / ((b / (1 - 0.999**step)).sqrt() + 1e-8)
                    else:
                        a.mul_(0.9).add_(g)
                        per = len(p) // n
                        p -= rates.repeat_interleave(per).view(-1, *[1] * (p.dim() - 1)) * a
    with torch.no_grad():
        out = torch.cat([run(t) for t in xt.split(1000)], 1)
    hits = (out.argmax(-1) == yt).float().mean(1)
    return torch.where(out.isfinite().all(-1).all(-1), hits, 0.1)


def main():
    path, kind, *rest = sys.argv[1:]
    bn = rest[-1] == "bn"
    how = next(a for a in rest if a in ("adam", "sgd", "measure"))
    numbers = [int(a) for a in rest if a.isdigit()]
    data = load()
    rows = []
    chosen = os.environ.get("ACTIVATIONS", ",".join(ACTIVATIONS)).split(",")
    for name, act in ((name, ACTIVATIONS[name]) for name in chosen):
        rates = RATES.get(how, [0])
        inits = INITS * len(rates)
        torch.manual_seed(1)
        if kind == "mlp":
            parameters = mlp_parameters(inits, data[0].shape[1], *numbers)
            run = lambda x, keep=None: mlp(parameters, act, x, keep)
        else:
            parameters = cnn_parameters(inits, *numbers)
            run = lambda x, keep=None: cnn(parameters, act, x, keep, bn)
        for layer in parameters:
            for p in layer:
                p.requires_grad_()
        found = measures(run, act, data[0][:128])
        if how == "measure":
            accuracy = torch.full((len(inits),), float("nan"))
        else:
            per = torch.tensor(rates).repeat_interleave(len(INITS))
            accuracy = train(run, parameters, None if how == "adam" else per, data)
        accuracy = accuracy.view(len(rates), -1).amax(0)
        for i, init in enumerate(INITS):
            row = {"activation": name, "init": init, "test_accuracy": round(accuracy[i].item(), 4)}
            row.update({k: round(v[i].item(), 4) for k, v in found.items()})
            rows.append(row)
        print(name, [(r["init"], r["test_accuracy"]) for r in rows[-len(INITS):]], flush=True)
        with open(path, "w", newline="") as file:
            writer = csv.DictWriter(file, rows[0])
            writer.writeheader()
            writer.writerows(rows)


main()
