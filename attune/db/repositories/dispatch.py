"""Claims on executions that wait to be given to Temporal."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from attune.db.repositories.policy import IS_LIMITED
from attune.domain.execution import ExecutionKind
from attune.messages.names import runtime_queue

KIND = """
    CASE
        WHEN runtime_ref IS DISTINCT FROM 'core.builtin' THEN 'action'
        WHEN action_ref = 'core.ask' THEN 'inquiry'
        ELSE 'workflow'
    END
"""
"""What brings an execution to its end, as SQL over its row."""

_COLUMNS = f"""
    id, action_ref, runtime_ref, COALESCE(timeout_seconds, 300) AS timeout_seconds,
    trace_tag, workflow_id, dispatch_generation, {KIND} AS kind
"""

# A task of a workflow is started by the run that drives the workflow, unless it is a
# workflow itself.
_IS_OURS = f"(NOT awaited OR {KIND} = 'workflow')"

# Requested executions that no dispatcher has taken yet and no policy holds back, of
# runtimes whose queues are not long already: what waits here is hosted together later. Each is given a workflow
# id of its own, as `execution_workflow_id` would.
_CLAIM_FRESH = text(f"""
    WITH queue AS (
        SELECT runtime_ref, count(*) AS length
        FROM attune.execution
        WHERE
            status = 'scheduled'
            AND runtime_ref IS NOT NULL
            AND runtime_ref <> 'core.builtin'
        GROUP BY runtime_ref
    ),
    fresh AS (
        SELECT id AS fresh_id
        FROM attune.execution
        WHERE
            status = 'requested'
            AND workflow_id IS NULL
            AND {_IS_OURS}
            AND (admitted_at IS NOT NULL OR NOT {IS_LIMITED})
            AND runtime_ref <> ALL (ARRAY(
                SELECT runtime_ref FROM queue WHERE length >= :longest_queue
            ))
        ORDER BY id
        LIMIT :limit
        FOR UPDATE SKIP LOCKED
    )
    UPDATE attune.execution
    SET
        dispatched_at = now(),
        workflow_id = 'execution-' || id || CASE
            WHEN dispatch_generation > 0 THEN '-' || dispatch_generation
            ELSE ''
        END
    FROM fresh
    WHERE id = fresh_id
    RETURNING
        {_COLUMNS},
        (SELECT COALESCE(sum(length), 0)::bigint FROM queue) AS queued_count
""")  # noqa: S608 - the columns are a constant above

_IS_HELD_BACK = text("""
    SELECT EXISTS (
        SELECT FROM attune.execution
        WHERE status = 'requested' AND workflow_id IS NULL AND runtime_ref IS NOT NULL
    )
""")

# One dispatcher at a time takes up lapsed claims, so that a group is never split.
_LAPSED_LOCK = text("SELECT pg_try_advisory_xact_lock(4150, 1)")

# Claims that were given back, or whose dispatcher was never heard of again.
_CLAIM_LAPSED = text(f"""
    UPDATE attune.execution
    SET dispatched_at = now()
    WHERE
        status = 'requested'
        AND workflow_id IS NOT NULL
        AND {_IS_OURS}
        AND (dispatched_at IS NULL OR dispatched_at < now() - CAST(:lapse AS interval))
    RETURNING {_COLUMNS}
""")  # noqa: S608 - the columns are a constant above

_ASSIGN = text("""
    UPDATE attune.execution
    SET workflow_id = :workflow_id, dispatched_at = now()
    WHERE id = ANY(:ids)
""")

_MARK_SCHEDULED = text("""
    UPDATE attune.execution
    SET status = 'scheduled', dispatched_at = now()
    WHERE id = ANY(:ids) AND status = 'requested'
""")

_RELEASE = text("""
    UPDATE attune.execution
    SET dispatched_at = NULL
    WHERE id = ANY(:ids) AND status = 'requested'
""")

# Live executions given to Temporal that nothing has moved for long. Those that wait for
# a person do so for as long as that takes, and need no workflow run for their end.
_FIND_STUCK = text(f"""
    SELECT id, workflow_id, {KIND} AS kind, action_ref, dispatch_generation
    FROM attune.execution
    WHERE
        status IN ('scheduled', 'running', 'canceling')
        AND workflow_id IS NOT NULL
        AND {_IS_OURS}
        AND NOT (
            status = 'running'
            AND (held_status IS NOT NULL OR {KIND} = 'inquiry')
            AND EXISTS (
                SELECT FROM attune.inquiry AS i
                WHERE i.execution = execution.id AND i.status = 'pending'
            )
        )
        AND updated < now() - CAST(:quiet AS interval)
    ORDER BY updated
    LIMIT :limit
""")  # noqa: S608 - the conditions are constants above

_TOUCH = text("UPDATE attune.execution SET updated = now() WHERE id = :id")

# A new generation gets a new workflow id, because the old one is used up.
_REQUEUE = text("""
    UPDATE attune.execution
    SET
        status = 'requested', workflow_id = NULL, dispatched_at = NULL,
        dispatch_generation = dispatch_generation + 1
    WHERE id = :id AND status = 'scheduled'
