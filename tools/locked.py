# ruff: noqa: INP001, T201 - a script that prints
"""Print what uv.lock pins, for pip: `python tools/locked.py constraints|runtime|dev`.

Only the standard library, because it runs before anything is installed.
"""

import sys
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]


def constraints(lock: dict[str, Any]) -> list[str]:
    """Return a pip constraint for every package of the lock."""
    return [
        f"{package['name']}=={package['version']}{_marker(package)}"
        for package in lock["package"]
        if "registry" in package["source"]
    ]


def requirements(project: dict[str, Any], kind: str) -> list[str]:
    """Return what the platform needs to run, or the development tools."""
    if kind == "dev":
        return list(project["dependency-groups"]["dev"])
    return list(project["project"]["dependencies"])


def _marker(package: dict[str, Any]) -> str:
    markers = package.get("resolution-markers", [])
    return " ; " + " or ".join(f"({marker})" for marker in markers) if markers else ""


def main() -> None:
    """Print the asked list, one requirement a line."""
    asked = sys.argv[1:]
    if asked == ["constraints"]:
        lines = constraints(tomllib.loads((ROOT / "uv.lock").read_text()))
    elif asked in (["runtime"], ["dev"]):
        project = tomllib.loads((ROOT / "pyproject.toml").read_text())
        lines = requirements(project, asked[0])
    else:
        sys.exit("usage: locked.py constraints|runtime|dev")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
