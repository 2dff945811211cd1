"""Files of artifact versions, below a directory in which nothing may be trusted.

Actions write to the same directory, so every step of a path is opened by its parent's
descriptor and never through a link, and only plain files are read. What is uploaded
appears whole or not at all.
"""

import contextlib
import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final
from uuid import uuid4

from attune.domain.errors import NotFound, TooLarge, Unavailable

PIECE_BYTES: Final = 1_048_576
DIRECTORY_MODE: Final = 0o777
"""Actions of another user write here too; the umask narrows it."""
_FOLLOW_NOTHING: Final = os.O_NOFOLLOW | os.O_CLOEXEC
_INCOMING: Final = ".incoming-"


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredFile:
    """What has been written."""

    size_bytes: int
    sha256: str


@dataclass(frozen=True)
class ArtifactFiles:
    """The artifacts directory; every call blocks, so it belongs into a thread."""

    root: Path

    def write(self, path: str, source: BinaryIO, limit_bytes: int) -> StoredFile:
        """Copy `source` to the file, which appears whole or not at all.

        Raises TooLarge beyond the limit, Unavailable if there is no room for it.
        """
        with self._directory(path, make=True) as (directory, name):
            incoming = f"{_INCOMING}{uuid4().hex}"
            try:
                stored = _copy(directory, incoming, source, limit_bytes)
                _publish(directory, incoming, name)
            except OSError as error:
                raise Unavailable(f"Cannot store it: {error.strerror}") from error
            finally:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(incoming, dir_fd=directory)
            return stored

    def make_room(self, path: str) -> None:
        """Make the directories in which somebody is going to write the file."""
        with self._directory(path, make=True):
            pass

    def open(self, path: str) -> tuple[BinaryIO, int]:
        """Open a file for reading and tell its size; raises NotFound."""
        with self._directory(path) as (directory, name):
            try:
                descriptor = os.open(
                    name,
                    os.O_RDONLY | os.O_NONBLOCK | _FOLLOW_NOTHING,
                    dir_fd=directory,
                )
            except OSError:
                raise _absent(path) from None
        facts = os.fstat(descriptor)
        if not stat.S_ISREG(facts.st_mode):
            os.close(descriptor)
            raise _absent(path)
        return os.fdopen(descriptor, "rb", buffering=0), facts.st_size

    def size(self, path: str) -> int | None:
        """Return how large the file is; None while there is none."""
        try:
            file, size = self.open(path)
        except NotFound:
            return None
        file.close()
        return size

    def remove(self, path: str) -> None:
        """Remove the file; one that is gone already is no mistake."""
        with (
            contextlib.suppress(NotFound, FileNotFoundError),
            self._directory(path) as (directory, name),
        ):
            os.unlink(name, dir_fd=directory)

    @contextmanager
    def _directory(self, path: str, *, make: bool = False) -> Iterator[tuple[int, str]]:
        """Open the directory of a file, link by link of the path."""
        *folders, name = path.split("/")
        if make:
            self.root.mkdir(parents=True, exist_ok=True)
        current = _open_directory(str(self.root), None)
        try:
            for folder in folders:
                if make:
                    with contextlib.suppress(FileExistsError):
                        os.mkdir(folder, DIRECTORY_MODE, dir_fd=current)
                current, former = _open_directory(folder, current), current
                os.close(former)
            yield current, name
        finally:
            os.close(current)


def _open_directory(name: str, parent: int | None) -> int:
    flags = os.O_RDONLY | os.O_DIRECTORY | _FOLLOW_NOTHING
    if parent is None:
        flags &= ~os.O_NOFOLLOW  # the operator may put the directory where he likes
    try:
        return os.open(name, flags, dir_fd=parent)
    except OSError:
        raise _absent(name) from None


def _copy(directory: int, name: str, source: BinaryIO, limit_bytes: int) -> StoredFile:
    digest, size = hashlib.sha256(), 0
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _FOLLOW_NOTHING
    descriptor = os.open(name, flags, 0o644, dir_fd=directory)
    with os.fdopen(descriptor, "wb", buffering=0) as target:
        while piece := source.read(PIECE_BYTES):
            size += len(piece)
            if size > limit_bytes:
                raise TooLarge(what="The file", limit=limit_bytes)
            digest.update(piece)
            _write_all(target, piece)
        os.fsync(target.fileno())
    return StoredFile(size_bytes=size, sha256=digest.hexdigest())


def _write_all(target: BinaryIO, piece: bytes) -> None:
    rest = memoryview(piece)
    while rest:
        rest = rest[target.write(rest) :]


def _publish(directory: int, incoming: str, name: str) -> None:
    """Give the file its name; whatever has it by now belongs to no version."""
    os.rename(incoming, name, src_dir_fd=directory, dst_dir_fd=directory)
    os.fsync(directory)


def _absent(path: str) -> NotFound:
    return NotFound(entity="artifact file", ref=path)
