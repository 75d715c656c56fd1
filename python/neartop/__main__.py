"""``python -m neartop`` is the program."""

from __future__ import annotations

import os
import subprocess
import sys

from ._errors import Error
from ._program import find_program


def main() -> int:
    """Runs the program with the arguments of this process, in its place where the system allows that."""
    try:
        program = find_program()
    except Error as error:
        print(f"neartop: {error}", file=sys.stderr)
        return 1
    arguments = [str(program), *sys.argv[1:]]
    if os.name == "posix":
        os.execv(program, arguments)
    try:
        return subprocess.run(arguments, check=False).returncode
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
