"""``top`` for untrained neural networks: which activation and which initialization does this network start best with?

>>> import neartop
>>> ranking = neartop.rank(model, inputs)          # doctest: +SKIP
>>> ranking.recommended                            # doctest: +SKIP
>>> neartop.apply(model, ranking.recommended)      # doctest: +SKIP

`rank` scores combinations of activations and initializations by NEAR, without training. `score` looks at a model as it is,
`preset` writes what would be ranked to a folder, and `apply` brings a choice home. The program ``neartop`` does the work; it
is installed with this package, and ``python -m neartop`` runs it.
"""

from __future__ import annotations

from ._api import apply, preset, rank, score
from ._errors import ActivationIsFunction, Assumption, Error
from ._program import find_program, version
from ._ranking import Candidate, Layer, Ranking, Repair, Score, Trainability

__version__ = version()

__all__ = [
    "ActivationIsFunction",
    "Assumption",
    "Candidate",
    "Error",
    "Layer",
    "Ranking",
    "Repair",
    "Score",
    "Trainability",
    "__version__",
    "apply",
    "find_program",
    "preset",
    "rank",
    "score",
]
