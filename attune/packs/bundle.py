"""The files of a pack as one thing: what they are, their hash, their bundle, a copy.

The hash names exactly what is in the bundle, so that a worker that has it never asks
again. Bundles of the same files are the same bytes.
"""

import gzip
import hashlib
import os
import shutil
import stat
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from attune.domain.errors import InvalidInput, TooLarge
from attune.packs.archive import (
    CHUNK,
    DEFAULT_LIMITS,
    FILE_MODE,
    PROGRAM_MODE,
    ArchiveLimits,
    unpack_files,
)
from attune.packs.paths import PathNames, safe_path

LEFT_OUT = frozenset({".git", ".hg", ".svn", ".venv", "__pycache__", "node_modules"})
"""What developers have beside their sources; environments are built by the worker."""

COMPRESSION = 1
WORKPLACE = ".workplace-"


@dataclass(frozen=True, kw_only=True)
class PackFile:
    """One file of a pack."""

    path: PurePosixPath
    size: int
    is_program: bool

    @property
    def mode(self) -> int:
        """The permissions that every copy of it has."""
        return PROGRAM_MODE if self.is_program else FILE_MODE


def list_files(
    directory: Path, limits: ArchiveLimits = DEFAULT_LIMITS
) -> list[PackFile]:
    """Return the files of a pack in the order of their paths.

    Raises for links, devices, and more than an archive may hold.
    """
    names = PathNames()
    files: list[PackFile] = []
    total = 0
    for file in _walk(directory, PurePosixPath()):
        names.add_file(file.path)
        files.append(file)
        total += file.size
        if len(files) > limits.entries:
            raise TooLarge(what="The pack", limit=limits.entries, unit="files")
        if file.size > limits.file_bytes:
            raise TooLarge(what=str(file.path), limit=limits.file_bytes)
        if total > limits.total_bytes:
            raise TooLarge(what="The pack", limit=limits.total_bytes)
    return sorted(files, key=lambda file: file.path.parts)


def _walk(directory: Path, below: PurePosixPath) -> Iterator[PackFile]:
    with os.scandir(directory) as entries:
        for entry in entries:
            path = safe_path(str(below / entry.name))
            if path is None or entry.name in LEFT_OUT:
                continue
            status = entry.stat(follow_symlinks=False)
            if stat.S_ISDIR(status.st_mode):
                yield from _walk(Path(entry.path), path)
            elif stat.S_ISREG(status.st_mode):
                is_program = bool(status.st_mode & stat.S_IXUSR)
                yield PackFile(path=path, size=status.st_size, is_program=is_program)
            else:
                raise InvalidInput(f"{path}: only files and directories are taken")


def content_hash(directory: Path, limits: ArchiveLimits = DEFAULT_LIMITS) -> str:
    """Return what names the files of this directory: their paths, modes and bytes."""
    whole = hashlib.sha256()
    for file in list_files(directory, limits):
        with (directory / file.path).open("rb") as content:
            digest = hashlib.file_digest(content, "sha256").hexdigest()
        line = f"{file.path}\0{file.mode:o}\0{digest}\n"
        whole.update(line.encode())
    return whole.hexdigest()


def write_bundle(directory: Path, stream: BinaryIO) -> None:
    """Write the files of the pack as a tar.gz that depends on nothing else."""
    with (
        gzip.GzipFile(
            filename="", mode="wb", compresslevel=COMPRESSION, fileobj=stream, mtime=0
        ) as compressed,
        tarfile.open(fileobj=compressed, mode="w", format=tarfile.PAX_FORMAT) as tar,
    ):
        for file in list_files(directory):
            entry = tarfile.TarInfo(str(file.path))
            entry.size = file.size
            entry.mode = file.mode
            with (directory / file.path).open("rb") as content:
                tar.addfile(entry, content)


def unpack_bundle(stream: BinaryIO, target: Path, expected_hash: str) -> None:
    """Make a bundle's files the directory `target`, whole or not at all.

    Raises InvalidInput when the files are not those that the hash names. Whoever comes
    second finds the directory and changes nothing.
    """
    with workplace(target.parent) as place:
        unpacked = place / "files"
        unpacked.mkdir()
        unpack_files(stream, unpacked)
        if content_hash(unpacked) != expected_hash:
            raise InvalidInput("The bundle does not hold what its hash names")
        publish(unpacked, target)


def copy_files(source: Path, target: Path) -> None:
    """Copy the files of a pack to a new directory, with sensible permissions."""
    target.mkdir(parents=True)
    for file in list_files(source):
        destination = target / file.path
        destination.parent.mkdir(parents=True, exist_ok=True)
        with (source / file.path).open("rb") as content, destination.open("xb") as copy:
            shutil.copyfileobj(content, copy, CHUNK)
            os.fchmod(copy.fileno(), file.mode)


def publish(directory: Path, target: Path) -> None:
    """Rename a complete directory to where others look for it, if it is not there."""
    try:
        directory.rename(target)
    except OSError:
        if not target.is_dir():
            raise


@contextmanager
def workplace(parent: Path) -> Iterator[Path]:
    """Yield a new directory on the same file system, removed afterwards."""
    parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=parent, prefix=WORKPLACE) as name:
        yield Path(name)
