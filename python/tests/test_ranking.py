"""Rankings as tables, pages and trials. Nothing here runs the program."""

from __future__ import annotations

import csv
import io
import re
from html.parser import HTMLParser

import pytest

from neartop import Error, Ranking, Score
from neartop._ranking import label

LAYERS = [{"module": "0", "kind": "linear", "width": 8, "effective_rank": 5.5}]


def row(rank, activation, init, near, verdict="trainable", **others):
    return {
        "rank": rank,
        "tied_with_best": rank == 1,
        "activation": activation,
        "init": init,
        "near": near,
        "standard_error": None if near is None else 0.25,
        "behind_best": None if near is None else 100 - near,
        "repetitions": 4,
        "parameters": 10,
        "status": "failed" if near is None else "scored",
        "trainability": {"verdict": verdict, "score": 0.9},
        "layers": LAYERS,
        **others,
    }


LEAKY = {"leaky_relu": {"negative_slope": 0.25}}
REPORT = {
    "neartop": "0.1.0",
    "preset": "net <b>",
    "seed": 0,
    "repetitions": 4,
    "elapsed_seconds": 1.0,
    "candidates": [
        row(1, "sine", {"normal": {"std": 1.0}}, 100.0, "exploding"),
        row(2, LEAKY, "orthogonal", 90.0),
        row(3, "relu", "as_given", 85.0),
        row(4, "sine", "orthogonal", 80.0),
        row(None, LEAKY, {"normal": {"std": 1.0}}, None, "dead", reason="dead: all outputs are zero"),
    ],
    "recommended": {"activation": LEAKY, "init": "orthogonal", "why": "highest NEAR among trainable candidates"},
}


@pytest.fixture
def ranking():
    return Ranking(REPORT)


def test_a_sequence_of_candidates(ranking):
    assert len(ranking) == 5
    assert ranking[0].near == 100
    assert [str(c) for c in ranking[1:3]] == ["leaky_relu(negative_slope=0.25) with orthogonal", "relu with as_given"]
    assert ranking.recommended is ranking[1]
    assert ranking.activations == ["sine", "leaky_relu(negative_slope=0.25)"]
    assert ranking.inits == ["normal(std=1)", "orthogonal"]
    assert not ranking[0].will_train and ranking[1].will_train and not ranking[4].will_train
    assert ranking.find("leaky_relu(negative_slope=0.25)", "orthogonal") is ranking[1]
    with pytest.raises(KeyError, match="no candidate is gelu with orthogonal"):
        ranking.find("gelu", "orthogonal")


def test_tables(ranking, tmp_path):
    rows = ranking.table()
    assert rows[1]["activation"] == "leaky_relu(negative_slope=0.25)"
    assert rows[4]["reason"].startswith("dead")
    read = list(csv.DictReader(io.StringIO(ranking.to_csv(tmp_path / "r.csv"))))
    assert [r["init"] for r in read] == [r["init"] for r in rows]
    with pytest.raises(Error, match="cannot write"):
        ranking.to_csv(tmp_path / "no" / "r.csv")


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_data_frames(ranking, library):
    pytest.importorskip(library)
    frame = getattr(ranking, f"to_{library}")()
    assert frame.shape == (5, 14)
    assert list(frame["verdict"])[:2] == ["exploding", "trainable"]


def test_words(ranking):
    text = repr(ranking)
    assert "Recommended: leaky_relu(negative_slope=0.25) with orthogonal (highest NEAR" in text
    assert re.search(r"^1 +sine +normal\(std=1\) +100.00 ± 0.25 +exploding$", text, re.M)


