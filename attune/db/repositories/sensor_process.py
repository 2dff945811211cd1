"""The processes of sensors: what is wanted, and each under the lock of its row.

Every time in here is the database's, by which leases are judged.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession

from attune.domain.sensor import LEASE_SECONDS, SensorFacts, SensorNeed, SensorState

# What decides whether a sensor runs, and a fingerprint of all that it is started with.
_NEED = """
    SELECT
        s.id, s.ref, s.pack_ref, s.runtime_ref, s.enabled,
        r.id IS NOT NULL AS has_runtime,
        COALESCE(p.enabled, true) AS pack_enabled,
        served.trigger_count, served.enabled_trigger_count, served.rule_count,
        md5(
            jsonb_build_array(
                s.id, s.entrypoint, s.runtime_ref, s.runtime_version_constraint,
                s.config, s.param_schema, p.config, p.content_hash,
                r.execution_config, served.trigger_refs, owned.keys
            )::text
        ) AS definition
    FROM attune.sensor AS s
    LEFT JOIN attune.pack AS p ON p.id = s.pack
    LEFT JOIN attune.runtime AS r ON r.id = s.runtime
    CROSS JOIN LATERAL (
        SELECT
            count(*) AS trigger_count,
            count(*) FILTER (WHERE t.enabled) AS enabled_trigger_count,
            COALESCE(sum(using_it.rule_count) FILTER (WHERE t.enabled), 0)::bigint
                AS rule_count,
            jsonb_agg(t.ref ORDER BY t.ref) AS trigger_refs
        FROM attune.trigger AS t
        CROSS JOIN LATERAL (
            SELECT count(*) AS rule_count
            FROM attune.rule AS u
            WHERE u.trigger = t.id AND u.enabled
        ) AS using_it
        WHERE t.sensor = s.id OR t.id = s.trigger
    ) AS served
    CROSS JOIN LATERAL (
        SELECT jsonb_agg(jsonb_build_array(k.id, k.updated) ORDER BY k.id) AS keys
        FROM attune.key AS k
        WHERE k.owner_sensor = s.id OR k.owner_pack_ref = s.pack_ref
    ) AS owned
"""

_IS_WANTED = "(n.enabled AND n.pack_enabled AND n.has_runtime AND n.rule_count > 0)"
_CHANGED = "(sp.definition IS DISTINCT FROM n.definition OR sp.is_to_restart)"

# What the workflow of a sensor has not acted upon, or has not said a word about for
# longer than it should.
_OUT_OF_STEP = text(f"""
    WITH need AS ({_NEED})
    SELECT COALESCE(n.ref, sp.sensor_ref) AS ref
    FROM need AS n
    FULL JOIN attune.sensor_process AS sp ON sp.sensor_ref = n.ref
    WHERE
        CASE
            WHEN n.id IS NULL OR NOT {_IS_WANTED}
                THEN sp.state IN ('waiting', 'starting', 'running')
            ELSE
                COALESCE(sp.state, 'stopped') = 'stopped'
                OR (sp.state <> 'stopping' AND {_CHANGED})
        END
        OR (
            sp.state IN ('running', 'stopping')
            AND GREATEST(sp.heard_at, sp.looked_at) < now() - interval '20 seconds'
        )
        OR (
            sp.state = 'waiting'
            AND GREATEST(sp.next_start_at, sp.looked_at)
                < now() - interval '20 seconds'
        )
        OR (
            sp.state = 'starting' AND sp.looked_at < now() - interval '5 minutes'
        )
    ORDER BY ref
""")  # noqa: S608 - put together from constants

_KNOW = text("""
    INSERT INTO attune.sensor_process (sensor_ref)
    SELECT ref FROM attune.sensor WHERE ref = :ref
    ON CONFLICT DO NOTHING
