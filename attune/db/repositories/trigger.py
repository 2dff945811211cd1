"""Triggers."""

from collections.abc import Sequence

from sqlalchemy import select

from attune.db.models import Trigger
from attune.db.repositories.component import ComponentRepository


class TriggerRepository(ComponentRepository[Trigger]):
    """The triggers."""

    model = Trigger

    async def find_by_webhook_key(self, key: str) -> Trigger | None:
        """Return the trigger of this webhook key, enabled or not, or None."""
        return await self._one(select(Trigger).where(Trigger.webhook_key == key), None)

    async def find_by_sensor(self, sensor_id: int) -> Sequence[Trigger]:
        """Return the triggers that this sensor serves."""
        query = select(Trigger).where(Trigger.sensor_id == sensor_id)
        return await self._all(query.order_by(Trigger.ref))
