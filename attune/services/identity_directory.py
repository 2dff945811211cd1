"""Identities: listed, made, changed, frozen, removed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from attune.db.database import Database, Transaction
from attune.db.models.identity import Identity, IdentityRole
from attune.db.models.permission import PermissionAssignment
from attune.db.repositories.identity import visible_identities
from attune.domain.errors import Conflict
from attune.domain.identity import (
    canonical_display_name,
    canonical_login,
    check_password,
)
from attune.domain.page import PageRequest, PageResult
from attune.domain.permission import Action, Caller, Grant, Resource, Target
from attune.security.passwords import Passwords
from attune.services.caller import parse_grants
from attune.services.component import write
from attune.services.delegation import require_delegable, require_equal
from attune.services.identity import set_password


@dataclass(frozen=True, kw_only=True)
class IdentityView:
    """An identity with its roles and what was assigned to it directly."""

    identity: Identity
    roles: Sequence[IdentityRole] = ()
    assignments: Sequence[tuple[PermissionAssignment, str]] = ()
    """Each with the ref of its permission set."""


class IdentityDirectory:
    """The identities as callers may see and change them."""

    def __init__(self, database: Database, passwords: Passwords) -> None:
        self._database = database
        self._passwords = passwords

    async def page(
        self,
        caller: Caller,
        request: PageRequest,
        *,
        q: str | None = None,
        frozen: bool | None = None,
    ) -> PageResult[IdentityView]:
        """Return one page of the identities that the caller sees."""
        async with self._database.transaction() as tx:
            among = visible_identities(caller)
            found = await tx.identities.page(request, q, frozen=frozen, among=among)
            ids = [identity.id for identity in found.items]
            roles = await tx.identity_roles.find_by_identities(ids)
        return PageResult(
            items=[
                IdentityView(
                    identity=identity,
                    roles=[role for role in roles if role.identity_id == identity.id],
                )
                for identity in found.items
            ],
            request=request,
            total=found.total,
            has_next=found.has_next,
        )

    async def get(self, caller: Caller, identity_id: int) -> IdentityView:
        """Return the identity, or raise NotFound."""
        async with self._database.transaction() as tx:
            return await _view(tx, await visible_identity(tx, caller, identity_id))

    async def create(self, caller: Caller, fields: Mapping[str, Any]) -> IdentityView:
        """Make an identity without any permission; without a password, a service's."""
        values = await self._columns(fields)
        async with self._database.transaction() as tx:
            identity = Identity()
            write(identity, values)
            caller.require(
                Resource.IDENTITIES, Action.CREATE, Target(ref=identity.login)
            )
            return await _view(tx, await tx.identities.add(identity))

    async def update(
        self, caller: Caller, identity_id: int, changes: Mapping[str, Any]
    ) -> IdentityView:
        """Change the fields that are given; a new password ends every session."""
        values = await self._columns(changes)
        async with self._database.transaction() as tx:
            identity = await lock_identity(tx, caller, identity_id, Action.UPDATE)
            await _check_change(tx, caller, identity, values)
            if password_hash := values.pop("password_hash", None):
                set_password(identity, password_hash)
            write(identity, values)
            await tx.flush()
            return await _view(tx, identity)

    async def set_frozen(
        self, caller: Caller, identity_id: int, *, frozen: bool
    ) -> IdentityView:
        """Keep an identity from entering, or let it in again."""
        return await self.update(caller, identity_id, {"frozen": frozen})

    async def delete(
        self, caller: Caller, identity_id: int, successor_id: int | None = None
    ) -> Identity:
        """Remove an identity with its keys; its packs go to the successor."""
        async with self._database.transaction() as tx:
            identity = await lock_identity(tx, caller, identity_id, Action.DELETE)
            if identity.id == caller.identity_id:
                raise Conflict("You cannot delete yourself")
            if successor_id is not None:
                await _hand_over(tx, caller, identity, successor_id)
            elif owned := await tx.packs.count_owned(identity.id):
                raise Conflict(
                    f"{identity.login} owns {owned} "
                    f"{'pack' if owned == 1 else 'packs'}: name a successor for them"
                )
            await tx.identities.remove(identity)
        return identity

    async def _columns(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Return what the row is given, each in its one spelling."""
        values = dict(fields)
        if "login" in values:
            values["login"] = canonical_login(values["login"])
        if "display_name" in values:
            values["display_name"] = canonical_display_name(values["display_name"])
        if password := values.pop("password", None):
            check_password(password)
            values["password_hash"] = await self._passwords.hash(password)
        return values


async def visible_identity(
    tx: Transaction, caller: Caller, identity_id: int
) -> Identity:
    """Return the identity, or raise NotFound if it does not exist for the caller."""
    return await tx.identities.get(identity_id, among=visible_identities(caller))


async def lock_identity(
    tx: Transaction, caller: Caller, identity_id: int, act: Action
) -> Identity:
    """Return the identity for a change that the caller may make."""
    seen = await visible_identity(tx, caller, identity_id)
    target = Target(id=seen.id, ref=seen.login, owner_identity_id=seen.id)
    caller.require(Resource.IDENTITIES, act, target)
    return await tx.identities.lock(seen.id)


async def _view(tx: Transaction, identity: Identity) -> IdentityView:
    return IdentityView(
        identity=identity,
        roles=await tx.identity_roles.find_by_identity(identity.id),
        assignments=await tx.permission_assignments.find_by_identity(identity.id),
    )


async def _check_change(
    tx: Transaction, caller: Caller, identity: Identity, values: Mapping[str, Any]
) -> None:
    """Refuse what would give somebody rights that the caller does not have."""
    if values.get("frozen") and identity.id == caller.identity_id:
        raise Conflict("You cannot freeze yourself")
    is_thawed = identity.frozen and values.get("frozen") is False
    if "password_hash" in values or is_thawed:
        await require_equal(tx, caller, identity.id, identity.login)
    if "attributes" in values:
        await _check_attributes(tx, caller, identity, values["attributes"])


async def _check_attributes(
    tx: Transaction, caller: Caller, identity: Identity, after: Mapping[str, Any]
) -> None:
    """Refuse attributes that bring grants to life which the caller does not have."""
    facts = await tx.access.find_facts(identity.id)
    grants = () if facts is None else parse_grants(facts.grants)
    revived = [
        _unconditional(grant)
        for grant in grants
        if _needs(grant, after) and not _needs(grant, identity.attributes)
    ]
    await require_delegable(tx, caller, revived, f"{identity.login} with these")


def _needs(grant: Grant, attributes: Mapping[str, Any]) -> bool:
    """Tell whether a grant asks for attributes, and these are the ones."""
    wanted = grant.constraints.attributes if grant.constraints else None
    if not wanted:
        return False
    return all(attributes.get(name) == value for name, value in wanted.items())


def _unconditional(grant: Grant) -> Grant:
    constraints = grant.constraints
    if constraints is None:
        return grant
    bare = constraints.model_copy(update={"attributes": None})
    return grant.model_copy(update={"constraints": bare})


async def _hand_over(
    tx: Transaction, caller: Caller, identity: Identity, successor_id: int
) -> None:
    """Give everything that the identity owns and that outlives it to another."""
    successor = await visible_identity(tx, caller, successor_id)
    if successor.id == identity.id:
        raise Conflict("Nobody succeeds themselves")
    # The rules that come with it act for the successor from now on.
    for each in (identity, successor):
        await require_equal(tx, caller, each.id, each.login)
    await tx.identities.hand_over(identity.id, successor.id)