""")

# The state of a workflow is in its rows: another run takes up where the lost one was.
_TAKE_UP = text("""
    WITH taken AS (
        UPDATE attune.execution
        SET
            dispatch_generation = dispatch_generation + 1,
            workflow_id = 'execution-' || id || '-' || dispatch_generation + 1
        WHERE id = :id AND status IN ('scheduled', 'running', 'canceling')
        RETURNING id, workflow_id
    ),
    carried AS (
        UPDATE attune.execution AS child
        SET workflow_id = taken.workflow_id
        FROM taken
        WHERE
            child.parent = taken.id
            AND child.awaited
            AND child.workflow_id = :lost_workflow_id
    )
    SELECT workflow_id FROM taken
""")


@dataclass(frozen=True)
class WaitingExecution:
    """What Temporal is told of an execution, and nothing more."""

    execution_id: int
    action_ref: str
    queue: str
    limit_seconds: float
    trace_tag: str | None
    workflow_id: str | None
    generation: int
    kind: ExecutionKind = ExecutionKind.ACTION
    queued_count: int = 0
    """How many unstarted executions Temporal held when this one was claimed."""


@dataclass(frozen=True)
class StuckExecution:
    """A live execution that has not moved for long, and the run that drives it."""

    id: int
    workflow_id: str
    kind: ExecutionKind
    action_ref: str
    generation: int = 0
    """How many runs have been lost before this one."""


class DispatchRepository:
    """The statements of the dispatcher and the reconciler."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def claim_fresh(
        self, limit: int, longest_queue: int
    ) -> list[WaitingExecution]:
        """Take executions that nobody has taken, oldest first.

        Leaves those whose runtime has `longest_queue` unstarted ones in Temporal.
        """
        values = {"limit": limit, "longest_queue": longest_queue}
        rows = await self._session.execute(_CLAIM_FRESH, values)
        return sorted((_waiting(row) for row in rows), key=lambda w: w.execution_id)

    async def is_held_back(self) -> bool:
        """Tell whether anything waits to be claimed."""
        return bool(await self._session.scalar(_IS_HELD_BACK))

    async def claim_lapsed(self, lapse: timedelta) -> list[WaitingExecution]:
        """Take over claims older than `lapse`, whole groups, ordered by id."""
        if not await self._session.scalar(_LAPSED_LOCK):
            return []
        rows = await self._session.execute(_CLAIM_LAPSED, {"lapse": lapse})
        return sorted((_waiting(row) for row in rows), key=lambda w: w.execution_id)

    async def assign_workflow(self, workflow_id: str, ids: Sequence[int]) -> None:
        """Write which workflow run is going to carry these executions."""
        await self._session.execute(
            _ASSIGN, {"workflow_id": workflow_id, "ids": list(ids)}
        )

    async def mark_scheduled(self, ids: Sequence[int]) -> None:
        """Record that Temporal has them; a worker may have been faster."""
        await self._session.execute(_MARK_SCHEDULED, {"ids": list(ids)})

    async def release_claims(self, ids: Sequence[int]) -> None:
        """Make claims lapse at once; they keep their workflow id."""
        await self._session.execute(_RELEASE, {"ids": list(ids)})

    async def find_stuck(self, quiet: timedelta, limit: int) -> list[StuckExecution]:
        """Return live executions that have not changed for `quiet`."""
        rows = await self._session.execute(
            _FIND_STUCK, {"quiet": quiet, "limit": limit}
        )
        return [
            StuckExecution(
                id=row.id,
                workflow_id=row.workflow_id,
                kind=ExecutionKind(row.kind),
                action_ref=row.action_ref,
                generation=row.dispatch_generation,
            )
            for row in rows
        ]

    async def touch(self, execution_id: int) -> None:
        """Look at it again only after it has been quiet for as long once more."""
        await self._session.execute(_TOUCH, {"id": execution_id})

    async def requeue(self, execution_id: int) -> None:
        """Have a scheduled execution dispatched anew."""
        await self._session.execute(_REQUEUE, {"id": execution_id})

    async def take_up(self, stuck: StuckExecution) -> str | None:
        """Give a workflow whose run is lost a new one, and return that one's id.

        None when the workflow has ended meanwhile.
        """
        values = {"id": stuck.id, "lost_workflow_id": stuck.workflow_id}
        found: str | None = await self._session.scalar(_TAKE_UP, values)
        return found


def _waiting(row: Row[Any]) -> WaitingExecution:
    return WaitingExecution(
        execution_id=row.id,
        action_ref=row.action_ref,
        queue=runtime_queue(row.runtime_ref),
        limit_seconds=row.timeout_seconds,
        trace_tag=row.trace_tag,
        workflow_id=row.workflow_id,
        generation=row.dispatch_generation,
        kind=ExecutionKind(row.kind),
        queued_count=getattr(row, "queued_count", 0),
    )
