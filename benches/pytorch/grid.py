"""The PyTorch program a careful user would write instead: scores a grid of
activation x initialization with NEAR, one batched forward pass per repetition,
one single-threaded worker process per core.

    python grid.py mlp-small|mlp-wide|cnn [--repetitions R] [--workers N]

Prints one JSON line: candidates, repetitions, seconds (start of scoring to last
score, imports and data not counted) and the five best candidates.
Needs: torch, numpy.
"""
import argparse, json, math, multiprocessing as mp, os, time

WORK = {
    # name: (input shape, layers, default repetitions)
    "mlp-small": ([784], [("linear", 128), "act", ("linear", 128), "act", ("linear", 10)], 8),
    "mlp-wide": ([784], [("linear", 512), "act", ("linear", 512), "act", ("linear", 512), "act", ("linear", 10)], 2),
    "cnn": ([3, 32, 32], [("conv", 32), "act", ("conv", 32), "act", "pool", ("conv", 64), "act", ("conv", 64), "act",
                          "pool", "flatten", ("linear", 128), "act", ("linear", 10)], 2),
}
ACTIVATIONS = ["relu", "leaky_relu", "elu", "selu", "gelu", "silu", "mish", "tanh", "sigmoid", "softsign", "softplus",
               "tanhshrink", "hardswish"]
INITS = ["torch_default", "xavier_uniform", "xavier_normal", "kaiming_uniform", "kaiming_normal", "lecun_normal",
         "orthogonal", "normal_0.01", "normal_1", "uniform_0_1"]


def setup():
    import torch
    torch.set_num_threads(1)
    return torch


def score(task):
    work, activation, init, repetitions = task
    torch = setup()
    from torch import nn
    F, I = nn.functional, nn.init
    act = {"relu": torch.relu, "leaky_relu": F.leaky_relu, "elu": F.elu, "selu": torch.selu, "gelu": F.gelu,
           "silu": F.silu, "mish": F.mish, "tanh": torch.tanh, "sigmoid": torch.sigmoid, "softsign": F.softsign,
           "softplus": F.softplus, "tanhshrink": F.tanhshrink, "hardswish": F.hardswish}[activation]

    def draw(*shape):
        w = torch.empty(*shape)
        fan_in = w[0].numel()
        b = torch.zeros(shape[0])
        if init == "torch_default":
            I.kaiming_uniform_(w, a=math.sqrt(5)); I.uniform_(b, -fan_in ** -.5, fan_in ** -.5)
        elif init == "xavier_uniform": I.xavier_uniform_(w)
        elif init == "xavier_normal": I.xavier_normal_(w)
        elif init == "kaiming_uniform": I.kaiming_uniform_(w, nonlinearity="relu")
        elif init == "kaiming_normal": I.kaiming_normal_(w, nonlinearity="relu")
        elif init == "lecun_normal": I.normal_(w, std=fan_in ** -.5)
        elif init == "orthogonal": I.orthogonal_(w)
        elif init == "normal_0.01": I.normal_(w, std=.01)
        elif init == "normal_1": I.normal_(w)
        else: I.uniform_(w)
        return w, b

    def erank(a):
        s = torch.linalg.svdvals(a).double()
        p = s / s.sum()
        p = p[p > 0]
        return float(torch.exp(-(p * p.log()).sum()))

    def rows(h):
        if h.dim() == 4:
            h = h.transpose(1, 3).flatten(0, 2)
        return h[: h.shape[1]]

    shape, layers, _ = WORK[work]
    batch = max([n for kind in layers if isinstance(kind, tuple) and kind[0] == "linear" for n in [kind[1]]])
    scores = []
    with torch.no_grad():
        for r in range(repetitions):
            torch.manual_seed(r)
            h, total = torch.randn(batch, *shape), 0.0
            for layer in layers:
                if layer == "act": h = act(h)
                elif layer == "pool": h = F.max_pool2d(h, 2); continue
                elif layer == "flatten": h = h.flatten(1); continue
                elif layer[0] == "linear": w, b = draw(layer[1], h.shape[1]); h = F.linear(h, w, b)
                else: w, b = draw(layer[1], h.shape[1], 3, 3); h = F.conv2d(h, w, b, padding=1)
                total += erank(rows(h))
            scores.append(total)
    return activation, init, sum(scores) / len(scores)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("work", choices=WORK)
    p.add_argument("--repetitions", type=int)
    p.add_argument("--workers", type=int, default=os.cpu_count())
    a = p.parse_args()
    reps = a.repetitions or WORK[a.work][2]
    tasks = [(a.work, x, i, reps) for x in ACTIVATIONS for i in INITS]
    with mp.get_context("fork").Pool(a.workers) as pool:
        pool.map(score, [(a.work, "relu", "xavier_normal", 1)] * a.workers * 2, chunksize=1)  # imports, warm-up
        start = time.perf_counter()
        done = pool.map(score, tasks, chunksize=1)
        seconds = time.perf_counter() - start
    done.sort(key=lambda d: -d[2])
    print(json.dumps({"work": a.work, "candidates": len(tasks), "repetitions": reps, "workers": a.workers,
                      "seconds": round(seconds, 3), "best": done[:5]}))


if __name__ == "__main__":
    main()
