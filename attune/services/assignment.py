"""Who has which permission set: by assignment, or by a role that both have."""

from collections.abc import Sequence
from dataclasses import dataclass

from attune.db.database import Database, Transaction
from attune.db.models.identity import Identity, IdentityRole
from attune.db.models.permission import (
    PermissionAssignment,
    PermissionSet,
    PermissionSetRole,
)
from attune.db.repositories.identity import visible_identities
from attune.db.repositories.permission import visible_sets
from attune.domain.errors import Conflict, InvalidInput
from attune.domain.identity import canonical_role
from attune.domain.permission import Action, Caller, Resource, Target
from attune.services.caller import parse_grants
from attune.services.delegation import require_delegable
from attune.services.identity_directory import visible_identity
from attune.services.permission_set import set_target


@dataclass(frozen=True, kw_only=True)
class Assignee:
    """Whom a permission set is assigned to: by id, by login, or by both."""

    identity_id: int | None = None
    login: str | None = None


class AssignmentService:
    """Gives permission sets and roles, and takes them away."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def permissions_of(
        self, caller: Caller, identity_id: int
    ) -> Sequence[tuple[PermissionAssignment, str]]:
        """Return what was assigned to an identity directly, with the refs."""
        async with self._database.transaction() as tx:
            identity = await visible_identity(tx, caller, identity_id)
            return await tx.permission_assignments.find_by_identity(identity.id)

    async def assign(
        self, caller: Caller, assignee: Assignee, set_ref: str
    ) -> tuple[PermissionAssignment, str]:
        """Give an identity a permission set."""
        async with self._database.transaction() as tx:
            identity = await _find(tx, caller, assignee)
            row = await tx.permission_sets.get_by_ref(
                set_ref, among=visible_sets(caller)
            )
            await _require_hand_on(tx, caller, row)
            assignment = PermissionAssignment(
                identity_id=identity.id, permset_id=row.id
            )
            return await tx.permission_assignments.add(assignment), row.ref

    async def unassign(self, caller: Caller, assignment_id: int) -> None:
        """Take an assigned permission set away."""
        async with self._database.transaction() as tx:
            assignment = await tx.permission_assignments.get(assignment_id)
            await visible_identity(tx, caller, assignment.identity_id)
            row = await tx.permission_sets.get(
                assignment.permset_id, among=visible_sets(caller)
            )
            await _require_manage(tx, caller, row)
            await tx.permission_assignments.remove(assignment)

    async def add_role(
        self, caller: Caller, identity_id: int, role: str
    ) -> IdentityRole:
        """Give an identity a role, with the sets of all who have it."""
        name = canonical_role(role)
        async with self._database.transaction() as tx:
            identity = await visible_identity(tx, caller, identity_id)
            caller.require(Resource.PERMISSIONS, Action.MANAGE, Target())
            for row in await tx.permission_sets.find_by_role(name):
                await _require_hand_on(tx, caller, row)
            return await tx.identity_roles.add(
                IdentityRole(identity_id=identity.id, role=name)
            )

    async def remove_role(self, caller: Caller, role_id: int) -> None:
        """Take a role away from an identity."""
        async with self._database.transaction() as tx:
            role = await tx.identity_roles.get(role_id)
            await visible_identity(tx, caller, role.identity_id)
            for row in await tx.permission_sets.find_by_role(role.role):
                await _require_manage(tx, caller, row)
            if role.managed:
                raise Conflict(
                    f"The role {role.role} is managed by {role.source}, "
                    "and has to be taken away there"
                )
            await tx.identity_roles.remove(role)

    async def add_set_role(
        self, caller: Caller, set_id: int, role: str
    ) -> tuple[PermissionSetRole, str]:
        """Give a permission set to everybody with a role."""
        name = canonical_role(role)
        async with self._database.transaction() as tx:
            row = await tx.permission_sets.get(set_id, among=visible_sets(caller))
            await _require_hand_on(tx, caller, row)
            given = PermissionSetRole(permset_id=row.id, role=name)
            return await tx.permission_set_roles.add(given), row.ref

    async def remove_set_role(self, caller: Caller, role_id: int) -> None:
        """Take a permission set away from those who have it by a role."""
        async with self._database.transaction() as tx:
            given = await tx.permission_set_roles.get(role_id)
            row = await tx.permission_sets.get(
                given.permset_id, among=visible_sets(caller)
            )
            await _require_manage(tx, caller, row)
            await tx.permission_set_roles.remove(given)


async def _find(tx: Transaction, caller: Caller, assignee: Assignee) -> Identity:
    if assignee.identity_id is None and assignee.login is None:
        raise InvalidInput("identity_id: name an identity by its id or its login")
    among = visible_identities(caller)
    if assignee.login is None:
        return await tx.identities.get(assignee.identity_id or 0, among=among)
    identity = await tx.identities.get_by_login(assignee.login, among=among)
    if assignee.identity_id not in (None, identity.id):
        raise InvalidInput("identity_id: is not the id of the login beside it")
    return identity


async def _require_hand_on(tx: Transaction, caller: Caller, row: PermissionSet) -> None:
    """Refuse unless the caller may hand on this set, and everything in it."""
    await _require_manage(tx, caller, row)
    what = f"permission set {row.ref}"
    await require_delegable(tx, caller, parse_grants(row.grants), what)


async def _require_manage(tx: Transaction, caller: Caller, row: PermissionSet) -> None:
    target = await set_target(tx, caller, row)
    caller.require(Resource.PERMISSIONS, Action.MANAGE, target)