""")

_LOCK = text(f"""
    SELECT
        sp.state, sp.generation, sp.failure_count, n.id, n.runtime_ref,
        sp.worker,
        COALESCE({_IS_WANTED}, false) AS is_wanted,
        COALESCE({_CHANGED}, false) AS is_outdated,
        n.definition,
        COALESCE(
            extract(epoch FROM sp.next_start_at - now()), 0
        )::float8 AS starts_in_seconds,
        COALESCE(
            extract(epoch FROM sp.heard_at - now()) + :lease, 0
        )::float8 AS lease_seconds
    FROM attune.sensor_process AS sp
    LEFT JOIN LATERAL ({_NEED} WHERE s.ref = sp.sensor_ref) AS n ON true
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
    SELECT
    FROM attune.sensor_process
    WHERE
        sensor_ref = :ref AND generation = :generation
        AND state IN ('running', 'stopping')
""")

_RESTART = text("""
    INSERT INTO attune.sensor_process AS sp (sensor_ref, is_to_restart)
    VALUES (:ref, true)
    ON CONFLICT (sensor_ref) DO UPDATE SET is_to_restart = true
    WHERE sp.state <> 'stopped'
""")

_VIEWS = text(f"""
    SELECT
        n.ref, n.enabled, n.pack_enabled, n.has_runtime, n.trigger_count,
        n.enabled_trigger_count, n.rule_count,
        COALESCE(sp.state, 'stopped') AS state, sp.worker, w.name AS worker_name,
        sp.started_at, sp.next_start_at, COALESCE(sp.failure_count, 0) AS failure_count,
        COALESCE(sp.start_count, 0) AS start_count, sp.last_error, sp.last_error_at,
        ARRAY(
            SELECT t.ref
            FROM attune.trigger AS t
            JOIN attune.sensor AS s ON s.id = n.id
            WHERE t.sensor = s.id OR t.id = s.trigger
            ORDER BY t.ref
        )::text[] AS trigger_refs
    FROM ({_NEED} WHERE s.ref = ANY(CAST(:refs AS text[]))) AS n
    LEFT JOIN attune.sensor_process AS sp ON sp.sensor_ref = n.ref
    LEFT JOIN attune.worker AS w ON w.id = sp.worker
""")  # noqa: S608 - put together from constants


@dataclass(frozen=True, kw_only=True)
class LockedProcess:
    """The process of a sensor under lock, with what decides about it."""

    facts: SensorFacts
    runtime_ref: str
    definition: str | None


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


@dataclass(frozen=True, kw_only=True)
class ProcessView:
    """What people see of the process of a sensor."""

    need: SensorNeed
    state: SensorState
    worker_id: int | None
    worker_name: str | None
    started_at: datetime | None
    next_start_at: datetime | None
    failure_count: int
    start_count: int
    last_error: str | None
    last_error_at: datetime | None
    trigger_refs: Sequence[str]


class SensorProcessRepository:
    """One row for each sensor that has ever run."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def find_out_of_step(self) -> Sequence[str]:
        """Return the sensors whose workflows have something to do."""
        return (await self._session.scalars(_OUT_OF_STEP)).all()

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

    async def restart(self, ref: str) -> None:
        """Have the process started anew; nothing where there is none."""
        await self._session.execute(_RESTART, {"ref": ref})

    async def views(self, refs: Collection[str]) -> dict[str, ProcessView]:
        """Return what people see of the processes of these sensors."""
        rows = await self._session.execute(_VIEWS, {"refs": list(refs)})
        return {row.ref: _view(row) for row in rows}


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


def _view(row: Row[Any]) -> ProcessView:
    return ProcessView(
        need=SensorNeed(
            is_enabled=row.enabled,
            is_pack_enabled=row.pack_enabled,
            has_runtime=row.has_runtime,
            trigger_count=row.trigger_count,
            enabled_trigger_count=row.enabled_trigger_count,
            rule_count=row.rule_count,
        ),
        state=SensorState(row.state),
        worker_id=row.worker,
        worker_name=row.worker_name,
        started_at=row.started_at,
        next_start_at=row.next_start_at,
        failure_count=row.failure_count,
        start_count=row.start_count,
        last_error=row.last_error,
        last_error_at=row.last_error_at,
        trigger_refs=row.trigger_refs,
    )
