"""Policies."""

from collections.abc import Sequence

from sqlalchemy import and_, or_, select

from attune.db.models import Policy
from attune.db.repositories.component import ComponentRepository
from attune.domain.policy import PolicyScope


class PolicyRepository(ComponentRepository[Policy]):
    """The policies."""

    model = Policy
    searched = ("ref", "name", "description")

    async def find_applicable(
        self, action_ref: str, pack_ref: str | None
    ) -> Sequence[Policy]:
        """Return the enabled policies that bear on an action, weightiest first."""
        scope = Policy.scope_type
        query = select(Policy).where(
            Policy.enabled,
            or_(
                and_(scope == PolicyScope.ACTION, Policy.action_ref == action_ref),
                and_(scope == PolicyScope.PACK, Policy.pack_ref == pack_ref),
                scope == PolicyScope.GLOBAL,
            ),
        )
        return await self._all(query.order_by(Policy.priority.desc(), Policy.id.desc()))
