"""What a worker says about the sensors it hosts, fenced by their generations."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from attune.clock import utc_now
from attune.db.database import Database, Transaction
from attune.db.repositories.sensor_hosting import LivingProcess, SensorSubject
from attune.domain.errors import Conflict, InvalidInput, NotFound
from attune.domain.permission import TokenType
from attune.domain.sensor import ALERT_AFTER, BackOff, SensorState
from attune.runtimes.sensor_launch import (
    HostedSensor,
    SensorEnd,
    SensorLaunch,
    SensorOrders,
    SensorStart,
    SensorToken,
)
from attune.security.encryption import Encryption
from attune.security.tokens import Tokens
from attune.services.event.alert import raise_sensor_alert
from attune.services.event.intake import Intake
from attune.services.sensor.launch import choose_runtime, compose_launch, pack_settings

RENEWED_AFTER: Final = 0.5
"""The part of a token's life after which the worker asks for the next one."""


class SensorRunService:
    """Starts, heartbeats, tokens and ends; each repeated call is answered alike."""

    def __init__(
        self,
        database: Database,
        encryption: Encryption,
        tokens: Tokens,
        intake: Intake,
        *,
        token_lifetime: timedelta,
        back_off: BackOff,
    ) -> None:
        self._database = database
        self._encryption = encryption
        self._tokens = tokens
        self._intake = intake
        self._token_lifetime = token_lifetime
        self._back_off = back_off

    async def start(self, ref: str, start: SensorStart) -> SensorLaunch:
        """Take the generation for this worker and tell what to run.

        Raises Conflict when it is not to be started, or cannot be.
        """
        async with self._database.transaction() as tx:
            if not await tx.sensor_hosting.start(
                ref, start.generation, start.attempt_id, start.worker_id
            ):
                raise _superseded(ref, start.generation)
            try:
                return await self._launch(tx, ref, start)
            except InvalidInput as error:
                problem = error.message
                await self._fail(tx, ref, start.generation, problem)
        raise Conflict(problem)

    async def beat(self, hosted: Sequence[HostedSensor]) -> SensorOrders:
        """Note that these processes live, and answer which have to end."""
        rows = [each.model_dump() for each in hosted]
        async with self._database.autocommit() as tx:
            states = await tx.sensor_hosting.beat(rows)
        return SensorOrders(
            stop=[r for r, state in states.items() if state is SensorState.STOPPING],
            kill=[r for r, state in states.items() if state is None],
        )

    async def renew(self, ref: str, generation: int) -> SensorToken:
        """Return the next token of a process that lives."""
        async with self._database.autocommit() as tx:
            if not await tx.sensor_hosting.is_living(ref, generation):
                raise _superseded(ref, generation)
            subject = await tx.sensor_hosting.find_subject(ref)
        if subject is None:
            raise NotFound(entity="sensor", ref=ref)
        return self._token(subject, generation)

    async def end(self, ref: str, end: SensorEnd) -> None:
        """Record the end of a process; one of an older generation changes nothing."""
        async with self._database.transaction() as tx:
            if end.reason == "failed":
                error = end.error or "it ended for no known reason"
                await self._fail(tx, ref, end.generation, error)
                return
            living = await tx.sensor_hosting.lock_living(ref, end.generation)
            if living is not None:
                was_well = living.ran_seconds >= self._back_off.well_after_seconds
                await tx.sensor_hosting.end(ref, was_well=was_well)

    async def _launch(
        self, tx: Transaction, ref: str, start: SensorStart
    ) -> SensorLaunch:
        subject = await tx.sensor_hosting.find_subject(ref)
        if subject is None:
            raise NotFound(entity="sensor", ref=ref)
        return compose_launch(
            subject,
            start.generation,
            runtime=await choose_runtime(tx, subject, start.worker_id),
            rules=await tx.sensor_hosting.find_rules(subject.trigger_refs),
            of_pack=await pack_settings(tx, subject, self._encryption),
            encryption=self._encryption,
            token=self._token(subject, start.generation),
        )

    async def _fail(
        self, tx: Transaction, ref: str, generation: int, error: str
    ) -> None:
        living = await tx.sensor_hosting.lock_living(ref, generation)
        if living is None:
            return
        count = self._back_off.count_failure(living.failure_count, living.ran_seconds)
        await tx.sensor_hosting.fail(
            ref,
            failure_count=count,
            delay_seconds=self._back_off.delay_seconds(count),
            error=error,
        )
        if count == ALERT_AFTER:
            await self._alert(tx, ref, generation, living, error)

    async def _alert(
        self,
        tx: Transaction,
        ref: str,
        generation: int,
        living: LivingProcess,
        error: str,
    ) -> None:
        await raise_sensor_alert(
            tx,
            self._intake,
            ref=ref,
            generation=generation,
            sensor_id=living.sensor_id,
            worker_name=living.worker_name,
            error=error,
        )

    def _token(self, subject: SensorSubject, generation: int) -> SensorToken:
        token = self._tokens.sign(
            TokenType.SENSOR,
            identity_id=None,
            login=f"sensor:{subject.ref}",
            lifetime=self._token_lifetime,
            scope="sensor",
            metadata={
                "sensor_ref": subject.ref,
                "sensor_id": subject.id,
                "assignment_generation": generation,
                "trigger_types": list(subject.trigger_refs),
            },
        )
        return SensorToken(
            token=token,
            expires_at=utc_now() + self._token_lifetime,
            renew_in_seconds=self._token_lifetime.total_seconds() * RENEWED_AFTER,
        )


def _superseded(ref: str, generation: int) -> Conflict:
    return Conflict(f"Start {generation} of sensor {ref} is over or has been taken")
