"""Installing packs: from an upload, a directory or an archive, in one transaction."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Final
from weakref import WeakValueDictionary

from attune.db.database import Database
from attune.db.models.pack import PackInstall
from attune.db.visibility import visible_packs
from attune.domain.errors import Conflict, InvalidInput, NotConfigured, NotFound
from attune.domain.permission import Action, Caller, Resource
from attune.packs.archive import MANIFEST, unpack
from attune.packs.bundle import copy_files, workplace
from attune.packs.loader import read_pack
from attune.packs.store import INCOMING, PackStore
from attune.security.encryption import Encryption
from attune.services.definitions import Definitions
from attune.services.pack.installation import Installed, install_definition

CORE: Final = "core"
"""The pack that the platform itself installs, and nobody else."""

ARCHIVES: Final = (".tar.gz", ".tgz")
REMOTE: Final = ("http://", "https://", "git@", "git://", "ssh://", "git+", "file://")


class PackInstallService:
    """Brings packs into the platform."""

    def __init__(
        self,
        database: Database,
        store: PackStore,
        definitions: Definitions,
        encryption: Encryption,
    ) -> None:
        self._database = database
        self._store = store
        self._definitions = definitions
        self._encryption = encryption
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def upload(
        self, caller: Caller, archive: BinaryIO, *, force: bool = False
    ) -> Installed:
        """Install the pack in a tar.gz that anybody may have made."""
        caller.require(Resource.PACKS, Action.INSTALL)
        async with self._workplace() as place:
            directory = await asyncio.to_thread(unpack, archive, place / "pack")
            return await self._install(caller, directory, force=force, source="upload")

    async def register(
        self, caller: Caller, path: str, *, force: bool = False
    ) -> Installed:
        """Install the pack in a directory of the server."""
        caller.require(Resource.PACKS, Action.INSTALL)
        source = Path(path)
        if not source.is_absolute() or not _is_pack(source):
            # Whoever asks learns nothing else about the server's files.
            raise InvalidInput(f"path: names no directory with a {MANIFEST}")
        async with self._workplace() as place:
            copy = place / "pack"
            await asyncio.to_thread(copy_files, source, copy)
            return await self._install(caller, copy, force=force, source=path)

    async def install(
        self, caller: Caller, source: str, *, force: bool = False
    ) -> Installed:
        """Install from a local directory or archive; other sources are not set up."""
        caller.require(Resource.PACKS, Action.INSTALL)
        path = Path(source)
        if source.startswith(REMOTE) or not path.is_absolute():
            raise NotConfigured(
                "Packs are installed from an upload, a directory or an archive of the"
                " server; git, URLs and registries are not set up"
            )
        if not source.endswith(ARCHIVES):
            return await self.register(caller, source, force=force)
        with _opened(path) as archive:
            return await self.upload(caller, archive, force=force)

    async def status(self, caller: Caller, install_id: int) -> PackInstall:
        """Return the record of one installation."""
        async with self._database.transaction() as tx:
            install = await tx.pack_installs.get(install_id)
            with suppress(NotFound):
                await tx.packs.get_by_ref(install.pack_ref, among=visible_packs(caller))
                return install
        raise NotFound(entity="pack install", ref=install_id)

    async def latest(self, caller: Caller, pack_ref: str) -> PackInstall:
        """Return the record of the pack's newest installation."""
        async with self._database.transaction() as tx:
            await tx.packs.get_by_ref(pack_ref, among=visible_packs(caller))
            install = await tx.pack_installs.find_latest(pack_ref)
        if install is None:
            raise NotFound(entity="installation of pack", ref=pack_ref)
        return install

    async def _install(
        self, caller: Caller, directory: Path, *, force: bool, source: str
    ) -> Installed:
        definition = await asyncio.to_thread(read_pack, directory)
        if definition.ref == CORE:
            raise Conflict("The core pack is installed by the platform itself")
        async with self._locks.setdefault(definition.ref, asyncio.Lock()):
            installed = await install_definition(
                self._database,
                self._store,
                caller,
                definition,
                force=force,
                source=source,
                encryption=self._encryption,
            )
        self._definitions.forget()
        return installed

    @asynccontextmanager
    async def _workplace(self) -> AsyncIterator[Path]:
        """Yield a directory of our own; making and removing it blocks nobody."""
        stack = ExitStack()
        place = workplace(self._store.root / INCOMING)
        try:
            yield await asyncio.to_thread(stack.enter_context, place)
        finally:
            await asyncio.to_thread(stack.close)


def _is_pack(directory: Path) -> bool:
    try:
        return (directory / MANIFEST).is_file()
    except (OSError, ValueError):
        return False


def _opened(path: Path) -> BinaryIO:
    try:
        if path.is_file():
            return path.open("rb")
    except (OSError, ValueError):
        pass
    raise InvalidInput("source: names no archive of the server")