class Checker(HTMLParser):
    def __init__(self):
        super().__init__()
        self.open = []
        self.rows = []

    def handle_starttag(self, tag, attributes):
        self.open.append(tag)
        if tag == "tr":
            self.rows.append(0)
        if tag in ("td", "th"):
            self.rows[-1] += 1

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_page_is_whole_and_needs_no_colour(ranking):
    page = ranking._repr_html_()
    checker = Checker()
    checker.feed(page)
    assert checker.open == []
    assert "net &lt;b&gt;" in page and "net <b>" not in page
    assert "✓ will train" in page and "↑ exploding" in page
    assert "dead: all outputs are zero" in page
    assert checker.rows[:6] == [6] * 6
    # Activation by initialization, with numbers in the cells.
    assert 'class="matrix"' in page and "100.0 ↑" in page
    assert "<script" not in page


def test_the_recommended_candidate_is_shown_wherever_it_stands():
    rows = [row(n, "relu", {"normal": {"std": n}}, 100.0 - n, "exploding") for n in range(1, 30)]
    report = {**REPORT, "candidates": [*rows, row(30, "gelu", "orthogonal", 1.0)]}
    page = Ranking({**report, "recommended": {"activation": "gelu", "init": "orthogonal", "why": "w"}})._repr_html_()
    assert page.count('<tr class="best">') == 1
    assert "and 15 more" in page


def test_nothing_is_recommended():
    ranking = Ranking({**REPORT, "recommended": None, "no_recommendation": "none will train"})
    assert ranking.recommended is None
    assert "None is recommended: none will train" in repr(ranking)
    assert "None is recommended: none will train" in ranking._repr_html_()


class Study:
    def __init__(self):
        self.trials = []

    def enqueue_trial(self, parameters, skip_if_exists=False):
        assert skip_if_exists
        self.trials.append(parameters)


def test_trials(ranking):
    study = Study()
    assert ranking.to_optuna(study, top=5) == 2
    assert study.trials == [
        {"activation": "leaky_relu(negative_slope=0.25)", "init": "orthogonal"},
        {"activation": "sine", "init": "orthogonal"},
    ]
    apart = Ranking({**REPORT, "candidates": [row(1, {"body": "relu", "head": "tanh"}, "orthogonal", 1.0)], "recommended": None})
    study = Study()
    apart.to_optuna(study)
    assert study.trials == [{"activation.body": "relu", "activation.head": "tanh", "init": "orthogonal"}]


def test_a_study_of_optuna(ranking):
    optuna = pytest.importorskip("optuna")
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(direction="maximize")
    ranking.to_optuna(study)
    tried = []

    def objective(trial):
        activation = trial.suggest_categorical("activation", ranking.activations)
        init = trial.suggest_categorical("init", ranking.inits)
        tried.append(ranking.find(activation, init))
        return tried[-1].near or 0

    study.optimize(objective, n_trials=2)
    assert tried == [ranking[1], ranking[3]]


def test_a_repair():
    recipe = {"recipe": "normal by layer", "linear": {"normal": {"std": 1}}, "bias": "zeros", "gains": {"0": 0.5, "2": 0.25}}
    by_layer = {"gain": None, "gains": {"0": 0.5, "2": 0.25}, "init": recipe, "near": 91.0}
    repair = {"gain": 0.5, "init": {"normal": {"std": 0.5}}, "near": 90.0, "trainability": {"verdict": "trainable", "score": 1.0}}
    repair |= {"only_just": False, "place": 1, "best": "one_factor"}
    ranking = Ranking(
        {**REPORT, "candidates": [row(1, "sine", {"normal": {"std": 1}}, 100.0, "exploding", repair=repair)], "recommended": None}
    )
    assert ranking[0].repair.init == {"normal": {"std": 0.5}}
    assert ranking[0].repair.trainability.verdict == "trainable"
    assert ranking[0].repair.by_layer is None
    by_layer |= {"trainability": repair["trainability"], "only_just": False}
    repair["by_layer"] = by_layer
    ranking = Ranking(
        {**REPORT, "candidates": [row(1, "sine", {"normal": {"std": 1}}, 100.0, "exploding", repair=repair)], "recommended": None}
    )
    assert ranking[0].repair.by_layer.gains == {"0": 0.5, "2": 0.25}
    assert ranking[0].repair.by_layer.gain is None and ranking[0].repair.by_layer.init["recipe"] == "normal by layer"


