"""Sensors on a database, their workflows and workers played by the test."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import text

from attune.db.database import Database
from attune.db.models import Pack, Rule, Sensor, Trigger, Worker
from attune.domain.sensor import BackOff, StepKind
from attune.messages.sensor import SensorOrder, SensorQuestion
from attune.runtimes.sensor_launch import SensorEnd, SensorLaunch, SensorStart
from attune.security.encryption import Encryption
from attune.security.tokens import Tokens
from attune.services.event.intake import Intake
from attune.services.event.rulebook import Rulebook
from attune.services.sensor.keep import SensorKeepService
from attune.services.sensor.log import SensorLogService
from attune.services.sensor.run import SensorRunService
from tests.support.builders import (
    make_pack,
    make_rule,
    make_runtime,
    make_sensor,
    make_trigger,
    make_worker,
)

ENCRYPTION = Encryption("k" * 32)
TOKENS = Tokens("s" * 32)
ATTEMPT = "attempt-1"


@dataclass(frozen=True)
class Sensing:
    """A sensor that one rule needs, and the services that concern it."""

    database: Database
    sensor: Sensor
    trigger: Trigger
    rule: Rule
    worker: Worker

    @property
    def keeping(self) -> SensorKeepService:
        return SensorKeepService(self.database)

    @property
    def logs(self) -> SensorLogService:
        return SensorLogService(self.database)

    @property
    def runs(self) -> SensorRunService:
        return SensorRunService(
            self.database,
            ENCRYPTION,
            TOKENS,
            Intake(Rulebook(remembers=False), ENCRYPTION),
            token_lifetime=timedelta(hours=1),
            back_off=BackOff(),
        )

    async def ask(
        self, carried: int | None = None, *, declined: bool = False
    ) -> SensorOrder:
        """Ask as the workflow of the sensor does."""
        return await self.keeping.next_order(
            SensorQuestion(
                sensor_ref=self.sensor.ref, carried=carried, declined=declined
            )
        )

    async def order(self) -> int:
        """Have a start ordered; returns its generation."""
        order = await self.ask()
        assert order.kind is StepKind.RUN, order
        return order.generation

    async def start(self, generation: int, attempt_id: str = ATTEMPT) -> SensorLaunch:
        """Start it as a worker does."""
        return await self.runs.start(
            self.sensor.ref,
            SensorStart(
                generation=generation, attempt_id=attempt_id, worker_id=self.worker.id
            ),
        )

    async def running(self) -> int:
        """Order a start and start it; returns its generation."""
        generation = await self.order()
        await self.start(generation)
        return generation

    async def end(self, generation: int, reason: Any = "failed") -> None:
        error = "ended with code 1: no such host" if reason == "failed" else None
        end = SensorEnd(generation=generation, reason=reason, error=error)
        await self.runs.end(self.sensor.ref, end)

    async def process(self) -> Any:
        """Return the row."""
        query = text("SELECT * FROM attune.sensor_process WHERE sensor_ref = :ref")
        async with self.database.transaction() as tx:
            rows = await tx.session.execute(query, {"ref": self.sensor.ref})
            return rows.one_or_none()

    async def pass_time(self, seconds: float) -> None:
        """Let everything that the row remembers be so much longer ago."""
        columns = ("started_at", "heard_at", "next_start_at", "looked_at")
        earlier = ", ".join(
            f"{each} = {each} - CAST(:span AS interval)" for each in columns
        )
        query = text(f"UPDATE attune.sensor_process SET {earlier}")  # noqa: S608 - our own names
        async with self.database.transaction() as tx:
            await tx.session.execute(query, {"span": timedelta(seconds=seconds)})


async def make_sensing(
    database: Database, pack: Pack | None = None, **sensor: Any
) -> Sensing:
    """Write a sensor with a runtime, its trigger, a rule that needs it and a worker."""
    async with database.transaction() as tx:
        pack = pack or await make_pack(tx)
        trigger = await make_trigger(tx, pack)
        runtime = await make_runtime(tx, pack)
        made = await make_sensor(
            tx, pack, trigger, **{"runtime_id": runtime.id, **sensor}
        )
        rule = await make_rule(tx, trigger)
        worker = await make_worker(tx)
    return Sensing(database, made, trigger, rule, worker)
