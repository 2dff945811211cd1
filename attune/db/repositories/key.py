"""Keys."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, or_, select

from attune.db.models import Key
from attune.db.repositories.base import equals
from attune.db.repositories.component import ComponentFilter, ComponentRepository
from attune.domain.key import OwnerType


@dataclass(frozen=True, kw_only=True)
class KeyFilter(ComponentFilter):
    """Which keys are wanted; None means any."""

    owner_type: OwnerType | None = None
    owner: str | None = None


class KeyRepository(ComponentRepository[Key]):
    """The keys; values are as stored, encrypted ones included."""

    model = Key
    searched = ("ref", "name")

    async def find_for_action(
        self, action_id: int | None, pack_ref: str | None
    ) -> Sequence[Key]:
        """Return the keys that the action or its pack owns, the pack's first."""
        query = select(Key).where(
            or_(Key.owner_action_id == action_id, Key.owner_pack_ref == pack_ref)
        )
        return await self._all(query.order_by(Key.owner_type, Key.id))

    async def find_for_reference(
        self, pack_ref: str | None, action_ref: str
    ) -> Sequence[Key]:
        """Return the keys that a workflow may refer to: its action's and its pack's."""
        query = select(Key).where(
            or_(Key.owner_action_ref == action_ref, Key.owner_pack_ref == pack_ref)
        )
        return await self._all(query.order_by(Key.owner_type.desc(), Key.id))

    def _conditions(
        self, wanted: ComponentFilter
    ) -> Sequence[ColumnElement[bool] | None]:
        conditions = [
            self._search(wanted.q),
            equals(Key.owner_pack_ref, wanted.pack_ref),
        ]
        if isinstance(wanted, KeyFilter):
            conditions.append(equals(Key.owner_type, wanted.owner_type))
            conditions.append(equals(Key.owner, wanted.owner))
        return conditions
