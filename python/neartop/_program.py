"""The program ``neartop``: finding it, running it, and what it tells while it runs."""

from __future__ import annotations

import importlib.metadata
import json
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import threading
import warnings
from collections.abc import Sequence
from pathlib import Path

from ._errors import Assumption, Error, of_report
from ._progress import Progress

#: Lines wider than any: the words of an error are not broken.
_WIDTH = "10000"


def version() -> str:
    """The version of this package, which is that of the program."""
    try:
        return importlib.metadata.version("neartop")
    except importlib.metadata.PackageNotFoundError:
        return "0"


def find_program() -> Path:
    """The path of the program.

    The environment variable ``NEARTOP`` names another one.
    """
    named = os.environ.get("NEARTOP")
    if named:
        if not Path(named).is_file():
            raise Error(f"the environment variable NEARTOP names {named}, which is no file")
        return Path(named)
    name = "neartop.exe" if os.name == "nt" else "neartop"
    for folder in _folders():
        path = folder / name
        if path.is_file():
            return path
    found = shutil.which("neartop")
    if found is None:
        raise Error("the program `neartop` is not there: install the package again with `pip install --force-reinstall neartop`")
    return Path(found)


def _folders() -> list[Path]:
    """Where installers put programs: of this environment, of the user, and beside a package of `pip install --target`."""
    schemes = ["nt_user" if os.name == "nt" else "posix_user"]
    if sys.platform == "darwin":
        schemes.append("osx_framework_user")
    paths = [sysconfig.get_path("scripts")]
    paths += [sysconfig.get_path("scripts", scheme) for scheme in schemes if scheme in sysconfig.get_scheme_names()]
    beside = Path(__file__).resolve().parent.parent
    return [Path(path) for path in paths if path] + [beside / "bin", beside / "Scripts"]


def run(
    arguments: Sequence[str | os.PathLike[str]],
    *,
    progress: Progress | None = None,
    is_silent: bool = False,
) -> str:
    """Runs the program, and gives what it writes to standard output.

    What it assumes becomes an `Assumption`, a warning, unless the call is silent. Ctrl-C stops it, and what it had scored is
    in the study.
    """
    environment = {**os.environ, "NEARTOP_PROGRESS": "json", "COLUMNS": _WIDTH, "NO_COLOR": "1"}
    child = subprocess.Popen(
        [str(find_program()), *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
        encoding="utf-8",
        errors="replace",
    )
    output: list[str] = []
    reader = threading.Thread(target=_read, args=(child, output), daemon=True)
    reader.start()
    try:
        told = _listen(child, progress)
        status = child.wait()
    except BaseException:
        _stop(child)
        raise
    finally:
        reader.join(timeout=5)
        for pipe in (child.stdout, child.stderr):
            if pipe is not None:
                pipe.close()
        if progress is not None:
            progress.end()
    if status == 130:
        raise KeyboardInterrupt
    if status != 0:
        raise _failure(status, "\n".join(told))
    for line in filter(None, [] if is_silent else told):
        warnings.warn(line.removeprefix("neartop: "), Assumption, stacklevel=outside())
    return "".join(output)


def show(arguments: Sequence[str | os.PathLike[str]]) -> None:
    """Runs the app of the program on this terminal."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise Error("the app needs a terminal, and standard output is none: leave out `view`, and look at the ranking itself")
    arguments = [str(find_program()), *map(str, arguments)]
    status = subprocess.run(arguments, check=False).returncode
    if status not in (0, 130):
        raise Error(f"the app ended with status {status}")


def _listen(child: subprocess.Popen[str], progress: Progress | None) -> list[str]:
    """The words that the program tells; its progress, in lines of JSON, goes to the bar."""
    assert child.stderr is not None
    words = []
    for line in child.stderr:
        line = line.rstrip("\n")
        if not line.startswith('{"done":'):
            words.append(line)
        elif progress is not None:
            news = json.loads(line)
            progress.tell(news["done"], news["total"])
    return words


def _read(child: subprocess.Popen[str], output: list[str]) -> None:
    assert child.stdout is not None
    output.append(child.stdout.read())


def _failure(status: int, report: str) -> Error:
    if status < 0:
        name = signal.Signals(-status).name if -status in set(signal.Signals) else str(-status)
        hint = " (the system may have ended it for want of memory)" if name == "SIGKILL" else ""
        return Error(f"the program was ended by {name}{hint}", report)
    return of_report(report)


def _stop(child: subprocess.Popen[str]) -> None:
    """Asks the program to end, as Ctrl-C does, and waits until it has kept what it scored."""
    if child.poll() is not None:
        return
    try:
        child.send_signal(signal.SIGINT) if os.name == "posix" else child.terminate()
        child.wait(timeout=30)
    except (subprocess.TimeoutExpired, KeyboardInterrupt):
        child.kill()
        child.wait()


def outside() -> int:
    """How many calls up the caller of this package stands, for warnings."""
    here = os.path.dirname(os.path.abspath(__file__))
    frame, level = sys._getframe(1), 1
    while frame.f_back is not None and os.path.dirname(os.path.abspath(frame.f_code.co_filename)) == here:
        frame, level = frame.f_back, level + 1
    return level
