"""Triggers."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, or_, select

from attune.db.models import Trigger
from attune.db.repositories.component import (
    ComponentFilter,
    ComponentRepository,
    referable_from,
)
from attune.db.visibility import Columns, in_visible_pack, permitted, visible
from attune.domain.payload_check import PayloadCheck
from attune.domain.permission import Action, Caller, Resource

COLUMNS = Columns(
    pack_ref=Trigger.pack_ref, is_part_of_pack=True, ref=Trigger.ref, id=Trigger.id
)
"""What constraints on triggers are held against."""


@dataclass(frozen=True, kw_only=True)
class TriggerFilter(ComponentFilter):
    """Which triggers are wanted; None means any."""

    referencing_pack_ref: str | None = None
    """The pack that would refer to them."""


def visible_triggers(caller: Caller) -> ColumnElement[bool]:
    """Return the condition under which a trigger exists for the caller."""
    return or_(visible(caller, Resource.TRIGGERS, COLUMNS), _own(caller))


def known_triggers(caller: Caller) -> ColumnElement[bool]:
    """Return the condition under which the caller may hear of a trigger by emitting it.

    Whoever may emit it need not be able to read it.
    """
    emits = permitted(caller, Resource.EVENTS, Action.CREATE, COLUMNS)
    return or_(
        visible_triggers(caller), in_visible_pack(caller, Trigger.pack_ref) & emits
    )


def _own(caller: Caller) -> ColumnElement[bool]:
    """A sensor knows its triggers, whoever owns the pack they are in."""
    return Trigger.ref.in_(sorted(caller.trigger_refs))


class TriggerRepository(ComponentRepository[Trigger]):
    """The triggers."""

    model = Trigger

    async def find_by_webhook_key(self, key: str) -> Trigger | None:
        """Return the trigger of this webhook key, enabled or not, or None."""
        return await self._one(select(Trigger).where(Trigger.webhook_key == key), None)

    async def find_payload_rule(self, ref: str) -> tuple[Any, PayloadCheck] | None:
        """Return the schema of a trigger's payloads and what it means, or None."""
        query = select(Trigger.out_schema, Trigger.payload_check)
        rows = await self._session.execute(query.where(Trigger.ref == ref))
        found = rows.one_or_none()
        return None if found is None else (found[0], found[1])

    async def param_schemas(self, ids: Collection[int]) -> dict[int, dict[str, Any]]:
        """Return what each of these triggers takes."""
        query = select(Trigger.id, Trigger.param_schema).where(Trigger.id.in_(ids))
        return {row.id: row.param_schema for row in await self._session.execute(query)}

    async def find_by_sensor(self, sensor_id: int) -> Sequence[Trigger]:
        """Return the triggers that this sensor serves."""
        query = select(Trigger).where(Trigger.sensor_id == sensor_id)
        return await self._all(query.order_by(Trigger.ref))

    def _conditions(
        self, wanted: ComponentFilter
    ) -> Sequence[ColumnElement[bool] | None]:
        conditions = list(super()._conditions(wanted))
        if isinstance(wanted, TriggerFilter):
            conditions.append(referable_from(Trigger, wanted.referencing_pack_ref))
        return conditions
