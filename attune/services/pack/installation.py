"""One installation: the files added, the rows written, and only then the link switched.

The link is switched as the last thing before the commit and switched back if that
fails, so that files and rows never tell of different packs for long.
"""

import asyncio
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass

from attune.clock import utc_now
from attune.db.database import Database, Transaction
from attune.db.models.pack import Pack, PackInstall
from attune.db.visibility import visible_packs
from attune.domain.errors import AttuneError, Conflict
from attune.domain.json import JsonObject
from attune.domain.pack import InstallStatus
from attune.domain.permission import Action, Caller, Resource, Target
from attune.domain.schema import apply_defaults
from attune.packs.archive import MANIFEST
from attune.packs.definition import PackDefinition
from attune.packs.document import read_document
from attune.packs.store import PackStore
from attune.security.encryption import Encryption
from attune.services.component import write
from attune.services.pack.columns import pack_columns
from attune.services.pack.components import ComponentInstallation
from attune.services.pack.configuring import require_references, sealed_config
from attune.services.sealing import pack_place, unseal


@dataclass(frozen=True, kw_only=True)
class Installed:
    """A pack that is there now, and the record of how it came."""

    pack: Pack
    install: PackInstall
    counts: Mapping[str, int]
    """How many components of each kind it has."""
    warnings: list[str]


async def install_definition(
    database: Database,
    store: PackStore,
    caller: Caller,
    definition: PackDefinition,
    *,
    force: bool,
    source: str,
    encryption: Encryption,
) -> Installed:
    """Install a pack that was read; raises Conflict for a known one without force."""
    ref = definition.ref
    async with database.transaction() as tx:
        await _check_replaceable(tx, caller, ref, force=force)
    with ExitStack() as stack:
        await asyncio.to_thread(stack.enter_context, store.locked(ref))
        return await _install(
            *(database, store, caller, definition),
            force=force,
            source=source,
            encryption=encryption,
        )


async def _install(
    database: Database,
    store: PackStore,
    caller: Caller,
    definition: PackDefinition,
    *,
    force: bool,
    source: str,
    encryption: Encryption,
) -> Installed:
    ref = definition.ref
    before = await asyncio.to_thread(store.current, ref)
    hash_ = await asyncio.to_thread(store.add, ref, definition.directory)
    try:
        async with database.transaction() as tx:
            installed = await _write(
                *(tx, store, caller, definition, hash_),
                force=force,
                source=source,
                encryption=encryption,
            )
            await asyncio.to_thread(store.activate, ref, hash_)
    except BaseException:
        await asyncio.to_thread(_restore, store, ref, before)
        raise
    await asyncio.to_thread(store.keep_only, ref, hash_, before)
    return installed


def _restore(store: PackStore, ref: str, before: str | None) -> None:
    """Make the pack's files what they were."""
    if before is None:
        store.remove(ref)
        return
    store.activate(ref, before)
    store.keep_only(ref, before)


async def _write(
    tx: Transaction,
    store: PackStore,
    caller: Caller,
    definition: PackDefinition,
    hash_: str,
    *,
    force: bool,
    source: str,
    encryption: Encryption,
) -> Installed:
    known = await _check_replaceable(tx, caller, definition.ref, force=force)
    pack = (
        Pack(ref=definition.ref, owner_identity_id=caller.identity_id)
        if known is None
        else await tx.packs.lock(known.id)
    )
    was_standard = known is not None and known.is_standard
    changed = _changed_by_people(store, known, encryption)
    config = _configuration(definition, changed)
    before = {} if known is None else _opened(known, encryption)
    if config != before:
        await require_references(tx, caller, definition.ref, config, owns=True)
        pack.configured_by_id = caller.identity_id
    schema, place = definition.manifest.conf_schema, pack_place(definition.ref)
    write(pack, pack_columns(definition.manifest))
    if pack.is_standard and not was_standard:
        check_publication(caller, pack.ref, Action.INSTALL)
    pack.config = sealed_config(encryption, schema, config, place=place)
    pack.content_hash, pack.storage_path = hash_, definition.ref
    await tx.packs.add(pack)
    warnings = await ComponentInstallation(
        tx, caller, pack, definition, encryption
    ).run()
    install = await tx.pack_installs.add(
        PackInstall(
            pack_id=pack.id,
            pack_version=pack.version,
            status=InstallStatus.COMPLETED,
            trigger_reason="install" if known is None else "reinstall",
            source=source,
            requested_by_id=caller.identity_id,
            finished_at=utc_now(),
        )
    )
    warnings = [*definition.warnings, *warnings]
    counts = await tx.packs.count_components(pack.id)
    return Installed(pack=pack, install=install, counts=counts, warnings=warnings)


async def _check_replaceable(
    tx: Transaction, caller: Caller, ref: str, *, force: bool
) -> Pack | None:
    """Return the pack that is to be replaced, or None for a new one.

    Replacing somebody else's pack takes what removing it would take.
    """
    known = await tx.packs.find_by_ref(ref)
    if known is None:
        owner_id = caller.identity_id
        target = Target(pack_ref=ref, ref=ref, owner_identity_id=owner_id)
        caller.require(Resource.PACKS, Action.INSTALL, target)
        return None
    if not force:
        raise Conflict(f"Pack {ref} is installed already; force replaces it")
    if await tx.packs.find_by_ref(ref, among=visible_packs(caller)) is None:
        raise Conflict(f"Pack {ref} is installed already, and is not yours")
    target = pack_target(known)
    caller.require(Resource.PACKS, Action.INSTALL, target)
    if known.owner_identity_id != caller.identity_id:
        caller.require(Resource.PACKS, Action.DELETE, target)
    return known


def check_publication(caller: Caller, ref: str, act: Action) -> None:
    """Refuse to make a pack everybody's to whom it is not given to make such packs."""
    caller.require(
        Resource.PACKS, act, Target(pack_ref=ref, ref=ref, in_standard_pack=True)
    )


def pack_target(pack: Pack) -> Target:
    """Return what constraints on a pack are held against."""
    return Target(
        pack_ref=pack.ref,
        ref=pack.ref,
        id=pack.id,
        owner_identity_id=pack.owner_identity_id,
        in_standard_pack=pack.is_standard,
    )


def _configuration(definition: PackDefinition, changed: JsonObject) -> JsonObject:
    schema = definition.manifest.conf_schema
    return {**apply_defaults(schema, definition.manifest.config), **changed}


def _opened(pack: Pack, encryption: Encryption) -> JsonObject:
    return unseal(encryption, pack.config, place=pack_place(pack.ref))


def _changed_by_people(
    store: PackStore, known: Pack | None, encryption: Encryption
) -> JsonObject:
    """Return what of the configuration is no longer as the pack's files have it."""
    if known is None:
        return {}
    declared = _declared(store, known)
    config = _opened(known, encryption)
    return {
        name: value
        for name, value in config.items()
        if name not in declared or declared[name] != value
    }


def _declared(store: PackStore, pack: Pack) -> JsonObject:
    if pack.content_hash is None:
        return {}
    path = store.content(pack.ref, pack.content_hash) / MANIFEST
    try:
        config = read_document(path).get("config")
    except (OSError, AttuneError):
        return {}
    return apply_defaults(pack.conf_schema, config if isinstance(config, dict) else {})
