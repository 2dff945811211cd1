"""Unpacking a pack's archive that anybody may have made.

The archive is first decompressed to disk, counting, and then read with bounded reads,
so that neither a compression bomb nor a header of a gigabyte is ever in memory. What
is written are regular files and directories below one new directory, and nothing else.
"""

import gzip
import os
import shutil
import tarfile
import tempfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import BinaryIO, cast

from attune.domain.errors import InvalidInput, MalformedInput, TooLarge
from attune.packs.paths import PathNames, safe_path

MANIFEST = "pack.yaml"

CHUNK = 64 * 1024
TAR_OVERHEAD = 1536
"""Bytes of headers and padding that a well-meant entry may need."""

DIRECTORY_MODE = 0o755
FILE_MODE = 0o644
PROGRAM_MODE = 0o755
NO_LINKS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True, kw_only=True)
class ArchiveLimits:
    """How much an archive may hold once it is unpacked."""

    total_bytes: int = 100_000_000
    file_bytes: int = 50_000_000
    entries: int = 10_000

    @property
    def tar_bytes(self) -> int:
        """The largest tar file that can hold as much."""
        return self.total_bytes + self.entries * TAR_OVERHEAD


DEFAULT_LIMITS = ArchiveLimits()


def unpack(
    stream: BinaryIO, into: Path, limits: ArchiveLimits = DEFAULT_LIMITS
) -> Path:
    """Unpack a tar.gz into a new directory and return where its pack.yaml is.

    Nothing is left behind when the archive is refused.
    """
    into.mkdir(parents=True)
    try:
        unpack_files(stream, into, limits)
        return _find_pack(into)
    except BaseException:
        shutil.rmtree(into, ignore_errors=True)
        raise


def unpack_files(
    stream: BinaryIO, into: Path, limits: ArchiveLimits = DEFAULT_LIMITS
) -> None:
    """Unpack a tar.gz into an empty directory, whatever it holds."""
    with tempfile.TemporaryFile(dir=into.parent) as spool:
        _decompress(stream, spool, limits)
        spool.seek(0)
        try:
            bounded = cast("BinaryIO", _BoundedReads(spool))
            with tarfile.open(fileobj=bounded, mode="r:") as tar:
                _Unpacking(into, limits).run(tar)
        except tarfile.TarError:
            raise MalformedInput("The archive is not a tar file") from None


def _decompress(stream: BinaryIO, spool: BinaryIO, limits: ArchiveLimits) -> None:
    size = 0
    try:
        with gzip.GzipFile(fileobj=stream, mode="rb") as source:
            while chunk := source.read(CHUNK):
                size += len(chunk)
                if size > limits.tar_bytes:
                    raise TooLarge(what="The unpacked archive", limit=limits.tar_bytes)
                spool.write(chunk)
    except (gzip.BadGzipFile, EOFError, zlib.error):
        raise MalformedInput("The archive is not a complete gzip file") from None


class _BoundedReads:
    """A file that refuses to read a lot at once, as for a name of a gigabyte."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.tell = file.tell
        self.seek = file.seek

    def read(self, size: int) -> bytes:
        if not 0 <= size <= CHUNK:
            raise MalformedInput("The archive has a header that is too large")
        return self._file.read(size)


@dataclass
class _Unpacking:
    """One archive on its way to disk, with what has been counted so far."""

    into: Path
    limits: ArchiveLimits
    names: PathNames = field(default_factory=PathNames)
    entry_count: int = 0
    total_bytes: int = 0

    def run(self, tar: tarfile.TarFile) -> None:
        for entry in self._entries(tar):
            path = safe_path(entry.name)
            if path is None:
                continue
            if entry.type == tarfile.DIRTYPE:
                self.names.add_directory(path)
                self._directory(path)
            else:
                self.names.add_file(path)
                self._directory(path.parent)
                self._file(tar, entry, path)

    def _entries(self, tar: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
        while (entry := tar.next()) is not None:
            # The list of members would grow, and is of no use in one pass.
            tar.members = []  # type: ignore[attr-defined]  # public, and not in the stubs
            self._check(entry)
            yield entry

    def _check(self, entry: tarfile.TarInfo) -> None:
        self.entry_count += 1
        self.total_bytes += max(0, entry.size)
        if self.entry_count > self.limits.entries:
            raise TooLarge(
                what="The archive", limit=self.limits.entries, unit="entries"
            )
        if entry.type not in (tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.DIRTYPE):
            raise InvalidInput(f"{_shown(entry)}: only files and directories are taken")
        if entry.issparse() or entry.size < 0:
            raise InvalidInput(f"{_shown(entry)}: only plain files are taken")
        if entry.size > self.limits.file_bytes:
            raise TooLarge(what=_shown(entry), limit=self.limits.file_bytes)
        if self.total_bytes > self.limits.total_bytes:
            raise TooLarge(
                what="The content of the archive", limit=self.limits.total_bytes
            )

    def _directory(self, path: PurePosixPath) -> None:
        (self.into / path).mkdir(mode=DIRECTORY_MODE, parents=True, exist_ok=True)

    def _file(
        self, tar: tarfile.TarFile, entry: tarfile.TarInfo, path: PurePosixPath
    ) -> None:
        content = tar.extractfile(entry)
        mode = PROGRAM_MODE if entry.mode & 0o100 else FILE_MODE
        target = os.open(self.into / path, NO_LINKS, mode)
        with os.fdopen(target, "wb") as file:
            while content is not None and (chunk := content.read(CHUNK)):
                file.write(chunk)
            if file.tell() != entry.size:
                raise MalformedInput("The archive ends before its last file does")
            os.fchmod(file.fileno(), mode)


def _shown(entry: tarfile.TarInfo) -> str:
    return "".join(c if c.isprintable() else "\ufffd" for c in entry.name[:200])


def _find_pack(directory: Path) -> Path:
    if (directory / MANIFEST).is_file():
        return directory
    found = [each for each in directory.iterdir() if each.is_dir()]
    if len(found) == 1 and (found[0] / MANIFEST).is_file():
        return found[0]
    raise InvalidInput(
        f"The archive must hold {MANIFEST} at its root or in its single top folder"
    )
