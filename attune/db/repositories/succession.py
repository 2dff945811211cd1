"""What a worker may run next in the activity in which it has just ended an execution."""

from dataclasses import asdict, dataclass

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession

from attune.db.repositories.attempt import FINISH, STARTED, STARTING, StartedExecution
from attune.db.repositories.policy import IS_LIMITED
from attune.domain.execution import ExecutionStatus
from attune.domain.json import JsonObject

# A workflow that a run drives, and that has neither been paused nor begun to end; and a
# worker that may take up more.
_GOES_ON = """
    EXISTS (
        SELECT FROM attune.execution AS w
        JOIN attune.workflow_execution AS s ON s.execution = w.id
        JOIN attune.worker AS hand ON hand.id = :worker_id
        WHERE
            w.id = e.parent
            AND w.workflow_id = e.workflow_id
            AND w.status = 'running'
            AND NOT s.state ? 'paused'
            AND NOT hand.cordoned
    )
"""

# The end, and the first that waits for room in the run and is of the same runtime.
_FINISH_AND_START = text(f"""
    WITH e AS (
        {FINISH}
        RETURNING parent, workflow_id, runtime_ref
    ),
    following AS (
        SELECT waiting.id AS following_id
        FROM e
        CROSS JOIN LATERAL (
            SELECT id
            FROM attune.execution
            WHERE
                parent = e.parent
                AND awaited
                AND status = 'requested'
                AND runtime_ref = e.runtime_ref
                AND COALESCE(timeout_seconds, 300) <= :limit_seconds
                AND (admitted_at IS NOT NULL OR NOT {IS_LIMITED})
                AND {_GOES_ON}
            ORDER BY id
            LIMIT 1
            FOR NO KEY UPDATE SKIP LOCKED
        ) AS waiting
    ),
    started AS (
        UPDATE attune.execution
        SET {STARTING.replace(":attempt_id", ":next_attempt_id")}
        FROM following
        WHERE id = following_id
        RETURNING {STARTED}
    )
    SELECT EXISTS (SELECT FROM e) AS has_ended, started.*
    FROM (VALUES (0)) AS always
    LEFT JOIN started ON true
""").bindparams(bindparam("result", type_=JSONB))  # noqa: S608 - our own constants

# Whether the workflow waits for nothing that has not ended, and what has.
_PLACE = text(f"""
    SELECT
        e.parent AS workflow, e.runtime_ref,
        (
            SELECT next.id
            FROM attune.execution AS next
            WHERE
                next.parent = e.parent
                AND next.awaited
                AND next.attempt_id = :next_attempt_id
        ) AS begun,
        {_GOES_ON} AND e.awaited AND NOT EXISTS (
            SELECT FROM attune.execution AS other
            WHERE other.parent = e.parent AND other.awaited AND other.status NOT IN (
                'completed', 'failed', 'cancelled', 'timeout', 'abandoned'
            )
        ) AS may_advance,
        ended.tasks, ended.count,
        ended.size + (
            SELECT pg_column_size(s.variables)
            FROM attune.workflow_execution AS s
            WHERE s.execution = e.parent
        ) AS size
    FROM attune.execution AS e
    CROSS JOIN LATERAL (
        SELECT
            array_agg(DISTINCT other.workflow_task ->> 'task_name') AS tasks,
            count(*) AS count, sum(pg_column_size(other.result)) AS size
        FROM attune.execution AS other
        WHERE other.parent = e.parent AND other.awaited
    ) AS ended
    WHERE e.id = :id AND e.workflow_task IS NOT NULL
""")  # noqa: S608 - the conditions are constants


@dataclass(frozen=True, kw_only=True)
class PlaceInWorkflow:
    """Where an execution that has ended stands in its workflow."""

    workflow: int
    """The execution of the workflow."""
    runtime_ref: str
    begun: int | None
    """What the next attempt has begun already: it asks again."""
    may_advance: bool
    """The workflow goes on, and waits for this end and for none that is to come."""
    tasks: list[str] | None
    """Those of whose ends it has to take note."""
    count: int
    """How many ends these are."""
    size: int | None
    """Of their results and the workflow's variables, in bytes."""


@dataclass(frozen=True, kw_only=True)
class EndAndStart:
    """How an attempt ended, and the one that is to follow it."""

    attempt_id: str
    status: ExecutionStatus
    result: JsonObject
    next_attempt_id: str
    worker_id: int
    activity_of: int
    limit_seconds: int


class SuccessionRepository:
    """The end of one execution and the start of another, at once."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def place_of(
        self, execution_id: int, next_attempt_id: str, worker_id: int
    ) -> PlaceInWorkflow | None:
        """Return the place in its workflow; None if it is no task of one."""
        values = {
            "id": execution_id,
            "next_attempt_id": next_attempt_id,
            "worker_id": worker_id,
        }
        row = (await self._session.execute(_PLACE, values)).one_or_none()
        if row is None:
            return None
        return PlaceInWorkflow(**row._asdict())

    async def finish_and_start(
        self, execution_id: int, end: EndAndStart
    ) -> tuple[bool, StartedExecution | None]:
        """Record an end as `attempts.finish` does, and start what waits for room.

        Tells whether the end was recorded; nothing is started otherwise.
        """
        values = {**asdict(end), "id": execution_id, "status": end.status.value}
        row = (await self._session.execute(_FINISH_AND_START, values)).one()
        has_ended, *started = row
        is_started = started[0] is not None
        return has_ended, StartedExecution(*started) if is_started else None
