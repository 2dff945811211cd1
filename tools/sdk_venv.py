# ruff: noqa: INP001, T201 - a script that prints
"""Make the virtual environment of the published SDK and print its interpreter.

The SDK installs the import name `attune`, like we do: the two never share one.
Only the standard library; made again when what it is made of has changed.
"""

import fcntl
import os
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
REQUIREMENTS = ROOT / "tests" / "sdk" / "requirements.txt"
DIRECTORY = ROOT / ".venv-sdk"
INSTALLED = DIRECTORY / ".installed"
PYTHON = DIRECTORY / "bin" / "python"


def wanted() -> str:
    """Return all that decides what is installed."""
    return f"{sys.version}\n{REQUIREMENTS.read_text()}"


def is_installed() -> bool:
    """Tell whether nothing is to be done."""
    return INSTALLED.is_file() and INSTALLED.read_text() == wanted()


def make() -> None:
    """Make it anew, whatever is there."""
    venv.create(DIRECTORY, with_pip=True, clear=True)
    constraints = DIRECTORY / "constraints.txt"
    locked = [sys.executable, ROOT / "tools" / "locked.py", "constraints"]
    with constraints.open("w") as file:
        subprocess.run(locked, check=True, stdout=file)  # noqa: S603 - ours
    command = [PYTHON, "-m", "pip", "install", "--quiet"]
    command += ["-r", REQUIREMENTS, "-c", constraints]
    subprocess.run(command, check=True, stdout=sys.stderr)  # noqa: S603 - ours
    INSTALLED.write_text(wanted())


def main() -> None:
    """Make it when it is not there; the directory itself is the lock."""
    DIRECTORY.mkdir(exist_ok=True)
    lock = os.open(DIRECTORY, os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    if not is_installed():
        make()
    INSTALLED.touch()
    print(PYTHON)


if __name__ == "__main__":
    main()
