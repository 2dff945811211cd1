"""Packing a pack's directory as the tar.gz that the server takes."""

import fnmatch
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from attune.cli.errors import usage_error

DEFAULT_EXCLUSIONS = (
    ".git",
    ".hg",
    ".svn",
    ".venv",
    "venv",
    "__pycache__",
    "node_modules",
    ".mypy_cache",
    ".pytest_cache",
    ".ruff_cache",
    ".tox",
    ".idea",
    ".DS_Store",
    "*.pyc",
    "*.pyo",
    "*.egg-info",
)
"""What a working copy holds that is no part of the pack."""

_MANIFESTS = ("pack.yaml", "pack.yml")


@contextmanager
def pack_archive(source: Path, exclude: Sequence[str] = ()) -> Iterator[IO[bytes]]:
    """Yield the archive of a directory, or the archive that `source` already is.

    It is written to disk, not to memory, so that its size does not matter and a
    request that is refused once can be sent again.
    """
    if source.is_dir():
        with tempfile.TemporaryFile() as file:
            _write(source, file, (*DEFAULT_EXCLUSIONS, *exclude))
            file.seek(0)
            yield file
    elif not source.exists():
        raise usage_error(f"there is no {source}")
    elif not tarfile.is_tarfile(source):
        raise usage_error(f"{source} is neither a directory nor a tar.gz archive")
    else:
        with source.open("rb") as file:
            yield file


def _write(directory: Path, file: IO[bytes], exclude: Sequence[str]) -> None:
    if not any((directory / name).is_file() for name in _MANIFESTS):
        raise usage_error(f"{directory} is no pack: it has no pack.yaml")
    root = directory.resolve()
    with tarfile.open(fileobj=file, mode="w:gz", compresslevel=6) as archive:
        for path in _members(root, exclude):
            _add(archive, path, root)


def _members(directory: Path, exclude: Sequence[str]) -> Iterator[Path]:
    """Yield files and directories, parents first, in the same order every time."""
    for path in sorted(directory.iterdir()):
        if any(fnmatch.fnmatch(path.name, pattern) for pattern in exclude):
            continue
        yield path
        if path.is_dir() and not path.is_symlink():
            yield from _members(path, exclude)


def _add(archive: tarfile.TarFile, path: Path, root: Path) -> None:
    name = str(path.relative_to(root))
    if path.is_symlink():
        path = _target(path, root)
    elif not (path.is_file() or path.is_dir()):
        raise usage_error(f"{name} is neither a file nor a directory: leave it out")
    entry = archive.gettarinfo(str(path), arcname=name)
    # Who owns the working copy is nobody else's business.
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    if entry.isreg() or entry.islnk():
        _add_file(archive, entry, path)
    else:
        archive.addfile(entry)


def _add_file(archive: tarfile.TarFile, entry: tarfile.TarInfo, path: Path) -> None:
    # Two names of one file would become a link, which the server refuses.
    entry.type = tarfile.REGTYPE
    entry.linkname = ""
    entry.size = path.stat().st_size
    with path.open("rb") as content:
        archive.addfile(entry, content)


def _target(link: Path, root: Path) -> Path:
    """Return the file that a link inside the pack means; the server takes no links."""
    target = link.resolve()
    if not target.is_file() or not target.is_relative_to(root):
        raise usage_error(
            f"{link.relative_to(root)} is a link to {target}: "
            "only links to files inside the pack can be uploaded"
        )
    return target
