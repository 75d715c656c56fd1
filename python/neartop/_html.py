"""Rankings in notebooks, readable on light and dark pages, and without colour."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING, Union

if TYPE_CHECKING:
    from ._ranking import Candidate, Layer, Ranking, Score

#: Rows of the table; the others are counted below it.
_ROWS = 15

#: Marks of verdicts, so that colour is not needed.
_MARKS = {"trainable": "✓", "vanishing": "↓", "exploding": "↑", "saturated": "▬", "dead": "✕", "non_finite": "∞"}

_STYLE = """
.neartop{font-variant-numeric:tabular-nums;color:inherit}
.neartop table{border-collapse:collapse;margin:.6em 0;color:inherit;background:none}
.neartop th,.neartop td{padding:.25em .7em;text-align:left;color:inherit;background:none}
.neartop th,.neartop td{border:0;border-bottom:1px solid rgba(128,128,128,.35)}
.neartop td.number,.neartop th.number{text-align:right}
.neartop tr.best td{font-weight:600}
.neartop .wont{opacity:.75}
.neartop .matrix td{text-align:right;border:1px solid rgba(128,128,128,.25)}
.neartop .matrix td.best{outline:2px solid currentColor;outline-offset:-2px;font-weight:600}
.neartop caption{text-align:left;color:inherit;padding:.3em 0;caption-side:top}
.neartop .scroll{overflow-x:auto}
.neartop .note{opacity:.8}
"""


#: The text of a cell, or its text and its style.
_Cell = Union[str, tuple[str, str]]


def ranking(found: Ranking) -> str:
    """The recommendation, the table and the matrix."""
    choice = found.recommended
    said = f"Take <b>{escape(str(choice))}</b>: {escape(found.why)}." if choice else f"None is recommended: {escape(found.why)}."
    said += f" {escape(found.remark)}." if found.remark else ""
    return _page(f"<p>{said}</p>", _table(found, choice), _matrix(found, choice))


def score(found: Score) -> str:
    """A row for each layer."""
    rows = "".join(_layer(layer) for layer in found.layers)
    head = _row("th", ["module", "kind", ("width", "number"), ("effective rank", "number")])
    return _page(f"<table><caption>NEAR {found.near:.2f}</caption><thead>{head}</thead><tbody>{rows}</tbody></table>")


def _page(*parts: str) -> str:
    # Notebooks show several of these on one page, and all styles are the same.
    return f'<div class="neartop"><style>{_STYLE}</style>{"".join(parts)}</div>'


def _layer(layer: Layer) -> str:
    cells: list[_Cell] = [
        escape(layer.module),
        escape(layer.kind),
        (str(layer.width), "number"),
        (f"{layer.effective_rank:.2f}", "number"),
    ]
    return _row("td", cells)


def _table(found: Ranking, choice: Candidate | None) -> str:
    head: list[_Cell] = ["rank", "activation", "initialization", ("NEAR", "number"), ("±", "number"), "verdict"]
    rows = "".join(_candidate(candidate, candidate is choice) for candidate in found.candidates[:_ROWS])
    if choice is not None and choice not in found.candidates[:_ROWS]:
        rows += _candidate(choice, True)
    left = len(found) - _ROWS
    note = f'<p class="note">and {left} more: <code>ranking.to_pandas()</code></p>' if left > 0 else ""
    caption = f"{escape(found.name)}: {len(found)} candidates, best first"
    table = f"<table><caption>{caption}</caption><thead>{_row('th', head)}</thead><tbody>{rows}</tbody></table>"
    return f'<div class="scroll">{table}</div>{note}'


def _candidate(candidate: Candidate, is_best: bool) -> str:
    near = "–" if candidate.near is None else f"{candidate.near:.2f}"
    error = "" if candidate.standard_error is None else f"{candidate.standard_error:.2f}"
    tied = " ≈" if candidate.tied_with_best and (candidate.rank or 0) > 1 else ""
    rank = "–" if candidate.rank is None else f"{candidate.rank}{tied}"
    cells: list[_Cell] = [
        rank,
        escape(candidate.activation_label),
        escape(candidate.init_label),
        (near, "number"),
        (error, "number"),
        _verdict(candidate),
    ]
    style = "best" if is_best else "" if candidate.will_train else "wont"
    return _row("td", cells, style)


def _verdict(candidate: Candidate) -> str:
    if candidate.reason:
        return escape(candidate.reason)
    if candidate.trainability is None:
        return ""
    verdict = candidate.trainability.verdict
    return f"{_MARKS.get(verdict, '')} {escape(_words(verdict))}"


def _words(verdict: str) -> str:
    return "will train" if verdict == "trainable" else verdict.replace("_", " ")


def _matrix(found: Ranking, choice: Candidate | None) -> str:
    """NEAR by activation and initialization; the strength of the colour follows the place among all values."""
    activations, inits = found.activations, found.inits
    if len(activations) < 2 or len(inits) < 2 or any(candidate.architecture for candidate in found):
        return ""
    cells = {(candidate.activation_label, candidate.init_label): candidate for candidate in found}
    values = sorted(candidate.near for candidate in found if candidate.near is not None)
    head = _row("th", ["", *((escape(init), "number") for init in inits)])
    rows = []
    for activation in activations:
        line = [_cell(cells.get((activation, init)), values, choice) for init in inits]
        rows.append(f"<tr><th>{escape(activation)}</th>{''.join(line)}</tr>")
    shown = {candidate.trainability.verdict for candidate in found if candidate.trainability}
    marks = ", ".join(f"{mark} {_words(verdict)}" for verdict, mark in _MARKS.items() if verdict in shown)
    caption = f"NEAR by activation and initialization{f'; {marks}' if marks else ''}"
    return (
        f'<div class="scroll"><table class="matrix"><caption>{caption}</caption><thead>{head}</thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def _cell(candidate: Candidate | None, values: Sequence[float], choice: Candidate | None) -> str:
    if candidate is None or candidate.near is None:
        return '<td class="wont">–</td>'
    place = sum(value <= candidate.near for value in values) / len(values)
    verdict = candidate.trainability.verdict if candidate.trainability else "trainable"
    hue = "31,119,180" if candidate.will_train else "128,128,128"
    style = f"background:rgba({hue},{0.05 + 0.45 * place:.2f})"
    kind = "best" if candidate is choice else "" if candidate.will_train else "wont"
    title = escape(f"{candidate}: {verdict.replace('_', ' ')}", quote=True)
    return f'<td class="{kind}" style="{style}" title="{title}">{candidate.near:.1f} {_MARKS.get(verdict, "")}</td>'


def _row(tag: str, cells: Sequence[_Cell], style: str = "") -> str:
    made = []
    for cell in cells:
        text, kind = cell if isinstance(cell, tuple) else (cell, "")
        made.append(f'<{tag} class="{kind}">{text}</{tag}>' if kind else f"<{tag}>{text}</{tag}>")
    return f'<tr class="{style}">{"".join(made)}</tr>' if style else f"<tr>{''.join(made)}</tr>"
