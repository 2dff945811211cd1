"""The execution of a workflow and those of its tasks, as `advance` reads and writes them."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Row, bindparam, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession

from attune.db.repositories.dispatch import KIND
from attune.db.repositories.policy import IS_LIMITED
from attune.db.repositories.requested import insert_children
from attune.db.repositories.workflow_rows import (
    AwaitedChild,
    CarriedExecution,
    EndedChild,
    LockedWorkflow,
    awaited_child,
    carried_execution,
    ended_child,
    locked_workflow,
)
from attune.db.repositories.workflow_state import StateRow
from attune.domain.executable import ExecutableAction
from attune.domain.execution import ExecutionStatus
from attune.domain.json import JsonObject

# Children that others insert take a key lock on this row, which this one lets through.
# What is decided below holds for the policies as they are: these stay so until the end.
_FACTS = """
    e.id, e.status, e.action_ref, e.pack_ref, e.config, e.executor, e.trace_tag,
    e.timeout_seconds, e.started_at, e.workflow_id, e.parent, e.awaited,
    e.secret_references,
    e.definition -> 'action' -> 'param_schema' AS param_schema,
    CAST(e.definition -> 'workflow' ->> 'author' AS bigint) AS author,
    clock_timestamp() AS read_at,
    pg_advisory_xact_lock_shared(4150, 3) IS NULL AS holds_policies
"""

_LOCK = text(f"""
    SELECT {_FACTS}
    FROM attune.execution AS e
    WHERE e.id = :id
    FOR NO KEY UPDATE OF e
""")  # noqa: S608 - the columns are a constant

# Both rows are locked, so that both are read as they are then, whoever was waited for.
_LOCK_WITH_STATE = text(f"""
    SELECT {_FACTS}, s.id AS state_id, s.variables, s.state
    FROM attune.execution AS e
    JOIN attune.workflow_execution AS s ON s.execution = e.id
    WHERE e.id = :id
    FOR NO KEY UPDATE OF e, s
""")  # noqa: S608 - the columns are a constant

_DEFINITION = text("""
    SELECT definition -> 'workflow' AS workflow
    FROM attune.execution
    WHERE id = :id
""")

# Whoever takes note of an end does so once, and in the order of the ends.
_NOTE_ENDED = """
    UPDATE attune.execution
    SET awaited = false
    WHERE
        parent = :id
        AND awaited
        AND status IN ('completed', 'failed', 'cancelled', 'timeout', 'abandoned')
        {narrowed}
    RETURNING id, status, workflow_task, original_execution, finished_at
"""

_NOTE_THESE = text(_NOTE_ENDED.format(narrowed="AND id = ANY(:ids)"))

_NOTE_ALL = text(_NOTE_ENDED.format(narrowed=""))

_RESULTS = text("""
    SELECT id, result FROM attune.execution WHERE id = ANY(:ids)
""")

_END = text("""
    WITH ended AS (
        UPDATE attune.execution
        SET
            status = CAST(:status AS attune.execution_status_enum),
            result = :result, finished_at = now(), waiting_for = NULL
        WHERE
            id = :id
            AND status IN ('requested', 'scheduled', 'running', 'canceling')
        RETURNING id
    )
    UPDATE attune.workflow_execution
    SET status = CAST(:status AS attune.execution_status_enum), error = :error
    WHERE execution = (SELECT id FROM ended)
""").bindparams(bindparam("result", type_=JSONB))

_ORDERED = """
    id, action_ref, runtime_ref, COALESCE(timeout_seconds, 300) AS timeout_seconds,
    workflow_task ->> 'task_name' AS task_name
"""

# What the run that drives this workflow carries, or ought to.
_CARRIED = text(f"""
    SELECT {_ORDERED}, {KIND} AS kind, activity_of
    FROM attune.execution
    WHERE
        parent = :id
        AND awaited
        AND status IN ('scheduled', 'running', 'canceling')
        AND {KIND} <> 'workflow'
    ORDER BY id
