"""The processes of sensors as their workflows decide about them, each under its lock."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from attune.db.repositories.sensor_need import CHANGED, IS_WANTED, NEED
from attune.domain.sensor import LEASE_SECONDS, SensorFacts, SensorState

_KNOW = text("""
    INSERT INTO attune.sensor_process (sensor_ref)
    SELECT ref FROM attune.sensor WHERE ref = :ref
    ON CONFLICT DO NOTHING
""")

_LOCK = text(f"""
    SELECT
        sp.state, sp.generation, sp.failure_count, n.id, n.runtime_ref,
        sp.worker,
        COALESCE({IS_WANTED}, false) AS is_wanted,
        COALESCE({CHANGED}, false) AS is_outdated,
        n.definition,
        COALESCE(
            extract(epoch FROM sp.next_start_at - now()), 0
        )::float8 AS starts_in_seconds,
        COALESCE(
            extract(epoch FROM sp.heard_at - now()) + :lease, 0
        )::float8 AS lease_seconds
    FROM attune.sensor_process AS sp
    LEFT JOIN LATERAL ({NEED} WHERE s.ref = sp.sensor_ref) AS n ON true
    WHERE sp.sensor_ref = :ref
    FOR UPDATE OF sp
""")  # noqa: S608 - put together from constants

_LOOKED = text("""
    UPDATE attune.sensor_process SET looked_at = now() WHERE sensor_ref = :ref
""")

_ORDER = text("""
    UPDATE attune.sensor_process
    SET
        generation = nextval('attune.sensor_generation'),
        state = 'starting', definition = :definition, is_to_restart = false,
        attempt_id = NULL, worker = NULL, started_at = NULL, heard_at = NULL,
        next_start_at = NULL, stdout_taken = 0, stderr_taken = 0,
        failure_count = CASE WHEN :is_outdated THEN 0 ELSE failure_count END,
        looked_at = now()
    WHERE sensor_ref = :ref
    RETURNING generation
""")

_ASK_TO_END = text("""
    UPDATE attune.sensor_process
    SET
        state = CASE WHEN state = 'starting' THEN 'stopped' ELSE 'stopping' END,
        looked_at = now()
    WHERE sensor_ref = :ref AND state IN ('starting', 'running')
""")

_WAIT = text("""
    UPDATE attune.sensor_process
    SET
        state = 'waiting', looked_at = now(), worker = NULL, started_at = NULL,
        next_start_at = now() + make_interval(secs => :seconds)
    WHERE sensor_ref = :ref
""")

_STOP = text("""
    UPDATE attune.sensor_process
    SET
        state = 'stopped', worker = NULL, started_at = NULL, next_start_at = NULL,
        is_to_restart = false, failure_count = 0, looked_at = now()
    WHERE sensor_ref = :ref
""")

_FORGET = text("""
    DELETE FROM attune.sensor_process AS sp
    WHERE
        sp.sensor_ref = :ref
        AND NOT EXISTS (SELECT FROM attune.sensor AS s WHERE s.ref = sp.sensor_ref)
""")

_NOTE_LOST = text("""
    UPDATE attune.sensor_process
    SET last_error = :error, last_error_at = now()
    WHERE sensor_ref = :ref
""")

_RESTART = text("""
    INSERT INTO attune.sensor_process AS sp (sensor_ref, is_to_restart)
    VALUES (:ref, true)
    ON CONFLICT (sensor_ref) DO UPDATE SET is_to_restart = true
    WHERE sp.state <> 'stopped'
""")


@dataclass(frozen=True, kw_only=True)
class LockedProcess:
    """The process of a sensor under lock, with what decides about it."""

    facts: SensorFacts
    runtime_ref: str
    definition: str | None


class SensorProcessRepository:
    """One row for each sensor that runs, or has just ended."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def lock(self, ref: str) -> LockedProcess | None:
        """Lock the process of the sensor; None where neither has ever been."""
        await self._session.execute(_KNOW, {"ref": ref})
        values = {"ref": ref, "lease": LEASE_SECONDS}
        row = (await self._session.execute(_LOCK, values)).one_or_none()
        return None if row is None else _locked(row)

    async def note_look(self, ref: str) -> None:
        """Note that the workflow of the sensor lives."""
        await self._session.execute(_LOOKED, {"ref": ref})

    async def order(
        self, ref: str, definition: str | None, *, is_outdated: bool
    ) -> int:
        """Begin a generation, which a worker is to start; returns it."""
        values = {"ref": ref, "definition": definition, "is_outdated": is_outdated}
        generation: int = (await self._session.execute(_ORDER, values)).scalar_one()
        return generation

    async def ask_to_end(self, ref: str) -> None:
        """Have the process ended, or never started."""
        await self._session.execute(_ASK_TO_END, {"ref": ref})

    async def wait(self, ref: str, seconds: float) -> None:
        """Note that there is no process, and will be none for so long."""
        await self._session.execute(_WAIT, {"ref": ref, "seconds": seconds})

    async def stop(self, ref: str) -> None:
        """Note that there is no process, and none is wanted."""
        await self._session.execute(_STOP, {"ref": ref})
        await self._session.execute(_FORGET, {"ref": ref})

    async def note_lost(self, ref: str, error: str) -> None:
        """Note why a process was given up that nobody has heard of."""
        await self._session.execute(_NOTE_LOST, {"ref": ref, "error": error})

    async def restart(self, ref: str) -> None:
        """Have the process started anew; nothing where there is none."""
        await self._session.execute(_RESTART, {"ref": ref})


def _locked(row: Row[Any]) -> LockedProcess:
    return LockedProcess(
        facts=SensorFacts(
            is_wanted=row.is_wanted,
            is_outdated=row.is_outdated,
            state=SensorState(row.state),
            generation=row.generation,
            starts_in_seconds=row.starts_in_seconds,
            lease_seconds=row.lease_seconds,
        ),
        runtime_ref=row.runtime_ref or "",
        definition=row.definition,
    )
