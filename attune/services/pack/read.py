"""Packs as callers may see and change them; their files as workers fetch them."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from attune.db.database import Database, Transaction
from attune.db.models.pack import Pack
from attune.db.repositories.component import ComponentFilter
from attune.db.visibility import Columns, permitted, visible_packs
from attune.domain.errors import Conflict, InvalidInput, NotFound
from attune.domain.json import JsonObject
from attune.domain.page import PageRequest, PageResult
from attune.domain.permission import Action, Caller, Resource, Target
from attune.domain.ref import parse_pack_ref
from attune.domain.schema import check_schema
from attune.packs.store import PackStore
from attune.security.encryption import Encryption
from attune.services.component import tidy, write
from attune.services.definitions import Definitions
from attune.services.pack.configuring import (
    require_references,
    sealed_config,
    unmasked_config,
    value_problems,
)
from attune.services.pack.install import CORE
from attune.services.pack.installation import check_publication, pack_target
from attune.services.sealing import pack_place, unseal

COLUMNS = Columns(
    pack_ref=Pack.ref,
    is_part_of_pack=True,
    ref=Pack.ref,
    id=Pack.id,
    owner_identity_id=Pack.owner_identity_id,
)
"""What constraints on packs are held against."""


@dataclass(frozen=True, kw_only=True)
class PackView:
    """A pack with the number of its components."""

    pack: Pack
    counts: Mapping[str, int]


class PackService:
    """The packs of the platform."""

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

    async def page(
        self, caller: Caller, request: PageRequest, q: str | None = None
    ) -> PageResult[Pack]:
        """Return one page of the packs that the caller sees, by ref."""
        async with self._database.transaction() as tx:
            return await tx.packs.page(
                request, ComponentFilter(q=q), among=readable_packs(caller)
            )

    async def get(self, caller: Caller, ref: str) -> PackView:
        """Return the pack, or raise NotFound."""
        async with self._database.transaction() as tx:
            pack = await tx.packs.get_by_ref(ref, among=readable_packs(caller))
            return await _view(tx, pack)

    async def create(self, caller: Caller, fields: Mapping[str, Any]) -> PackView:
        """Make a pack without files, for components that are made through the API."""
        values = tidy(fields)
        ref = parse_pack_ref(values["ref"])
        owner_id = caller.identity_id
        target = Target(pack_ref=ref, ref=ref, owner_identity_id=owner_id)
        caller.require(Resource.PACKS, Action.CREATE, target)
        async with self._database.transaction() as tx:
            pack = Pack(ref=ref, owner_identity_id=owner_id, conf_schema={}, config={})
            values["config"] = await self._configured(tx, caller, pack, values)
            write(pack, values)
            if pack.is_standard:
                check_publication(caller, pack.ref, Action.CREATE)
            await tx.packs.add(pack)
            view = await _view(tx, pack)
        self._definitions.forget()
        return view

    async def update(
        self, caller: Caller, ref: str, changes: Mapping[str, Any]
    ) -> PackView:
        """Change the fields that are given; None takes a value away."""
        values = tidy(changes)
        async with self._database.transaction() as tx:
            pack = await _lock(tx, caller, ref, Action.CONFIGURE)
            if {"config", "conf_schema"} & values.keys():
                values["config"] = await self._configured(tx, caller, pack, values)
            if values.get("is_standard") and not pack.is_standard:
                check_publication(caller, pack.ref, Action.CONFIGURE)
            write(pack, values)
            await tx.flush()
            view = await _view(tx, pack)
        self._definitions.forget()
        return view

    async def _configured(
        self, tx: Transaction, caller: Caller, pack: Pack, values: Mapping[str, Any]
    ) -> JsonObject:
        """Return the configuration to store when it or its schema changes."""
        place = pack_place(pack.ref)
        before = unseal(self._encryption, pack.config, place=place)
        schema = values.get("conf_schema", pack.conf_schema)
        given = values.get("config", before)
        after = unmasked_config(pack.conf_schema, before, given)
        problems = check_schema(schema, "conf_schema") or value_problems(schema, after)
        if problems:
            raise InvalidInput("The pack cannot be configured so", problems=problems)
        if after != before:
            await require_references(tx, caller, pack.ref, after, owns=True)
            pack.configured_by_id = caller.identity_id
        return sealed_config(self._encryption, schema, after, place=place)

    async def delete(self, caller: Caller, ref: str) -> None:
        """Remove the pack with its components and files; history keeps their refs."""
        async with self._database.transaction() as tx:
            pack = await _lock(tx, caller, ref, Action.DELETE)
            await tx.packs.remove(pack)
        await asyncio.to_thread(self._store.remove, ref)
        self._definitions.forget()

    async def bundle(self, ref: str, content_hash: str | None) -> tuple[str, Path]:
        """Return the archive of the pack's files, and the hash that names them.

        Those of `content_hash`, if it is given; raises NotFound when they are gone.
        """
        async with self._database.transaction() as tx:
            pack = await tx.packs.get_by_ref(ref)
        wanted = content_hash or pack.content_hash
        if wanted is None:
            raise NotFound(entity="files of pack", ref=ref)
        return wanted, await asyncio.to_thread(self._store.bundle, ref, wanted)


def readable_packs(caller: Caller) -> Any:
    """Return the condition under which a pack exists for the caller."""
    return visible_packs(caller) & permitted(
        caller, Resource.PACKS, Action.READ, COLUMNS
    )


async def _view(tx: Transaction, pack: Pack) -> PackView:
    return PackView(pack=pack, counts=await tx.packs.count_components(pack.id))


async def _lock(tx: Transaction, caller: Caller, ref: str, act: Action) -> Pack:
    """Return the pack for a change that the caller may make."""
    seen = await tx.packs.get_by_ref(ref, among=readable_packs(caller))
    caller.require(Resource.PACKS, act, pack_target(seen))
    if seen.ref == CORE:
        raise Conflict("The core pack is the platform's own")
    return await tx.packs.lock(seen.id)
