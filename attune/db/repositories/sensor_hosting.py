"""The processes of sensors as their workers report them, fenced by the generation.

Every time in here is the database's, by which leases are judged.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession

from attune.domain.sensor import SensorState

# The first start of a generation wins; the same attempt may ask again.
_START = text("""
    UPDATE attune.sensor_process
    SET
        state = 'running', attempt_id = :attempt_id, worker = :worker_id,
        heard_at = now(),
        start_count = start_count + (state = 'starting')::int,
        started_at = CASE WHEN state = 'starting' THEN now() ELSE started_at END
    WHERE
        sensor_ref = :ref AND generation = :generation
        AND (
            state = 'starting' OR (state = 'running' AND attempt_id = :attempt_id)
        )
    RETURNING generation
""")

_SUBJECT = text("""
    SELECT
        s.id, s.ref, s.pack_ref, s.entrypoint, s.config, s.param_schema,
        s.runtime_version_constraint,
        p.config AS pack_config, p.content_hash AS pack_hash,
        jsonb_build_object(
            'ref', r.ref, 'name', r.name, 'execution_config', r.execution_config,
            'versions', COALESCE(
                (
                    SELECT jsonb_agg(
                        jsonb_build_object(
                            'version', v.version, 'execution_config', v.execution_config
                        )
                        ORDER BY v.id
                    )
                    FROM attune.runtime_version AS v
                    WHERE v.runtime = r.id
                ),
                '[]'
            )
        ) AS runtime,
        ARRAY(
            SELECT t.ref
            FROM attune.trigger AS t
            WHERE t.sensor = s.id OR t.id = s.trigger
            ORDER BY t.ref
        )::text[] AS trigger_refs,
        (
            SELECT jsonb_agg(
                jsonb_build_object(
                    'ref', k.ref, 'name', k.name, 'value', k.value,
                    'encrypted', k.encrypted,
                    'owner_type', k.owner_type, 'owner', k.owner
                )
                ORDER BY k.owner_type, k.id
            )
            FROM attune.key AS k
            WHERE
                (k.owner_sensor = s.id OR k.owner_pack_ref = s.pack_ref)
                AND (k.expires_at IS NULL OR k.expires_at > now())
        ) AS keys
    FROM attune.sensor AS s
    JOIN attune.runtime AS r ON r.id = s.runtime
    LEFT JOIN attune.pack AS p ON p.id = s.pack
    WHERE s.ref = :ref
""")

_RULES = text("""
    SELECT
        u.id, u.ref, t.ref AS trigger_ref, u.trigger_params, t.param_schema
    FROM attune.rule AS u
    JOIN attune.trigger AS t ON t.id = u.trigger
    WHERE t.ref = ANY(CAST(:trigger_refs AS text[])) AND t.enabled AND u.enabled
    ORDER BY u.id
""")

# A beat is taken for what still is that worker's; whatever else it has is to end.
_BEAT = text("""
    WITH beaten AS (
        UPDATE attune.sensor_process AS sp
        SET heard_at = now()
        FROM jsonb_to_recordset(:hosted) AS hosted (ref text, generation bigint)
        WHERE
            sp.sensor_ref = hosted.ref AND sp.generation = hosted.generation
            AND sp.state IN ('running', 'stopping')
        RETURNING sp.sensor_ref, sp.state
    )
    SELECT hosted.ref, beaten.state
    FROM jsonb_to_recordset(:hosted) AS hosted (ref text, generation bigint)
    LEFT JOIN beaten ON beaten.sensor_ref = hosted.ref
""").bindparams(bindparam("hosted", type_=JSONB))

_LOCK_LIVING = text("""
    SELECT
        sp.failure_count, sp.state, s.id AS sensor_id,
        COALESCE(extract(epoch FROM now() - sp.started_at), 0)::float8 AS ran_seconds,
        sp.worker, w.name AS worker_name, s.pack_ref
    FROM attune.sensor_process AS sp
    LEFT JOIN attune.sensor AS s ON s.ref = sp.sensor_ref
    LEFT JOIN attune.worker AS w ON w.id = sp.worker
    WHERE
        sp.sensor_ref = :ref AND sp.generation = :generation
        AND sp.state IN ('running', 'stopping')
    FOR UPDATE OF sp
""")

_FAIL = text("""
    UPDATE attune.sensor_process
    SET
        state = 'waiting', failure_count = :failure_count,
        worker = NULL, started_at = NULL,
        next_start_at = now() + make_interval(secs => :delay_seconds),
        last_error = :error, last_error_at = now()
    WHERE sensor_ref = :ref
