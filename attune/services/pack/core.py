"""The core pack, installed by the platform itself when it starts."""

import asyncio
from pathlib import Path
from typing import Final

from attune.db.database import Database
from attune.domain.errors import Conflict
from attune.domain.permission import Caller, Grant, TokenType, translate_seed_grant
from attune.packs.bundle import content_hash
from attune.packs.loader import CORE_DIRECTORY, read_pack
from attune.packs.store import PackStore
from attune.security.encryption import Encryption
from attune.services.pack.install import CORE
from attune.services.pack.installation import install_definition

SYSTEM: Final = Caller(
    identity_id=None,
    login="system",
    token_type=TokenType.ACCESS,
    grants=tuple(map(Grant.model_validate, translate_seed_grant({"type": "system"}))),
)
"""The platform, doing something on its own account."""

ATTEMPTS: Final = 5

_UNUSED: Final = Encryption("the core pack has no configuration to encrypt")


async def ensure_core_pack(database: Database, packs_base_dir: Path) -> bool:
    """Install the core pack unless this very content is there; tells whether it was not.

    Several processes may do this at once: one installs, the others find it done.
    """
    store = PackStore(packs_base_dir)
    await asyncio.to_thread(store.sweep)
    hash_ = await asyncio.to_thread(content_hash, CORE_DIRECTORY)
    for attempt in range(ATTEMPTS):
        if await _is_installed(database, store, hash_):
            return attempt > 0
        definition = await asyncio.to_thread(read_pack, CORE_DIRECTORY)
        try:
            await install_definition(
                *(database, store, SYSTEM, definition),
                force=True,
                source="platform",
                encryption=_UNUSED,
            )
        except Conflict:
            continue  # another process has just installed it
        return True
    raise Conflict("The core pack could not be installed")


async def _is_installed(database: Database, store: PackStore, hash_: str) -> bool:
    async with database.transaction() as tx:
        pack = await tx.packs.find_by_ref(CORE)
    known = pack is not None and pack.content_hash == hash_
    return known and await asyncio.to_thread(store.has, CORE, hash_)
