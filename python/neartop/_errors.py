"""What goes wrong, and what is assumed."""

from __future__ import annotations

import re


class Error(Exception):
    """Why neartop did not do what it was asked.

    The text says what is wrong, where, and what would be right. `report` is all that the program printed, with the place in the
    preset, or all that PyTorch said; it is empty where neither spoke.
    """

    def __init__(self, message: str, report: str = "") -> None:
        super().__init__(message)
        self.report = report


class Assumption(UserWarning):
    """What was assumed about the data or the model."""


class ActivationIsFunction(UserWarning):
    """Only the model's author can change an activation: a function in the source, or a module whose calls were ranked apart."""


#: Options of the program, and what they are called in Python.
_OPTIONS = {
    "--max-memory": "`max_memory`",
    "--jobs": "`jobs`",
    "--repetitions": "`repetitions`",
    "--seed": "`seed`",
    "--evidence": "`evidence`",
}


def of_report(report: str) -> Error:
    """The error that the program's report on standard error stands for."""
    text = report.strip()
    text = re.sub(r"^neartop: (error\b[^\n]*\n)?", "", text)
    message, help_ = _paragraph(text, "x"), _paragraph(text, "help:")
    if not message:
        message = text or "the program ended without a word"
    if help_:
        message = f"{message}\n{help_}"
    for option, name in _OPTIONS.items():
        message = message.replace(f"`{option}`", name).replace(option, name)
    return Error(message, text)


def _paragraph(report: str, mark: str) -> str:
    """What follows a mark in a report, whose lines were broken to fit a terminal."""
    lines = report.splitlines()
    for at, line in enumerate(lines):
        words = line.strip()
        if not words.startswith(mark + " "):
            continue
        found = [words[len(mark) :].strip()]
        for line in lines[at + 1 :]:
            words = line.strip()
            if mark == "x":
                if not words.startswith("| "):
                    break
                words = words[2:]
            elif not words:
                break
            found.append(words.strip())
        return " ".join(found)
    return ""
