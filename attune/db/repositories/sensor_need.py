"""Which sensors are wanted, which are out of step, and what people see of them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from attune.domain.sensor import SensorNeed, SensorState

# What decides whether a sensor runs, and a fingerprint of all that it is started with.
NEED = """
    SELECT
        s.id, s.ref, s.pack_ref, s.runtime_ref, s.enabled,
        r.id IS NOT NULL AS has_runtime,
        COALESCE(p.enabled, true) AS pack_enabled,
        served.trigger_count, served.enabled_trigger_count, served.rule_count,
        md5(
            jsonb_build_array(
                s.id, s.entrypoint, s.runtime_ref, s.runtime_version_constraint,
                s.config, s.param_schema, p.config, p.content_hash,
                r.execution_config, served.triggers, owned.keys
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
            jsonb_agg(jsonb_build_array(t.ref, t.enabled) ORDER BY t.ref) AS triggers
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

IS_WANTED = "(n.enabled AND n.pack_enabled AND n.has_runtime AND n.rule_count > 0)"

CHANGED = "(sp.definition IS DISTINCT FROM n.definition OR sp.is_to_restart)"

# What the workflow of a sensor has not acted upon, or has not said a word about for
# longer than it should.
_OUT_OF_STEP = text(f"""
    WITH need AS ({NEED})
    SELECT COALESCE(n.ref, sp.sensor_ref) AS ref
    FROM need AS n
    FULL JOIN attune.sensor_process AS sp ON sp.sensor_ref = n.ref
    WHERE
        CASE
            WHEN n.id IS NULL OR NOT {IS_WANTED}
                THEN sp.state IN ('waiting', 'starting', 'running')
            ELSE
                COALESCE(sp.state, 'stopped') = 'stopped'
                OR (sp.state <> 'stopping' AND {CHANGED})
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
    FROM ({NEED} WHERE s.ref = ANY(CAST(:refs AS text[]))) AS n
    LEFT JOIN attune.sensor_process AS sp ON sp.sensor_ref = n.ref
    LEFT JOIN attune.worker AS w ON w.id = sp.worker
""")  # noqa: S608 - put together from constants


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


class SensorNeedRepository:
    """Compares what sensors want with what their processes are."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def find_out_of_step(self) -> Sequence[str]:
        """Return the sensors whose workflows have something to do."""
        return (await self._session.scalars(_OUT_OF_STEP)).all()

    async def views(self, refs: Collection[str]) -> dict[str, ProcessView]:
        """Return what people see of the processes of these sensors."""
        rows = await self._session.execute(_VIEWS, {"refs": list(refs)})
        return {row.ref: _view(row) for row in rows}


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
