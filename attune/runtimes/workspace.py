"""The directories of one worker process, in which runs leave nothing behind."""

import asyncio
import fcntl
import os
import shutil
import stat
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Self

_PRIVATE = 0o700


class Workspace:
    """A place for each run's files, and a home that user code may write to.

    Opening it removes what workers left that were killed: their files may hold secrets.
    """

    def __init__(self, root: Path) -> None:
        self._runs = root / "runs"
        self.home = root / "home"
        self._own: Path | None = None
        self._lock: int | None = None
        self._idle: list[Path] = []

    def open(self) -> Self:
        """Make the directories; this process's own is locked as long as it lives."""
        self.home.mkdir(parents=True, exist_ok=True)
        self._runs.mkdir(exist_ok=True, mode=_PRIVATE)
        with _locked(self._runs):  # or a worker that starts now would remove ours
            self._remove_abandoned()
            self._own = Path(tempfile.mkdtemp(dir=self._runs))
            self._lock = os.open(self._own, os.O_RDONLY)
            fcntl.flock(self._lock, fcntl.LOCK_EX)
        return self

    def close(self) -> None:
        """Remove this process's own directory."""
        if self._own is not None and self._lock is not None:
            remove_tree(self._own)
            os.close(self._lock)
            self._own = self._lock = None

    @asynccontextmanager
    async def run_directory(self) -> AsyncIterator[Path]:
        """Yield a private directory for one run; what it leaves in there is removed.

        One that comes back as it was given is given again: making and removing one is
        slower than all else a worker does for a run.
        """
        directory = self._idle.pop() if self._idle else self._new_directory()
        try:
            yield directory
        finally:
            if _is_pristine(directory):
                self._idle.append(directory)
            else:
                await asyncio.to_thread(remove_tree, directory)

    def _new_directory(self) -> Path:
        return Path(tempfile.mkdtemp(dir=self._own))

    def _remove_abandoned(self) -> None:
        for directory in self._runs.iterdir():
            with suppress(OSError):
                _remove_if_abandoned(directory)


def write_private(path: Path, content: bytes) -> Path:
    """Write a file that only its owner may read, and nobody may write."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400)
    with os.fdopen(file, "wb") as writer:
        writer.write(content)
    return path


def remove_tree(directory: Path) -> None:
    """Remove a directory, even if user code took its own permissions away."""
    if _removed_empty(directory):
        return
    for parent, names, _ in os.walk(directory):
        for name in names:
            with suppress(OSError):
                _open_up(Path(parent, name))
    shutil.rmtree(directory, ignore_errors=True)


def _is_pristine(directory: Path) -> bool:
    """Tell whether it is empty, private and still itself, whatever user code did."""
    try:
        status = directory.lstat()
        if status.st_mode != stat.S_IFDIR | _PRIVATE or status.st_uid != os.getuid():
            return False
        with os.scandir(directory) as entries:
            return next(entries, None) is None
    except OSError:
        return False


def _removed_empty(directory: Path) -> bool:
    try:
        directory.rmdir()
    except FileNotFoundError:
        return True
    except NotADirectoryError:
        directory.unlink()  # user code may have put a link in its place
    except OSError:
        return False
    return True


def _open_up(directory: Path) -> None:
    if not directory.is_symlink():
        directory.chmod(_PRIVATE)


def _remove_if_abandoned(directory: Path) -> None:
    with _locked(directory, fcntl.LOCK_NB):
        remove_tree(directory)


@contextmanager
def _locked(directory: Path, flags: int = 0) -> Iterator[None]:
    file = os.open(directory, os.O_RDONLY)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | flags)
        yield
    finally:
        os.close(file)
