from __future__ import annotations

import os

import numpy as np
import pytest

# Keras is tested on the backend that the tests have anyway.
os.environ.setdefault("KERAS_BACKEND", "torch")


@pytest.fixture(autouse=True)
def _state_of_its_own(tmp_path_factory, monkeypatch):
    """Studies that are recorded by default go to a folder of the test."""
    state = tmp_path_factory.mktemp("state")
    for name in ("XDG_STATE_HOME", "HOME", "LOCALAPPDATA", "APPDATA"):
        monkeypatch.setenv(name, str(state))


@pytest.fixture
def samples():
    """Samples [300, 20] of double precision, as NumPy makes them."""
    return np.random.default_rng(0).normal(size=(300, 20))
