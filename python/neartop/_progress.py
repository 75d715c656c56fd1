"""How far a run is, in a notebook or on a terminal."""

from __future__ import annotations

import sys
import time
from typing import Any

#: Characters of the bar on a terminal.
_BAR = 30


class Progress:
    """A bar that is drawn in place, and goes away at the end."""

    def __init__(self) -> None:
        self._start = time.monotonic()
        self._first: tuple[int, float] | None = None

    def tell(self, done: int, total: int) -> None:
        """So many scores of so many are there."""
        now = time.monotonic()
        if self._first is None:
            self._first = (done, now)
        self.draw(done, total, self._words(done, total, now))

    def _words(self, done: int, total: int, now: float) -> str:
        before, since = self._first or (0, self._start)
        words = f"{done:,} of {total:,} scores, {_duration(now - self._start)} elapsed"
        if done > before:
            words += f", {_duration((now - since) / (done - before) * (total - done))} left"
        return words

    def draw(self, done: int, total: int, words: str) -> None:
        raise NotImplementedError

    def end(self) -> None:
        raise NotImplementedError


class TerminalProgress(Progress):
    """A line on standard error."""

    _wrote = False

    def draw(self, done: int, total: int, words: str) -> None:
        full = _BAR * done // max(total, 1)
        sys.stderr.write(f"\r\x1b[K[{'=' * full}{' ' * (_BAR - full)}] {words}")
        sys.stderr.flush()
        self._wrote = True

    def end(self) -> None:
        if self._wrote:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()


class NotebookProgress(Progress):
    """A bar below the cell."""

    def __init__(self, display: Any) -> None:
        super().__init__()
        self._display = display
        self._handle: Any = None

    def draw(self, done: int, total: int, words: str) -> None:
        page = {
            "text/html": f'<progress value="{done}" max="{total}"></progress> {words}',
            "text/plain": words,
        }
        if self._handle is None:
            self._handle = self._display(page, raw=True, display_id=True)
        elif self._handle is not None:
            self._handle.update(page, raw=True)

    def end(self) -> None:
        if self._handle is not None:
            self._handle.update({"text/html": "", "text/plain": ""}, raw=True)


def progress(wanted: bool | None) -> Progress | None:
    """The bar for where this runs; with None, none where nobody looks."""
    if wanted is False:
        return None
    display = _notebook()
    if display is not None:
        return NotebookProgress(display)
    if wanted or sys.stderr.isatty():
        return TerminalProgress()
    return None


def _notebook() -> Any:
    """What displays in a notebook; None elsewhere."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    if shell is None or not hasattr(shell, "kernel"):
        return None
    from IPython.display import display

    return display


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
