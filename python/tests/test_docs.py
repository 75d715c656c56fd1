"""Every snippet of docs/python.md runs, in the order of the page."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import types
import warnings
from pathlib import Path

import pytest

import neartop

PAGE = Path(__file__).resolve().parents[2] / "docs" / "python.md"


def snippets():
    if not PAGE.exists():
        return []
    text = PAGE.read_text(encoding="utf-8")
    return [(m[1], m[2], text[: m.start()].count("\n") + 2) for m in re.finditer(r"^```(\w+)\n(.*?)^```$", text, re.M | re.S)]


def stub(name, **members):
    module = types.ModuleType(name)
    vars(module).update(members)
    return module


@pytest.fixture
def trackers(monkeypatch):
    """What is logged to services, without them."""
    logged = []

    class Run:
        def log(self, values):
            logged.append(values)

    wandb = stub("wandb", init=lambda **options: Run(), Table=lambda dataframe: dataframe)
    mlflow = stub("mlflow", log_table=lambda table, name: logged.append(name), log_params=logged.append)
    monkeypatch.setitem(sys.modules, "wandb", wandb)
    monkeypatch.setitem(sys.modules, "mlflow", mlflow)
    return logged


def test_the_snippets_run(tmp_path, monkeypatch, trackers, capfd):
    for name in ("torch", "keras", "optuna", "pandas"):
        pytest.importorskip(name)
    found = snippets()
    if not found:
        pytest.skip("the page is not beside the tests")
    monkeypatch.chdir(tmp_path)
    scope = {"__name__": "__main__"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for language, text, line in found:
            if language == "console":
                for command in re.findall(r"^\$ (.*)$", text, re.M):
                    run(command)
            else:
                # With its lines, so that errors name those of the page, and the source of models is found.
                file = tmp_path / f"line_{line}.py"
                file.write_text(text, encoding="utf-8")
                exec(compile(text, str(file), "exec"), scope)
    said = capfd.readouterr().out
    assert "depends on the values" in said
    assert "if x.sum() > 0:" in said
    assert len(trackers) == 3
    assert len(scope["study"].trials) == 5


def run(command):
    words = shlex.split(command)
    if words[0] == "pip":
        return
    assert words[0] == "neartop"
    done = subprocess.run(
        [str(neartop.find_program()), *words[1:], *(["--no-study"] if words[1] in ("rank", "train") else [])],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


def test_the_page_names_what_there_is():
    if not PAGE.exists():
        pytest.skip("the page is not beside the tests")
    named = set(re.findall(r"neartop\.([A-Za-z_]+)", PAGE.read_text(encoding="utf-8")))
    assert named - {"json", "yaml"} <= {*dir(neartop)}
    undocumented = (
        set(neartop.__all__) - named - {"Candidate", "Layer", "Repair", "Score", "Trainability", "find_program", "__version__"}
    )
    assert undocumented == set()
