"""Permission sets: those of packs are looked at, those that people made are changed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from attune.db.database import Database, Transaction
from attune.db.models.permission import PermissionSet, PermissionSetRole
from attune.db.repositories.permission import visible_sets
from attune.domain.errors import Conflict, InvalidInput
from attune.domain.grant_text import grant_problems
from attune.domain.permission import Action, Caller, Resource, Target
from attune.domain.ref import Ref
from attune.services.caller import parse_grants
from attune.services.component import target_in_pack, tidy, visible_pack, write
from attune.services.delegation import require_delegable


@dataclass(frozen=True, kw_only=True)
class PermissionSetView:
    """A permission set with the roles that have it."""

    row: PermissionSet
    roles: Sequence[PermissionSetRole] = ()


class PermissionSetService:
    """The permission sets as callers may see and change them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(
        self, caller: Caller, pack_ref: str | None = None
    ) -> list[PermissionSetView]:
        """Return the sets that the caller sees, by ref."""
        async with self._database.transaction() as tx:
            if pack_ref is not None:
                await visible_pack(tx, caller, pack_ref)
            found = await tx.permission_sets.find_listed(
                pack_ref, among=visible_sets(caller)
            )
            roles = await tx.permission_set_roles.find_by_sets([s.id for s in found])
        return [
            PermissionSetView(
                row=row, roles=[role for role in roles if role.permset_id == row.id]
            )
            for row in found
        ]

    async def get(self, caller: Caller, set_id: int) -> PermissionSetView:
        """Return the set, or raise NotFound."""
        async with self._database.transaction() as tx:
            row = await tx.permission_sets.get(set_id, among=visible_sets(caller))
            return await _view(tx, row)

    async def create(
        self, caller: Caller, fields: Mapping[str, Any]
    ) -> PermissionSetView:
        """Make a set that belongs to no pack; nobody has it yet."""
        values = tidy(fields)
        ref, owner_id = values["ref"], caller.identity_id
        caller.require(
            Resource.PERMISSIONS,
            Action.CREATE,
            Target(ref=ref, owner_identity_id=owner_id),
        )
        _check_grants(values)
        async with self._database.transaction() as tx:
            await _check_name(tx, ref)
            await _check_delegation(tx, caller, ref, values["grants"])
            row = PermissionSet(is_adhoc=True, owner_identity_id=owner_id)
            write(row, values)
            return await _view(tx, await tx.permission_sets.add(row))

    async def update(
        self, caller: Caller, set_id: int, changes: Mapping[str, Any]
    ) -> PermissionSetView:
        """Change the fields that are given; whoever has the set has them at once."""
        values = tidy(changes)
        _check_grants(values)
        async with self._database.transaction() as tx:
            row = await lock_set(tx, caller, set_id, Action.UPDATE)
            _require_adhoc(row)
            added = [g for g in values.get("grants", ()) if g not in row.grants]
            await _check_delegation(tx, caller, row.ref, added)
            write(row, values)
            await tx.flush()
            return await _view(tx, row)

    async def delete(self, caller: Caller, set_id: int) -> PermissionSet:
        """Remove a set; whoever had it loses its grants at once."""
        async with self._database.transaction() as tx:
            row = await lock_set(tx, caller, set_id, Action.DELETE)
            _require_adhoc(row)
            await tx.permission_sets.remove(row)
        return row


async def lock_set(
    tx: Transaction, caller: Caller, set_id: int, act: Action
) -> PermissionSet:
    """Return the set for something that the caller may do with it."""
    seen = await tx.permission_sets.get(set_id, among=visible_sets(caller))
    caller.require(Resource.PERMISSIONS, act, await set_target(tx, caller, seen))
    return await tx.permission_sets.lock(seen.id)


async def set_target(tx: Transaction, caller: Caller, row: PermissionSet) -> Target:
    """Return what constraints on a permission set are held against."""
    return await target_in_pack(
        tx,
        caller,
        row.pack_ref,
        owner_identity_id=row.owner_identity_id,
        ref=row.ref,
        id=row.id,
    )


async def _view(tx: Transaction, row: PermissionSet) -> PermissionSetView:
    roles = await tx.permission_set_roles.find_by_set(row.id)
    return PermissionSetView(row=row, roles=roles)


def _require_adhoc(row: PermissionSet) -> None:
    if not row.is_adhoc:
        raise Conflict(
            f"{row.ref} comes with pack {row.pack_ref} and changes with it: "
            "make a permission set of your own"
        )


def _check_grants(values: Mapping[str, Any]) -> None:
    if problems := grant_problems(values.get("grants") or []):
        raise InvalidInput("The grants are not valid", problems=problems)


async def _check_name(tx: Transaction, ref: str) -> None:
    """Refuse the names that a pack has for its own sets."""
    try:
        pack_ref = Ref.parse(ref).pack
    except InvalidInput as error:
        raise InvalidInput(f"ref: {error.message}") from error
    if await tx.packs.find_by_ref(pack_ref):
        raise InvalidInput(
            f"ref: names that begin with '{pack_ref}.' are those of the pack's own sets"
        )


async def _check_delegation(
    tx: Transaction, caller: Caller, ref: str, written: Sequence[Any]
) -> None:
    what = f"permission set {ref}"
    await require_delegable(tx, caller, parse_grants(written), what)
