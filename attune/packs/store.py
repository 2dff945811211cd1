"""The installed packs on disk: every content once, and which of them is current.

    <packs>/<ref>                    a link to the current content
    <packs>/.content/<ref>/<hash>    the files, never changed once they are there
    <packs>/.bundles/<ref>/<hash>.tar.gz    what workers elsewhere fetch

Switching the link is atomic: whoever looks sees the old pack or the new one, whole.
"""

import fcntl
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from attune.domain.errors import NotFound, Unavailable
from attune.packs.bundle import (
    WORKPLACE,
    content_hash,
    copy_files,
    publish,
    workplace,
    write_bundle,
)

CONTENT = ".content"
BUNDLES = ".bundles"
LOCKS = ".locks"
INCOMING = ".incoming"
ABANDONED_SECONDS = 86_400


@dataclass(frozen=True)
class PackStore:
    """The directory in which the API keeps installed packs."""

    root: Path

    def link(self, ref: str) -> Path:
        """Return where workers that share the directory find the pack."""
        return self.root / ref

    def content(self, ref: str, hash_: str) -> Path:
        """Return the directory of one content of the pack."""
        return self.root / CONTENT / ref / hash_

    def has(self, ref: str, hash_: str) -> bool:
        """Tell whether this content is there, with its bundle, and current."""
        is_there = (
            self.content(ref, hash_).is_dir() and self._bundle(ref, hash_).is_file()
        )
        return is_there and self.current(ref) == hash_

    def current(self, ref: str) -> str | None:
        """Return the hash of the content that the link names, or None."""
        try:
            return self.link(ref).readlink().name
        except OSError:
            return None

    @contextmanager
    def locked(self, ref: str) -> Iterator[None]:
        """Let nobody else change this pack, in whatever process; waits its turn."""
        folder = self.root / LOCKS
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / ref).open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def add(self, ref: str, source: Path) -> str:
        """Copy the files of a pack, without making them current; returns their hash.

        The hash is that of the copy, so that a change of the source meanwhile is
        harmless.
        """
        with workplace(self.root / CONTENT) as place:
            copy = place / "files"
            copy_files(source, copy)
            hash_ = content_hash(copy)
            self._make_bundle(copy, self._bundle(ref, hash_))
            target = self.content(ref, hash_)
            target.parent.mkdir(parents=True, exist_ok=True)
            if target.is_dir() and content_hash(target) != hash_:
                # Actions work there, and may have left something.
                target.rename(place / "left")
            publish(copy, target)
        return hash_

    def activate(self, ref: str, hash_: str) -> None:
        """Make a content current; raises Unavailable if it was removed meanwhile."""
        if not self.content(ref, hash_).is_dir():
            raise Unavailable(f"The files of pack {ref} were removed meanwhile")
        link = self.link(ref)
        temporary = self.root / f".link-{uuid4().hex}"
        temporary.symlink_to(Path(CONTENT) / ref / hash_)
        if link.is_dir() and not link.is_symlink():
            # Somebody put the files there by hand; they have just been copied.
            replaced = self.root / f".replaced-{uuid4().hex}"
            link.rename(replaced)
            shutil.rmtree(replaced)
        temporary.replace(link)

    def deactivate(self, ref: str) -> None:
        """Let nobody find the pack any more; its files stay until they are removed."""
        if self.link(ref).is_symlink():
            self.link(ref).unlink(missing_ok=True)

    def keep_only(self, ref: str, *hashes: str | None) -> None:
        """Remove every other content and bundle of the pack."""
        for folder, suffix in ((CONTENT, ""), (BUNDLES, ".tar.gz")):
            kept = {f"{hash_}{suffix}" for hash_ in hashes if hash_}
            for each in _entries(self.root / folder / ref):
                if each.name not in kept:
                    _remove(each)

    def remove(self, ref: str) -> None:
        """Remove everything of the pack."""
        self.deactivate(ref)
        for folder in (CONTENT, BUNDLES):
            shutil.rmtree(self.root / folder / ref, ignore_errors=True)

    def bundle(self, ref: str, hash_: str) -> Path:
        """Return the file of the pack's bundle; raises NotFound if it is not here."""
        bundle = self._bundle(ref, hash_)
        if not bundle.is_file():
            raise NotFound(entity="files of pack", ref=ref)
        return bundle

    def sweep(self) -> None:
        """Remove what interrupted installations have left."""
        for folder in (INCOMING, CONTENT, BUNDLES):
            for each in (self.root / folder).glob(f"{WORKPLACE}*"):
                if time.time() - each.stat().st_mtime > ABANDONED_SECONDS:
                    shutil.rmtree(each, ignore_errors=True)

    def _bundle(self, ref: str, hash_: str) -> Path:
        return self.root / BUNDLES / ref / f"{hash_}.tar.gz"

    def _make_bundle(self, content: Path, target: Path) -> None:
        if target.is_file():
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        with workplace(self.root / BUNDLES) as place:
            made = place / "bundle"
            with made.open("wb") as file:
                write_bundle(content, file)
            made.replace(target)


def _entries(directory: Path) -> list[Path]:
    return list(directory.iterdir()) if directory.is_dir() else []


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
