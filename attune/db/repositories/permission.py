"""Permission sets, their assignments and roles."""

from collections.abc import Sequence

from sqlalchemy import or_, select

from attune.db.models import (
    IdentityRole,
    PermissionAssignment,
    PermissionSet,
    PermissionSetRole,
)
from attune.db.repositories.base import Repository
from attune.db.repositories.component import ComponentRepository


class PermissionSetRepository(ComponentRepository[PermissionSet]):
    """The permission sets."""

    model = PermissionSet

    async def find_for_identity(self, identity_id: int) -> Sequence[PermissionSet]:
        """Return the sets of an identity, assigned directly or by a role."""
        direct = select(PermissionAssignment.permset_id).where(
            PermissionAssignment.identity_id == identity_id
        )
        by_role = (
            select(PermissionSetRole.permset_id)
            .join(IdentityRole, IdentityRole.role == PermissionSetRole.role)
            .where(IdentityRole.identity_id == identity_id)
        )
        query = select(PermissionSet).where(
            or_(PermissionSet.id.in_(direct), PermissionSet.id.in_(by_role))
        )
        return await self._all(query.order_by(PermissionSet.ref))


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
        query = select(PermissionSetRole).where(
            PermissionSetRole.permset_id == permset_id
        )
        return await self._all(query.order_by(PermissionSetRole.id))