""")

_ENDED = text("""
    UPDATE attune.sensor_process
    SET
        state = 'stopped', worker = NULL, started_at = NULL, next_start_at = NULL,
        failure_count = CASE WHEN :was_well THEN 0 ELSE failure_count END
    WHERE sensor_ref = :ref
""")

_IS_LIVING = text("""
    SELECT 1
    FROM attune.sensor_process
    WHERE
        sensor_ref = :ref AND generation = :generation
        AND state IN ('running', 'stopping')
""")


@dataclass(frozen=True, kw_only=True)
class LivingProcess:
    """A process of the asked generation under lock; it may be alive."""

    failure_count: int
    state: SensorState
    sensor_id: int | None
    ran_seconds: float
    worker_id: int | None
    worker_name: str | None
    pack_ref: str | None


@dataclass(frozen=True, kw_only=True)
class SensorSubject:
    """All that a process of a sensor is started with, as it is stored."""

    id: int
    ref: str
    pack_ref: str | None
    entrypoint: str
    config: Mapping[str, Any]
    param_schema: Mapping[str, Any]
    runtime_version_constraint: str | None
    pack_config: Mapping[str, Any] | None
    pack_hash: str | None
    runtime: Mapping[str, Any]
    trigger_refs: Sequence[str]
    keys: Sequence[Mapping[str, Any]] | None


@dataclass(frozen=True, kw_only=True)
class SensorRule:
    """An enabled rule that a sensor watches for."""

    id: int
    ref: str
    trigger_ref: str
    trigger_params: Mapping[str, Any]
    param_schema: Mapping[str, Any]


class SensorHostingRepository:
    """What the workers that host sensors say and are told."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def start(
        self, ref: str, generation: int, attempt_id: str, worker_id: int
    ) -> bool:
        """Note that a worker starts this generation; False if it may not."""
        values = {
            "ref": ref,
            "generation": generation,
            "attempt_id": attempt_id,
            "worker_id": worker_id,
        }
        return (await self._session.execute(_START, values)).first() is not None

    async def find_subject(self, ref: str) -> SensorSubject | None:
        """Return what the sensor runs; None when it is gone or has no runtime."""
        row = (await self._session.execute(_SUBJECT, {"ref": ref})).one_or_none()
        return None if row is None else SensorSubject(**row._asdict())

    async def find_rules(self, trigger_refs: Collection[str]) -> list[SensorRule]:
        """Return the enabled rules of these triggers, as far as those are enabled."""
        values = {"trigger_refs": list(trigger_refs)}
        rows = await self._session.execute(_RULES, values)
        return [SensorRule(**row._asdict()) for row in rows]

    async def beat(
        self, hosted: Sequence[Mapping[str, Any]]
    ) -> dict[str, SensorState | None]:
        """Note heartbeats; answers each one's state, None for what is no more its."""
        rows = await self._session.execute(_BEAT, {"hosted": list(hosted)})
        return {
            row.ref: None if row.state is None else SensorState(row.state)
            for row in rows
        }

    async def lock_living(self, ref: str, generation: int) -> LivingProcess | None:
        """Lock the process if it is of this generation and may be alive."""
        values = {"ref": ref, "generation": generation}
        row = (await self._session.execute(_LOCK_LIVING, values)).one_or_none()
        if row is None:
            return None
        return LivingProcess(
            failure_count=row.failure_count,
            state=SensorState(row.state),
            sensor_id=row.sensor_id,
            ran_seconds=row.ran_seconds,
            worker_id=row.worker,
            worker_name=row.worker_name,
            pack_ref=row.pack_ref,
        )

    async def fail(
        self, ref: str, *, failure_count: int, delay_seconds: float, error: str
    ) -> None:
        """Note that the process has failed, and when it may start again."""
        values = {
            "ref": ref,
            "failure_count": failure_count,
            "delay_seconds": delay_seconds,
            "error": error,
        }
        await self._session.execute(_FAIL, values)

    async def end(self, ref: str, *, was_well: bool) -> None:
        """Note that the process has ended as it should."""
        await self._session.execute(_ENDED, {"ref": ref, "was_well": was_well})

    async def is_living(self, ref: str, generation: int) -> bool:
        """Tell whether this generation is the present one and may be alive."""
        values = {"ref": ref, "generation": generation}
        return (await self._session.execute(_IS_LIVING, values)).first() is not None
