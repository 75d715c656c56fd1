"""Runs what stands on a page of the documentation, as a reader would: commands, Python, and files that it shows.

    python3 tests/house/snippets.py PROGRAM PAGE

A block of `console` is run line by line, one of `python` in the scope of those before it, all in an empty folder. The line before a
block may say `<!-- file: NAME -->`, which writes it, or `<!-- not run: WHY -->`. Without a module that the page imports, it ends
with status 77.
"""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
import tempfile
import traceback
from pathlib import Path

SKIPPED = 77
BLOCK = re.compile(r"^(?:<!-- (?P<mark>file|not run): (?P<of>[^\n]*) -->\n)?```(?P<language>[\w-]+)\n(?P<text>.*?)^```$", re.M | re.S)


def run_command(command: str, environment: dict[str, str]) -> None:
    done = subprocess.run(["bash", "-e", "-o", "pipefail", "-c", command], env=environment, capture_output=True, text=True)
    print(done.stdout, end="")
    if done.returncode != 0:
        raise SystemExit(f"`{command}` ended with status {done.returncode}: {done.stderr}")
    print(done.stderr, end="", file=sys.stderr)


def run_python(text: str, line: int, scope: dict[str, object]) -> None:
    # In a file, since exporting a model reads its source.
    file = Path(f"line_{line}.py").resolve()
    file.write_text(text, encoding="utf-8")
    exec(compile(text, str(file), "exec"), scope)


def run_page(page: Path, environment: dict[str, str]) -> None:
    text = page.read_text(encoding="utf-8")
    scope: dict[str, object] = {"__name__": "__main__"}
    for block in BLOCK.finditer(text):
        line = text[: block.start("text")].count("\n") + 1
        where = f"{page}:{line}"
        try:
            if block["mark"] == "not run":
                continue
            if block["mark"] == "file":
                Path(block["of"]).write_text(block["text"], encoding="utf-8")
            elif block["language"] == "python":
                run_python(block["text"], line, scope)
            elif block["language"] == "console":
                for command in re.findall(r"^\$ (.*)$", block["text"], re.M):
                    run_command(command, environment)
        except SystemExit as failure:
            raise SystemExit(f"{where}: {failure}") from None
        except Exception:
            traceback.print_exc()
            raise SystemExit(f"{where}: the Python code above failed") from None


def missing(page: Path) -> list[str]:
    blocks = [block["text"] for block in BLOCK.finditer(page.read_text(encoding="utf-8")) if block["language"] == "python"]
    names = set(re.findall(r"^(?:import|from) (\w+)", "\n".join(blocks), re.M))
    return sorted(name for name in names if importlib.util.find_spec(name) is None)


def main() -> int:
    program, page = (Path(argument).resolve() for argument in sys.argv[1:])
    if absent := missing(page):
        print(f"not here: {', '.join(absent)}")
        return SKIPPED
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        home = Path(folder) / "home"
        home.mkdir()
        changes = {"NEARTOP": str(program), "HOME": str(home), "XDG_STATE_HOME": str(home), "XDG_CONFIG_HOME": str(home)}
        os.environ.update(changes, PATH=f"{program.parent}{os.pathsep}{os.environ['PATH']}")
        run_page(page, dict(os.environ))
        os.chdir("/")
    return 0


if __name__ == "__main__":
    sys.exit(main())
