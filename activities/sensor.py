"""Both sides of a sensor's life: what is to be done about it, and its process."""

from typing import Protocol

from temporalio import activity

from attune.messages.sensor import (
    SensorOrder,
    SensorOutcome,
    SensorQuestion,
    SensorRun,
)


class SensorRecords(Protocol):
    """What the orchestrator's activity needs of the sensor service."""

    async def next_order(self, question: SensorQuestion) -> SensorOrder:
        """Decide what is to be done, in one transaction."""


class SensorHost(Protocol):
    """What the worker's activity needs of the worker."""

    async def run(self, request: SensorRun) -> SensorOutcome:
        """Run the process to its end, heartbeats included."""


class SensorRecordActivities:
    """The database side of a sensor's life."""

    def __init__(self, records: SensorRecords) -> None:
        self._records = records

    @activity.defn(name="order_sensor")
    async def order_sensor(self, question: SensorQuestion) -> SensorOrder:
        """Say what is to be done; an order that got lost is superseded by the next."""
        return await self._records.next_order(question)


class SensorActivities:
    """Runs the code of sensors; served on the queue of each runtime a worker offers."""

    def __init__(self, host: SensorHost) -> None:
        self._host = host

    @activity.defn(name="run_sensor")
    async def run_sensor(self, request: SensorRun) -> SensorOutcome:
        """Run the process; a repeated call is fenced by the API and runs nothing."""
        return await self._host.run(request)
