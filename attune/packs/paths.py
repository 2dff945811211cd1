"""Which file names a pack may have, so that they mean the same on every machine."""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from attune.domain.errors import InvalidInput

MAX_PART_BYTES = 255
MAX_PATH_BYTES = 1024
MAX_PARTS = 32


def safe_path(name: str) -> PurePosixPath | None:
    """Return the path below the pack's directory; None for that directory itself.

    Raises InvalidInput for a path that leaves it, or that a file system may not hold.
    """
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts:
        raise InvalidInput(f"{_shown(name)}: must stay below the pack's directory")
    if "\\" in name or not name.isprintable():
        raise InvalidInput(f"{_shown(name)}: has characters that a path may not have")
    if not path.parts:
        return None
    sizes = [len(part.encode()) for part in path.parts]
    if (
        max(sizes) > MAX_PART_BYTES
        or sum(sizes) + len(sizes) > MAX_PATH_BYTES
        or len(sizes) > MAX_PARTS
    ):
        raise InvalidInput(f"{_shown(name)}: is too long a path")
    return path


def _shown(name: str) -> str:
    return "".join(c if c.isprintable() else "\ufffd" for c in name[:200])


@dataclass
class PathNames:
    """The paths seen so far: one spelling each, and no file twice."""

    _directories: set[PurePosixPath] = field(default_factory=set)
    _files: set[PurePosixPath] = field(default_factory=set)
    _spellings: dict[str, PurePosixPath] = field(default_factory=dict)

    def add_file(self, path: PurePosixPath) -> None:
        """Take note of a file; raises InvalidInput if it was there already."""
        if path in self._files or path in self._directories:
            raise InvalidInput(f"{path}: is there twice")
        self._take_directories(_proper_parents(path))
        self._take_spelling(path)
        self._files.add(path)

    def add_directory(self, path: PurePosixPath) -> None:
        """Take note of a directory, which may come again."""
        self._take_directories([*_proper_parents(path), path])

    def _take_directories(self, paths: Iterable[PurePosixPath]) -> None:
        for path in paths:
            if path in self._files:
                raise InvalidInput(f"{path}: is a file and a directory")
            self._take_spelling(path)
            self._directories.add(path)

    def _take_spelling(self, path: PurePosixPath) -> None:
        canonical = unicodedata.normalize("NFC", str(path)).casefold()
        other = self._spellings.setdefault(canonical, path)
        if other != path:
            raise InvalidInput(f"{path}: differs from {other} only in its spelling")


def _proper_parents(path: PurePosixPath) -> list[PurePosixPath]:
    return [parent for parent in path.parents if parent.parts]
