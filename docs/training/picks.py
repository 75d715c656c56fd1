"""Trains all 130 candidates of a network several times, and says what ways of picking one of them lose.

usage: picks.py train WIDTH DEPTH RUN OUT.npz       784-WIDTH-...-10 with DEPTH hidden layers; RUN seeds split, weights and order
       picks.py lose RANKING.json OUT.npz ...       RANKING.json is that of `neartop rank ... --format json`
Fashion-MNIST (idx files, Debian package dataset-fashion-mnist), standardized: of the first 12,500 samples 10,000 to train on
and 2,500 held out; 3 epochs of Adam 1e-3, batch 64. Accuracy and cross-entropy on the samples held out are measured 18
times, at even steps; accuracy on the 10,000 test samples at the end is what a candidate is worth.
"""

import json
import pathlib
import sys

import numpy as np
import torch
import torch.nn.functional as F

source = (pathlib.Path(__file__).parent.parent / "trainability" / "train.py").read_text()
exec(source.rsplit("\nmain()", 1)[0])
ACTIVATIONS["leaky"] = lambda x: F.leaky_relu(x, 0.01)
INITS.remove("normal_0.1")
SAMPLES, KEPT, STEPS, POINTS = 12500, 10000, 468, 18


def judge(run, x, y):
    with torch.no_grad():
        out = run(x)
        accuracy = (out.argmax(-1) == y).float().mean(1)
        loss = F.cross_entropy(out.flatten(0, 1), y.repeat(len(out)), reduction="none").view(len(out), -1).mean(1)
        finite = out.isfinite().all(-1).all(-1)
    return torch.where(finite, accuracy, 0.1), torch.where(finite, loss, 99.0)


def train_all(width, depth, number, path):
    x, y = idx("train-images-idx3-ubyte.gz", SAMPLES), idx("train-labels-idx1-ubyte.gz", SAMPLES)[:, 0]
    xt, yt = idx("t10k-images-idx3-ubyte.gz", 10000), idx("t10k-labels-idx1-ubyte.gz", 10000)[:, 0]
    mean, std = x.mean(), x.std()
    x, xt = (torch.tensor((a - mean) / std, dtype=torch.float32) for a in (x, xt))
    y, yt = (torch.tensor(a.astype(np.int64)) for a in (y, yt))
    torch.manual_seed(1000 + number)
    split = torch.randperm(SAMPLES)
    kept, held_out = split[:KEPT], split[KEPT:]
    orders = [torch.randperm(KEPT).split(BATCH)[:-1] for _ in range(3)]
    keys, rows = [], []
    for name, act in ACTIVATIONS.items():
        torch.manual_seed(number * 77 + 5)
        parameters, run = mlp(INITS, 784, width, depth, act, False)
        for p in parameters:
            p.requires_grad_()
        optimizer, points = torch.optim.Adam(parameters, 1e-3), []
        for step, at in enumerate((at for order in orders for at in order), 1):
            out = run(x[kept[at]])
            optimizer.zero_grad()
            # Means over a network's own samples: networks do not meet.
            (F.cross_entropy(out.flatten(0, 1), y[kept[at]].repeat(len(out))) * len(out)).backward()
            optimizer.step()
            if step * POINTS % STEPS == 0:
                points.append(torch.stack(judge(run, x[held_out], y[held_out])))
        keys += [f"{name},{init}" for init in INITS]
        worth = judge(run, xt, yt)[0]
        rows += [np.append(torch.stack(points)[:, :, at].numpy(), worth[at]) for at in range(len(INITS))]
        print(name, flush=True)
    np.savez(path, keys=keys, rows=np.array(rows))


def name_of(choice):
    """As the candidates of a report and those trained here both write it."""
    name, values = next(iter(choice.items())) if isinstance(choice, dict) else (choice, {})
    names = {"leaky_relu": "leaky", "normal": f"normal_{values.get('std', 1):g}", "uniform": "uniform_0_1"}
    return names.get(name, name)


def mark(points, until, errors):
    """Who is judged after `until` points: by last accuracy, last loss, or means with a band of standard errors."""
    late = points[:, until * 2 // 3:until].mean(1)
    accuracy, loss = points[:, until - 1].T if isinstance(errors, str) else late.T
    if isinstance(errors, str):
        return accuracy if errors == "accuracy" else -loss
    best = accuracy.max()
    equal = accuracy >= best - errors * (best * (1 - best) / (SAMPLES - KEPT)) ** 0.5
    return np.where(equal, 100 - loss, accuracy - 1)


def lose(report, paths):
    runs = [np.load(path) for path in paths]
    keys, rows = list(runs[0]["keys"]), np.array([run["rows"] for run in runs])
    points, worth = rows[:, :, :-1].reshape(*rows.shape[:2], POINTS, 2), rows[:, :, -1]
    ranked = [c for c in json.load(open(report))["candidates"] if c["near"] is not None]
    at = lambda c: keys.index(f"{name_of(c['activation'])},{name_of(c['init'])}")
    everyone = [at(c) for c in ranked]
    trusted = [at(c) for c in ranked if c["trainability"]["verdict"] == "trainable"]
    best = np.argsort(-worth.mean(0))[:20]
    print("standard deviation between trainings", worth.std(0, ddof=1)[best].mean().round(4))
    ways = [(everyone, [(130, 18)]), (trusted, [(53, 2), (17, 6), (5, 18)]), (trusted, [(17, 9), (8, 18)]),
            (trusted, [(13, 18)]), (trusted, [(23, 6), (7, 18)]), (trusted, [(26, 4), (13, 9), (6, 18)]), (trusted, [(130, 18)])]
    for field, rungs in ways:
        for errors in ("accuracy", "loss", 1, 2, 3):
            lost = []
            for run in range(len(runs)):
                left = np.array(field)
                for count, until in rungs:
                    left = left[:count]
                    left = left[np.argsort(-mark(points[run][left], until, errors), kind="stable")]
                others = np.delete(worth, run, 0).mean(0)
                lost.append(others.max() - others[left[0]])
            print(rungs, errors, f"{np.mean(lost):.4f} ({sum(l <= 0.005 for l in lost)} of {len(lost)})")


if sys.argv[1] == "train":
    train_all(*map(int, sys.argv[2:5]), sys.argv[5])
else:
    lose(sys.argv[2], sys.argv[3:])
