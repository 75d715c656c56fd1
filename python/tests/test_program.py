"""The program behind the package."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import threading
import time

import pytest

import neartop
from neartop._errors import of_report


def test_the_module_is_the_program():
    here = subprocess.run([sys.executable, "-m", "neartop", "--version"], capture_output=True, text=True, check=True)
    there = subprocess.run([neartop.find_program(), "--version"], capture_output=True, text=True, check=True)
    assert here.stdout == there.stdout
    assert here.stdout.startswith("neartop ")


def test_the_module_passes_the_exit_status_on():
    done = subprocess.run([sys.executable, "-m", "neartop", "rank", "no-such-preset"], capture_output=True, text=True)
    assert done.returncode == 2
    assert "no-such-preset" in done.stderr


def test_a_bundled_preset():
    ranking = neartop.rank("digits-mlp", repetitions=1, study=False)
    assert len(ranking) > 100
    assert ranking.recommended is not None
    assert ranking.recommended.will_train
    assert ranking.name == "Digits MLP"


def test_what_will_not_train_is_repaired(tmp_path):
    (tmp_path / "deep.yaml").write_text(
        "{name: deep, data: {source: digits}, network: {input: 64, layers: [repeat: {times: 8, layers: [linear: 16, activation]},"
        " linear: 10]}, search: {activations: [tanh], inits: [orthogonal, {normal: {std: 0.01}}]}, score: {repetitions: 2}}"
    )
    ranking = neartop.rank(tmp_path / "deep.yaml", repair=True, study=False)
    (vanishing,) = ranking.repairs
    assert vanishing.init == {"normal": {"std": 0.01}} and not vanishing.will_train
    assert vanishing.repair.gain > 10 and vanishing.repair.best.trainability.verdict == "trainable"
    assert neartop.rank(tmp_path / "deep.yaml", study=False).repairs == []


def test_a_preset_says_what_is_ranked(samples):
    with pytest.raises(neartop.Error, match="leave out `inputs`, `activations`"):
        neartop.rank("digits-mlp", samples, activations=["relu"])
    with pytest.raises(neartop.Error, match="did you mean the bundled preset `digits-mlp`"):
        neartop.rank("digits-mlq")


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("net.pth", "weights without the network"),
        ("net.keras", "load_model"),
        ("net.txt", "neither a model"),
        ("net.pt2", "no file"),
    ],
)
def test_files_that_are_no_models(path, words, samples):
    with pytest.raises(neartop.Error, match=words):
        neartop.rank(path, samples)


def test_a_program_that_is_named_and_not_there(monkeypatch):
    monkeypatch.setenv("NEARTOP", "/nowhere/neartop")
    with pytest.raises(neartop.Error, match="names /nowhere/neartop"):
        neartop.rank("digits-mlp")


def test_words_of_the_program_become_those_of_the_error():
    report = (
        "neartop: error in net.yaml:3:1\n  x one score would hold about 2 GiB, and\n  | the limit is 1 GiB\n   ,-[net.yaml:3:1]\n"
        " 3 | network: x\n   `----\n  help: make the layers smaller, lower --jobs,\n        or raise --max-memory\n"
    )
    error = of_report(report)
    assert str(error) == (
        "one score would hold about 2 GiB, and the limit is 1 GiB\nmake the layers smaller, lower `jobs`, or raise `max_memory`"
    )
    assert error.report.endswith("--max-memory")


def test_memory_that_is_not_allowed():
    with pytest.raises(neartop.Error, match="raise `max_memory`"):
        neartop.rank("digits-mlp", max_memory=1e-6, study=False)


def test_progress_is_told(capsys):
    neartop.rank("digits-mlp", repetitions=2, study=False, progress=True)
    assert "scores" in capsys.readouterr().err


@pytest.mark.skipif(os.name != "posix", reason="signals are those of Unix")
def test_ctrl_c_stops_the_program_and_keeps_what_it_scored(tmp_path):
    study = tmp_path / "study.sqlite"
    # A shell's background jobs ignore it.
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)

    def interrupt():
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and not study.exists():
            time.sleep(0.05)
        time.sleep(0.5)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt).start()
    try:
        with pytest.raises(KeyboardInterrupt):
            neartop.rank("digits-mlp", repetitions=100_000, study=study)
    finally:
        signal.signal(signal.SIGINT, handler)
    listed = subprocess.run(
        [neartop.find_program(), "studies", "list", "--study", study], capture_output=True, text=True, check=True
    )
    assert "Digits MLP" in listed.stdout


def test_the_app_needs_a_terminal(monkeypatch):
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    with pytest.raises(neartop.Error, match="needs a terminal"):
        neartop.rank("digits-mlp", view=True)