""")  # noqa: S608 - the columns are constants

# What may run and was not given to the run for want of room, or of admission.
_TAKE_BACKLOG = text(f"""
    WITH next AS (
        SELECT id AS next_id
        FROM attune.execution
        WHERE
            parent = :id
            AND awaited
            AND status = 'requested'
            AND {KIND} <> 'workflow'
            AND (admitted_at IS NOT NULL OR NOT {IS_LIMITED})
        ORDER BY id
        LIMIT :room
        FOR NO KEY UPDATE
    )
    UPDATE attune.execution
    SET status = 'scheduled', dispatched_at = now()
    FROM next
    WHERE id = next_id
    RETURNING {_ORDERED}, {KIND} AS kind
""")  # noqa: S608 - the columns are constants

# What has to be known of actions to execute them as tasks.
_EXECUTABLE = text("""
    SELECT
        a.id, a.ref, a.pack_ref, a.runtime_ref, a.enabled, a.param_schema,
        a.timeout_seconds,
        COALESCE(rt.execution_config, '{}') <> '{}'
            OR a.workflow_def IS NOT NULL
            OR a.ref = 'core.ask' AS is_executable
    FROM attune.action AS a
    JOIN attune.pack AS p ON p.id = a.pack
    LEFT JOIN attune.runtime AS rt ON rt.id = a.runtime
    WHERE
        a.ref = ANY(:refs)
        AND (
            attune.sees_pack(CAST(:executor_id AS bigint), p.id)
            OR p.ref = :pack_ref
            OR p.owner_identity = (
                SELECT own.owner_identity FROM attune.pack AS own WHERE own.ref = :pack_ref
            )
        )
""")

_STOP_WAITING = text(f"""
    WITH stopped AS (
        UPDATE attune.execution
        SET
            status = 'cancelled', result = :result, finished_at = now(),
            waiting_for = NULL, held_status = NULL
        WHERE
            parent = :id
            AND awaited
            AND (
                status IN ('requested', 'scheduling', 'scheduled')
                OR (
                    status = 'running'
                    AND ({KIND} = 'inquiry' OR held_status IS NOT NULL)
                )
            )
        RETURNING id, status, workflow_id, {KIND} AS kind
    ),
    unanswered AS (
        UPDATE attune.inquiry
        SET status = 'cancelled'
        FROM stopped
        WHERE execution = stopped.id AND inquiry.status = 'pending'
    )
    SELECT id, status, workflow_id, kind FROM stopped
""").bindparams(bindparam("result", type_=JSONB))  # noqa: S608 - the kind is a constant

_STOP_RUNNING = text(f"""
    WITH stopped AS (
        UPDATE attune.execution
        SET status = 'canceling'
        WHERE
            parent = :id
            AND awaited
            AND status = 'running'
            AND (:code_too OR {KIND} = 'workflow')
        RETURNING id, status, workflow_id, {KIND} AS kind
    ),
    unanswered AS (
        UPDATE attune.inquiry
        SET status = 'cancelled'
        FROM stopped
        WHERE execution = stopped.id AND inquiry.status = 'pending'
    )
    SELECT id, status, workflow_id, kind FROM stopped
