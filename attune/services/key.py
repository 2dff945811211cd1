"""Keys: listed without their values, read one at a time, made, changed, removed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from attune.clock import utc_now
from attune.db.database import Database, Transaction
from attune.db.models.key import Key
from attune.db.repositories.key import KeyFilter, visible_keys
from attune.domain.errors import PermissionDenied
from attune.domain.json import Json
from attune.domain.key import OwnerType, has_expired, name_key
from attune.domain.page import PageRequest, PageResult
from attune.domain.permission import Action, Caller, Resource
from attune.domain.ref import canonical_label
from attune.security.encryption import Encryption
from attune.services.component import write
from attune.services.key_access import may, require, require_creation
from attune.services.key_owner import find_owner
from attune.services.key_value import key_facts, key_place, reveal_key, seal_key
from attune.services.secret_audit import note_read_by


@dataclass(frozen=True, kw_only=True)
class KeyView:
    """A key, and its value as far as the caller may know it."""

    key: Key
    value: Json = None


class KeyService:
    """The keys as callers may see and change them."""

    def __init__(self, database: Database, encryption: Encryption) -> None:
        self._database = database
        self._encryption = encryption

    async def page(
        self,
        caller: Caller,
        request: PageRequest,
        *,
        q: str | None = None,
        owner_type: OwnerType | None = None,
        owner: str | None = None,
        pack_ref: str | None = None,
    ) -> PageResult[Key]:
        """Return one page of the keys that the caller sees, by ref."""
        wanted = KeyFilter(q=q, owner_type=owner_type, owner=owner, pack_ref=pack_ref)
        async with self._database.transaction() as tx:
            return await tx.keys.page(request, wanted, among=visible_keys(caller))

    async def get(
        self, caller: Caller, ref: str, *, decrypt: bool | None = None
    ) -> KeyView:
        """Return the key; what is encrypted is decrypted for who may, unless unwanted.

        Raises PermissionDenied for one who wants it and may not.
        """
        async with self._database.transaction() as tx:
            key = await tx.keys.get_by_ref(ref, among=visible_keys(caller))
            is_open = not key.encrypted or await may(tx, caller, Action.DECRYPT, key)
            if decrypt and not is_open:
                raise PermissionDenied(needs=f"{Resource.KEYS}:{Action.DECRYPT}")
            if not is_open or (key.encrypted and decrypt is False) or _is_over(key):
                return KeyView(key=key)
            return await self._revealed(tx, caller, key)

    async def create(self, caller: Caller, fields: Mapping[str, Any]) -> KeyView:
        """Make a key with the one owner that is named."""
        values = dict(fields)
        async with self._database.transaction() as tx:
            owner = await find_owner(tx, caller, values)
            key = Key(owner_type=owner.owner_type, **owner.columns)
            key.name = canonical_label(values["name"], "name")
            named = name_key(
                owner.owner_type,
                owner.owner,
                name=key.name,
                ref=values.get("ref"),
                local_ref=values.get("local_ref"),
            )
            key.ref, key.local_ref = named.ref, named.local_ref
            key.encrypted = values.get("encrypted") or False
            key.expires_at = values.get("expires_at")
            await require_creation(
                tx, caller, owner, named.ref, encrypted=key.encrypted
            )
            place = key_place(owner.owner_type, owner.owner, named.ref)
            self._put(key, values["value"], place)
            await tx.keys.add(key)
            is_open = not key.encrypted or await may(tx, caller, Action.DECRYPT, key)
        # Whoever has just said the value sees it as far as they might ask for it.
        return KeyView(key=key, value=values["value"] if is_open else None)

    async def update(
        self, caller: Caller, ref: str, changes: Mapping[str, Any]
    ) -> KeyView:
        """Change what is given; to store in plain what was encrypted takes decrypting."""
        values = dict(changes)
        async with self._database.transaction() as tx:
            key = await _lock(tx, caller, ref, Action.UPDATE)
            place = key_place(key.owner_type, key.owner, key.ref)
            encrypted = values.pop("encrypted", key.encrypted)
            if "value" in values or encrypted != key.encrypted:
                value = await self._next_value(
                    tx, caller, key, values, encrypted=encrypted
                )
                key.encrypted = encrypted
                self._put(key, value, place)
            values.pop("value", None)
            if "name" in values:
                values["name"] = canonical_label(values["name"], "name")
            write(key, values)
            await tx.flush()
        return KeyView(key=key, value=None if key.encrypted else key.value)

    async def delete(self, caller: Caller, ref: str) -> None:
        """Remove the key; what refers to it fails from now on."""
        async with self._database.transaction() as tx:
            await tx.keys.remove(await _lock(tx, caller, ref, Action.DELETE))

    async def _next_value(
        self,
        tx: Transaction,
        caller: Caller,
        key: Key,
        values: Mapping[str, Any],
        *,
        encrypted: bool,
    ) -> Json:
        if "value" in values:
            value: Json = values["value"]
            return value
        if not encrypted:
            await require(tx, caller, Action.DECRYPT, key)
            return (await self._revealed(tx, caller, key)).value
        return reveal_key(self._encryption, key_facts(key))

    def _put(self, key: Key, value: Json, place: str) -> None:
        """Write the value as it is to be stored."""
        if key.encrypted:
            key.value = seal_key(self._encryption, value, place=place)
            key.encryption_key_hash = self._encryption.key_hash
        else:
            key.value, key.encryption_key_hash = value, None

    async def _revealed(self, tx: Transaction, caller: Caller, key: Key) -> KeyView:
        value = reveal_key(self._encryption, key_facts(key))
        if key.encrypted:
            await note_read_by(tx, caller, entity="key", ref=key.ref)
        return KeyView(key=key, value=value)


def _is_over(key: Key) -> bool:
    return has_expired(key.expires_at, utc_now())


async def _lock(tx: Transaction, caller: Caller, ref: str, act: Action) -> Key:
    """Return the key for a change that the caller may make."""
    seen = await tx.keys.get_by_ref(ref, among=visible_keys(caller))
    await require(tx, caller, act, seen)
    return await tx.keys.lock(seen.id)
