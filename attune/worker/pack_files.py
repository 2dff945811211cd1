"""The files of packs on a worker: a shared directory, or bundles fetched by hash."""

import asyncio
import tempfile
from pathlib import Path
from typing import IO

from attune.domain.errors import ActionFailed, AttuneError
from attune.packs.bundle import unpack_bundle
from attune.packs.store import PackStore
from attune.worker.api_client import Refused, WorkerApi, persist


class PackFiles:
    """Finds the directory of a pack, fetching it once where it is not shared."""

    def __init__(self, api: WorkerApi, *, shared: Path | None, bundles: Path) -> None:
        self._api = api
        self._shared = shared
        self._bundles = bundles
        self._fetching: dict[Path, asyncio.Lock] = {}

    async def directory(self, pack_ref: str, content_hash: str | None) -> Path:
        """Return where the pack's files are; raises ActionFailed if they cannot be had.

        A pack without files has an empty directory of its own.
        """
        if content_hash is None:
            return await _made(self._bundles / pack_ref / "empty")
        if self._shared is not None:
            return await asyncio.to_thread(self._in_shared, pack_ref, content_hash)
        target = self._bundles / pack_ref / content_hash
        async with self._fetching.setdefault(target, asyncio.Lock()):
            if not target.is_dir():
                await self._fetch(pack_ref, content_hash, target)
        return target

    def _in_shared(self, pack_ref: str, content_hash: str) -> Path:
        """Return the files that were installed when the execution was requested.

        Those of now, where the former ones are gone, or were put there by hand.
        """
        store = PackStore(self._shared or Path())
        content = store.content(pack_ref, content_hash)
        return content if content.is_dir() else store.link(pack_ref)

    async def _fetch(self, pack_ref: str, content_hash: str, target: Path) -> None:
        self._bundles.mkdir(parents=True, exist_ok=True)
        try:
            with tempfile.TemporaryFile(dir=self._bundles) as file:
                await persist(lambda: self._download(pack_ref, content_hash, file))
                file.seek(0)
                await asyncio.to_thread(unpack_bundle, file, target, content_hash)
        except (Refused, AttuneError) as error:
            problem = f"The files of pack {pack_ref} cannot be had: {error}"
            raise ActionFailed(problem) from error

    async def _download(
        self, pack_ref: str, content_hash: str, file: IO[bytes]
    ) -> None:
        file.seek(0)
        file.truncate()
        async with self._api.bundle(pack_ref, content_hash) as response:
            async for chunk in response.content.iter_any():
                file.write(chunk)


async def _made(directory: Path) -> Path:
    await asyncio.to_thread(directory.mkdir, parents=True, exist_ok=True)
    return directory
