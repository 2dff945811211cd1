"""Keys."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, false, func, or_, select

from attune.db.models import Key
from attune.db.repositories.base import equals, present
from attune.db.repositories.component import ComponentFilter, ComponentRepository
from attune.db.visibility import Columns, in_visible_pack, permitted
from attune.domain.key import OwnerType, towards_others
from attune.domain.permission import Action, Caller, Resource

_COMPONENT_REF = func.coalesce(Key.owner_action_ref, Key.owner_sensor_ref)
_PACK_REF = func.coalesce(Key.owner_pack_ref, func.split_part(_COMPONENT_REF, ".", 1))

COLUMNS = Columns(
    pack_ref=_PACK_REF,
    is_part_of_pack=True,
    owner_identity_id=Key.owner_identity_id,
    owner_type=Key.owner_type,
    owner_ref=Key.owner,
    ref=Key.ref,
    id=Key.id,
    encrypted=Key.encrypted,
)
"""What constraints on keys are held against."""


@dataclass(frozen=True, kw_only=True)
class KeyFilter(ComponentFilter):
    """Which keys are wanted; None means any."""

    owner_type: OwnerType | None = None
    owner: str | None = None


def visible_keys(caller: Caller) -> ColumnElement[bool]:
    """Return the condition under which a key exists for the caller."""
    return _open_to(caller, Action.READ)


def decryptable_keys(caller: Caller) -> ColumnElement[bool]:
    """Return the condition under which the caller may know what a key holds."""
    return _open_to(caller, Action.DECRYPT)


def _open_to(caller: Caller, act: Action) -> ColumnElement[bool]:
    """Hold for what grants cover; of an identity's keys, its own or by name."""
    is_own = or_(
        Key.owner_type != OwnerType.IDENTITY,
        Key.owner_identity_id == caller.identity_id,
    )
    return and_(
        in_visible_pack(caller, _PACK_REF),
        or_(
            and_(is_own, permitted(caller, Resource.KEYS, act, COLUMNS)),
            permitted(towards_others(caller), Resource.KEYS, act, COLUMNS),
        ),
    )


class KeyRepository(ComponentRepository[Key]):
    """The keys; values are as stored, encrypted ones included."""

    model = Key
    searched = ("ref", "name")

    async def find_owned(
        self, pack_ref: str | None, action_ref: str | None
    ) -> Sequence[Key]:
        """Return the keys of a pack and of an action, the action's last."""
        owners = present(
            equals(Key.owner_pack_ref, pack_ref),
            equals(Key.owner_action_ref, action_ref),
        )
        query = select(Key).where(or_(false(), *owners))
        return await self._all(query.order_by(Key.owner_type.desc(), Key.id))

    async def find_decryptable(
        self, refs: Collection[str], callers: Sequence[Caller]
    ) -> Sequence[Key]:
        """Return those of the refs whose values all of the callers may know."""
        if not callers:
            return []
        among = and_(*map(decryptable_keys, callers))
        return await self.find_by_refs(refs, among=among)

    def _conditions(
        self, wanted: ComponentFilter
    ) -> Sequence[ColumnElement[bool] | None]:
        conditions = [
            self._search(wanted.q),
            equals(_PACK_REF, wanted.pack_ref),
        ]
        if isinstance(wanted, KeyFilter):
            conditions.append(equals(Key.owner_type, wanted.owner_type))
            conditions.append(equals(Key.owner, wanted.owner))
        return conditions
