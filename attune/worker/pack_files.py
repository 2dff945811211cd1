"""The files of packs on a worker: a shared directory, or bundles fetched by hash."""

import asyncio
from pathlib import Path

from attune.packs.bundle import unpack_bundle
from attune.worker.api_client import WorkerApi, persist


class PackFiles:
    """Finds the directory of a pack, fetching it once where it is not shared."""

    def __init__(self, api: WorkerApi, *, shared: Path | None, bundles: Path) -> None:
        self._api = api
        self._shared = shared
        self._bundles = bundles
        self._fetching: dict[Path, asyncio.Lock] = {}

    async def directory(self, pack_ref: str, content_hash: str | None) -> Path:
        """Return where the pack's files are."""
        if self._shared is not None:
            return self._shared / pack_ref
        target = self._bundles / pack_ref / (content_hash or "empty")
        async with self._fetching.setdefault(target, asyncio.Lock()):
            if not target.is_dir():
                await self._fetch(pack_ref, target)
        return target

    async def _fetch(self, pack_ref: str, target: Path) -> None:
        async def fetch() -> None:
            async with self._api.bundle(pack_ref) as response:
                await unpack_bundle(response.aiter_bytes(), target)

        await persist(fetch)
