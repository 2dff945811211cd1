"""Permission sets, their assignments and roles."""

from collections.abc import Collection, Sequence

from sqlalchemy import ColumnElement, and_, or_, select

from attune.db.models import (
    IdentityRole,
    PermissionAssignment,
    PermissionSet,
    PermissionSetRole,
)
from attune.db.repositories.base import Repository
from attune.db.repositories.component import ComponentRepository
from attune.db.visibility import Columns, in_visible_pack, visible
from attune.domain.permission import Caller, Resource

COLUMNS = Columns(
    pack_ref=PermissionSet.pack_ref,
    is_part_of_pack=True,
    owner_identity_id=PermissionSet.owner_identity_id,
    ref=PermissionSet.ref,
    id=PermissionSet.id,
)
"""What constraints on permission sets are held against."""


def visible_sets(caller: Caller) -> ColumnElement[bool]:
    """Return the condition under which a permission set exists for the caller."""
    return visible(caller, Resource.PERMISSIONS, COLUMNS)


def nameable_sets(caller: Caller) -> ColumnElement[bool]:
    """Return the condition that the caller may name a set for what it starts.

    Those that come with packs are known to whoever sees the pack; of those that people
    made, one knows one's own, the assigned ones, and what one may look at.
    """
    owner = PermissionSet.owner_identity_id
    known = or_(
        owner.is_(None),
        owner == caller.identity_id,
        _is_assigned_to(caller.identity_id),
        visible_sets(caller),
    )
    return and_(in_visible_pack(caller, PermissionSet.pack_ref), known)


def _is_assigned_to(identity_id: int | None) -> ColumnElement[bool]:
    direct = select(PermissionAssignment.permset_id).where(
        PermissionAssignment.identity_id == identity_id
    )
    by_role = (
        select(PermissionSetRole.permset_id)
        .join(IdentityRole, IdentityRole.role == PermissionSetRole.role)
        .where(IdentityRole.identity_id == identity_id)
    )
    return or_(PermissionSet.id.in_(direct), PermissionSet.id.in_(by_role))


class PermissionSetRepository(ComponentRepository[PermissionSet]):
    """The permission sets."""

    model = PermissionSet

    async def find_for_identity(self, identity_id: int) -> Sequence[PermissionSet]:
        """Return the sets of an identity, assigned directly or by a role."""
        query = select(PermissionSet).where(_is_assigned_to(identity_id))
        return await self._all(query.order_by(PermissionSet.ref))

    async def find_listed(
        self, pack_ref: str | None, *, among: ColumnElement[bool]
    ) -> Sequence[PermissionSet]:
        """Return the sets, all or those of one pack, by ref."""
        query = select(PermissionSet).where(among)
        if pack_ref is not None:
            query = query.where(PermissionSet.pack_ref == pack_ref)
        return await self._all(query.order_by(PermissionSet.ref))

    async def find_by_role(self, role: str) -> Sequence[PermissionSet]:
        """Return the sets that everybody with a role has."""
        query = select(PermissionSet).join(
            PermissionSetRole, PermissionSetRole.permset_id == PermissionSet.id
        )
        return await self._all(query.where(PermissionSetRole.role == role))


class PermissionAssignmentRepository(Repository[PermissionAssignment]):
    """Which identity has which permission set."""

    model = PermissionAssignment

    async def find_by_identity(
        self, identity_id: int
    ) -> Sequence[tuple[PermissionAssignment, str]]:
        """Return the assignments of an identity, each with the ref of its set."""
        query = (
            select(PermissionAssignment, PermissionSet.ref)
            .join(PermissionSet, PermissionSet.id == PermissionAssignment.permset_id)
            .where(PermissionAssignment.identity_id == identity_id)
            .order_by(PermissionAssignment.id)
        )
        rows = await self._session.execute(query)
        return [(assignment, ref) for assignment, ref in rows]


class PermissionSetRoleRepository(Repository[PermissionSetRole]):
    """Which role has which permission set."""

    model = PermissionSetRole

    async def find_by_set(self, permset_id: int) -> Sequence[PermissionSetRole]:
        """Return the roles that have this permission set."""
        return await self.find_by_sets([permset_id])

    async def find_by_sets(
        self, permset_ids: Collection[int]
    ) -> Sequence[PermissionSetRole]:
        """Return the roles that have some of these permission sets."""
        query = select(PermissionSetRole).where(
            PermissionSetRole.permset_id.in_(permset_ids)
        )
        return await self._all(query.order_by(PermissionSetRole.id))
