"""Sensors as they are shown: with their processes, and without their secrets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from attune.db.database import Transaction
from attune.db.models.sensor import Sensor
from attune.db.repositories.sensor_need import ProcessView
from attune.domain.json import Json
from attune.domain.schema import REDACTED, redact
from attune.domain.sensor import explain
from attune.services.sealing import is_sealed


@dataclass(frozen=True, kw_only=True)
class SensorView:
    """A sensor, its process, and its configuration as everybody may see it."""

    sensor: Sensor
    process: ProcessView
    config: Mapping[str, Json]

    @property
    def state_reason(self) -> str | None:
        """Why it does not run; None when it does."""
        process = self.process
        return explain(process.state, process.need, process.failure_count)


async def view_sensors(tx: Transaction, sensors: Sequence[Sensor]) -> list[SensorView]:
    """Return the sensors with what is known of their processes."""
    found = await tx.sensor_needs.views([sensor.ref for sensor in sensors])
    return [
        SensorView(sensor=each, process=found[each.ref], config=_masked(each))
        for each in sensors
    ]


def _masked(sensor: Sensor) -> Mapping[str, Json]:
    shown = redact(sensor.param_schema, sensor.config or {})
    return {k: REDACTED if is_sealed(value) else value for k, value in shown.items()}
