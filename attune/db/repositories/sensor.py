"""Sensors."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, or_, select

from attune.db.models import Rule, Sensor, Trigger
from attune.db.repositories.component import ComponentFilter, ComponentRepository


@dataclass(frozen=True, kw_only=True)
class SensorFilter(ComponentFilter):
    """Which sensors are wanted; None means any."""

    trigger_ref: str | None = None


class SensorRepository(ComponentRepository[Sensor]):
    """The sensors."""

    model = Sensor

    async def find_needed(self) -> Sequence[Sensor]:
        """Return enabled sensors that an enabled rule of one of its triggers needs."""
        query = (
            select(Sensor)
            .where(Sensor.enabled)
            .where(
                select(Rule.id)
                .join(Trigger, Trigger.id == Rule.trigger_id)
                .where(Rule.enabled, Trigger.enabled, _serves(Trigger))
                .exists()
            )
        )
        return await self._all(query.order_by(Sensor.id))

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