""")  # noqa: S608 - the expression is a constant

_WORKFLOW_ID = text("SELECT workflow_id FROM attune.execution WHERE id = :id")


class WorkflowRunRepository:
    """The execution that a workflow is, and those that it waits for."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def lock(self, execution_id: int) -> LockedWorkflow | None:
        """Lock the execution; whatever is done to its workflow is done in turn."""
        row = await self._first(_LOCK, id=execution_id)
        return None if row is None else locked_workflow(row._asdict())

    async def lock_with_state(
        self, execution_id: int
    ) -> tuple[LockedWorkflow, StateRow] | None:
        """Lock an execution of which the workflow has begun, and read its state."""
        row = await self._first(_LOCK_WITH_STATE, id=execution_id)
        if row is None:
            return None
        facts = row._asdict()
        names = ("state_id", "variables", "state")
        state = StateRow(*(facts.pop(name) for name in names))
        return locked_workflow(facts), state

    async def definition(self, execution_id: int) -> dict[str, Any]:
        """Return the definition that was pinned when the execution was requested."""
        row = await self._first(_DEFINITION, id=execution_id)
        found: dict[str, Any] = (row.workflow if row else None) or {}
        return found

    async def note_ended(
        self, execution_id: int, ids: Collection[int] | None
    ) -> list[EndedChild]:
        """Take note of ends, each once: of these children, or of all that ended."""
        if ids is None:
            rows = await self._session.execute(_NOTE_ALL, {"id": execution_id})
        else:
            values = {"id": execution_id, "ids": list(ids)}
            rows = await self._session.execute(_NOTE_THESE, values)
        children = [ended_child(row) for row in rows]
        return sorted(
            children, key=lambda c: (c.finished_at is None, c.finished_at, c.id)
        )

    async def results(self, ids: Collection[int]) -> dict[int, Any]:
        """Return the results of executions, by id."""
        if not ids:
            return {}
        rows = await self._session.execute(_RESULTS, {"ids": list(ids)})
        return {row.id: row.result for row in rows}

    async def end(
        self,
        execution_id: int,
        status: ExecutionStatus,
        result: JsonObject,
        error: str | None,
    ) -> None:
        """Record the end of the workflow; the execution must be locked."""
        values = {
            "id": execution_id,
            "status": status.value,
            "result": result,
            "error": error,
        }
        await self._session.execute(_END, values)

    async def carried(self, execution_id: int) -> list[CarriedExecution]:
        """Return what the run that drives this workflow has to bring to its end."""
        rows = await self._session.execute(_CARRIED, {"id": execution_id})
        return [carried_execution(row) for row in rows]

    async def take_backlog(
        self, execution_id: int, room: int
    ) -> list[CarriedExecution]:
        """Schedule what waits for room in the run, and may run."""
        values = {"id": execution_id, "room": room}
        rows = await self._session.execute(_TAKE_BACKLOG, values)
        return sorted(
            (carried_execution(row) for row in rows), key=lambda each: each.id
        )

    async def stop_waiting(
        self, execution_id: int, result: JsonObject
    ) -> list[AwaitedChild]:
        """Cancel the tasks that have not begun, and the questions nobody answered."""
        values = {"id": execution_id, "result": result}
        rows = await self._session.execute(_STOP_WAITING, values)
        return [awaited_child(row) for row in rows]

    async def stop_running(
        self, execution_id: int, *, code_too: bool
    ) -> list[AwaitedChild]:
        """Ask the nested workflows that run to end, and perhaps code that runs."""
        values = {"id": execution_id, "code_too": code_too}
        rows = await self._session.execute(_STOP_RUNNING, values)
        return [awaited_child(row) for row in rows]

    async def workflow_id_of(self, execution_id: int) -> str | None:
        """Return the id of the workflow run that drives or carries an execution."""
        row = await self._first(_WORKFLOW_ID, id=execution_id)
        return row.workflow_id if row else None

    async def insert_tasks(
        self, rows: Sequence[Mapping[str, Any]]
    ) -> list[tuple[int, ExecutionStatus]]:
        """Write executions of tasks; returns their ids in order, and how they stand.

        What some policy bears on is not scheduled but requested.
        """
        return await insert_children(self._session, rows)

    async def executable(
        self, refs: Collection[str], workflow: LockedWorkflow
    ) -> dict[str, ExecutableAction]:
        """Return the actions among these that the workflow may execute, by ref."""
        values = {
            "refs": list(refs),
            "executor_id": workflow.executor,
            "pack_ref": workflow.pack_ref,
        }
        rows = await self._session.execute(_EXECUTABLE, values)
        return {row.ref: ExecutableAction(**row._asdict()) for row in rows}

    async def _first(self, statement: Any, **values: Any) -> Row[Any] | None:
        return (await self._session.execute(statement, values)).first()