def test_all_repairs():
    def repair(near, score, place=1, best="one_factor"):
        return {
            "place": place,
            "best": best,
            "gain": 0.5,
            "init": {"normal": {"std": near}},
            "near": near,
            "trainability": {"verdict": "trainable", "score": score},
            "only_just": score < 0.6,
        }

    both = repair(70.0, 0.8, 1, "by_layer") | {"by_layer": repair(95.0, 0.9) | {"gain": None, "gains": {"0": 0.5}}}
    rows = [row(1, "sine", "orthogonal", 100.0, "exploding", repair=repair(90.0, 1.0, 2)), row(2, "relu", "orthogonal", 80.0)]
    ranking = Ranking({**REPORT, "candidates": [*rows, row(3, "tanh", "orthogonal", 60.0, "vanishing", repair=both)]})
    assert [candidate.rank for candidate in ranking.repairs] == [3, 1]
    assert ranking[0].repair.best is ranking[0].repair and ranking[2].repair.best is ranking[2].repair.by_layer
    assert [row["repair"] for row in ranking.table()] == ["normal(std=90)", None, "normal(std=95)"]
    assert ranking.to_csv().splitlines()[0].endswith(",repair")
    # The program says which comes first: what only just trains comes last, however high its NEAR.
    narrow = row(1, "sine", "orthogonal", 100.0, "exploding", repair=repair(99.0, 0.55, 2))
    in_vain = row(4, "sigmoid", "orthogonal", 50.0, "vanishing", no_repair="there are no factors")
    ranking = Ranking({**REPORT, "candidates": [narrow, row(3, "tanh", "orthogonal", 60.0, "vanishing", repair=both), in_vain]})
    assert [candidate.rank for candidate in ranking.repairs] == [3, 1]
    assert ranking[0].repair.only_just and not ranking[1].repair.best.only_just
    assert ranking[2].repair is None and ranking[2].no_repair == "there are no factors"
    without = Ranking({**REPORT, "candidates": rows[1:]})
    assert without.repairs == [] and "repair" not in without.table()[0]


def test_what_cannot_be_told_apart():
    choice = {"activation": "relu", "init": "torch_default", "why": "the plain choice", "evidence": "signals"}
    rows = [row(1, "tanh", "orthogonal", 100.0, equivalent=True), row(2, "relu", "torch_default", 95.0)]
    rows.append(row(3, "silu", "zeros", 50.0))
    remark = "NEAR does not tell it apart from tanh with <orthogonal>"
    ranking = Ranking({**REPORT, "candidates": rows, "recommended": {**choice, "remark": remark}})
    assert [candidate.rank for candidate in ranking.equivalent] == [1] and ranking.remark == remark
    assert f"(the plain choice). {remark}" in repr(ranking) and "tanh with &lt;orthogonal&gt;." in ranking._repr_html_()
    without = Ranking({**REPORT, "candidates": rows[1:], "recommended": choice})
    assert without.equivalent == [] and without.remark is None


def test_labels():
    assert label("relu") == "relu"
    assert label({"constant": {"value": 0.5}}) == "constant(value=0.5)"
    assert label({"recipe": "mine", "linear": "orthogonal"}) == "mine"
    assert label({"hidden": "gelu", "output": LEAKY}) == "hidden: gelu, output: leaky_relu(negative_slope=0.25)"
    assert label({"body": LEAKY}) == "body: leaky_relu(negative_slope=0.25)"
    assert label({"body": "relu"}) == "body: relu"


def test_scores():
    score = Score.from_report({"near": 5.5, "layers": LAYERS})
    assert score.table() == LAYERS
    assert "NEAR 5.50" in score._repr_html_()
