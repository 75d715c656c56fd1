"""Says how well trees that are grown on other networks tell, from the same signals, who trains.

usage: learn.py FOLDER       FOLDER has NAME.json of `neartop rank tests/fixtures/trained/NAME.yaml --repetitions 4 --format json`
Networks without batch norm, trained with Adam. For each: the area of the program's score, and those of gradient boosting
and of a random forest that saw all of the others.
"""

import csv
import json
import pathlib
import sys

import numpy as np
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
from sklearn.metrics import roc_auc_score

TRAINED = pathlib.Path(__file__).parents[2] / "tests" / "fixtures" / "trained"
NETWORKS = [("shallow", "fashion-mnist_784-64-64-10", "test_accuracy"), ("deep", "fashion-mnist_784-128x5-10", "test_accuracy"),
            *[(name, name, f"after_{steps}") for name, steps in [
                ("fashion-64x10-adam", 600), ("digits-40x15-adam", 600), ("digits-48x20-adam", 600),
                ("digits-cnn-16x6-adam", 300), ("fashion-cnn-20x8-adam", 300)]]]


def name_of(choice):
    name, values = next(iter(choice.items())) if isinstance(choice, dict) else (choice, {})
    names = {"leaky_relu": "leaky", "normal": f"normal_{values.get('std', 1):g}", "uniform": "uniform_0_1"}
    return names.get(name, name)


def features(layers):
    signals = [layer["signal"] for layer in layers]
    weighted = [s for s in signals if s["saturated"] is None]
    first, last, pairs = weighted[0], weighted[-1], zip(signals, signals[1:])
    gradients = [s["ln_gradient"] for s in signals if s["ln_gradient"] is not None]
    saturated = [s["saturated"] for s in signals if s["saturated"] is not None]
    distinct = [s["ln_spread"] - s["ln_size"] for s in signals]
    gain, typical = (last[k] - first[k] for k in ("ln_perturbation", "ln_typical_perturbation"))
    amplified = [b["ln_size"] - a["ln_size"] for a, b in pairs if a["saturated"] is not None and b["saturated"] is None]
    depth, sizes = len(weighted), [s["ln_size"] for s in signals]
    return np.clip([gain, typical, gain / depth, typical / depth, distinct[-1], distinct[-1] / depth, min(distinct),
                    np.mean(distinct), np.median(gradients), gradients[0], min(gradients), max(gradients), np.mean(gradients),
                    last["ln_size"], last["ln_spread"], max(sizes), min(sizes), max(amplified), np.mean(saturated),
                    max(saturated), depth], -60, 60)


def load(name, file, column):
    accuracies = {(r["activation"], r["init"]): float(r[column]) for r in csv.DictReader(open(TRAINED / f"{file}.csv"))}
    line = max(accuracies.values()) - 0.1
    candidates = json.load(open(pathlib.Path(sys.argv[1]) / f"{name}.json"))["candidates"]
    known = [c for c in candidates if c["layers"] and c["layers"][0].get("signal")]
    good = [accuracies[name_of(c["activation"]), name_of(c["init"])] >= line for c in known]
    return np.array([features(c["layers"]) for c in known]), np.array(good), [c["trainability"]["score"] for c in known]


networks = {name: load(name, file, column) for name, file, column in NETWORKS}
for name, (x, good, score) in networks.items():
    others = [networks[other] for other in networks if other != name]
    seen, known = np.concatenate([o[0] for o in others]), np.concatenate([o[1] for o in others])
    models = (GradientBoostingClassifier(n_estimators=200, max_depth=3, subsample=0.7, random_state=0),
              RandomForestClassifier(500, min_samples_leaf=2, random_state=0))
    areas = [roc_auc_score(good, model.fit(seen, known).predict_proba(x)[:, 1]) for model in models]
    print(name, f"score {roc_auc_score(good, score):.3f}", "boosting {:.3f} forest {:.3f}".format(*areas))
