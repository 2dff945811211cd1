"""Sensors."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, or_, select

from attune.db.models import Sensor, Trigger
from attune.db.repositories.component import ComponentFilter, ComponentRepository
from attune.db.visibility import Columns, visible
from attune.domain.permission import Caller, Resource

COLUMNS = Columns(
    pack_ref=Sensor.pack_ref, is_part_of_pack=True, ref=Sensor.ref, id=Sensor.id
)
"""What constraints on sensors are held against; they count among the triggers."""


def visible_sensors(caller: Caller) -> ColumnElement[bool]:
    """Return the condition under which a sensor exists for the caller."""
    return visible(caller, Resource.TRIGGERS, COLUMNS)


@dataclass(frozen=True, kw_only=True)
class SensorFilter(ComponentFilter):
    """Which sensors are wanted; None means any."""

    trigger_ref: str | None = None


class SensorRepository(ComponentRepository[Sensor]):
    """The sensors."""

    model = Sensor

    def _conditions(
        self, wanted: ComponentFilter
    ) -> Sequence[ColumnElement[bool] | None]:
        conditions = list(super()._conditions(wanted))
        if isinstance(wanted, SensorFilter) and wanted.trigger_ref is not None:
            served = select(Trigger.id).where(
                Trigger.ref == wanted.trigger_ref, _serves(Trigger)
            )
            conditions.append(served.exists())
        return conditions


def _serves(trigger: type[Trigger]) -> ColumnElement[bool]:
    return or_(trigger.sensor_id == Sensor.id, Sensor.trigger_id == trigger.id)
