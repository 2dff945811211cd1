"""Which file of a pack a component names as its code, if it names one."""

import os
from pathlib import Path

from attune.domain.errors import InvalidInput

_LONGEST_NAME = 1024


def find_entry_point(pack_dir: Path, entrypoint: str, folder: str) -> Path | None:
    """Return the file in the pack's folder, or None if there is no such file.

    A name that leaves the pack is no file of it; a link that does is refused.
    """
    if len(entrypoint) > _LONGEST_NAME or not entrypoint.isprintable():
        return None
    for name in _names(entrypoint, folder):
        found = _file_within(pack_dir, name)
        if found is not None:
            return found
    return None


def looks_like_file(entrypoint: str, extension: str | None) -> bool:
    """Tell whether somebody who wrote this must have meant a file."""
    if not extension:
        return False
    suffix = "." + extension.lstrip(".")
    return entrypoint.endswith(suffix) and not any(map(str.isspace, entrypoint))


def _names(entrypoint: str, folder: str) -> list[str]:
    within = f"{folder}/{entrypoint}"
    return [within, entrypoint] if entrypoint.startswith(folder + "/") else [within]


def _file_within(pack_dir: Path, name: str) -> Path | None:
    written = os.path.normpath(name)
    if Path(name).is_absolute() or written.startswith(".."):
        return None
    path = pack_dir / written
    try:
        if not path.is_file():
            return None
        target = path.resolve()
    except (OSError, RuntimeError):
        return None  # too long a name, or links in a circle
    if not target.is_relative_to(pack_dir.resolve()):
        raise InvalidInput(f"entry point '{name}' is a link that leaves the pack")
    return path
