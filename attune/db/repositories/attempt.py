"""One attempt at an execution: claimed by a worker, fed with output, ended or settled."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession

from attune.domain.execution import ExecutionStatus

STARTING: Final = """
    status = 'running',
    worker = :worker_id,
    attempt_id = :attempt_id,
    attempt_count = attempt_count + (status <> 'running')::int,
    started_at = CASE WHEN status = 'running' THEN started_at ELSE now() END,
    dispatched_at = COALESCE(dispatched_at, now()),
    activity_of = :activity_of,
    waiting_for = NULL
"""
"""What becomes of the row of an execution that starts, as SQL."""

STARTED: Final = """
    id, action, action_ref, pack_ref, rule_ref, trigger_ref, config, definition,
    env_vars, permission_set_refs, timeout_seconds, executor, enforcement,
    attempt_count, secret_references,
    (
        SELECT jsonb_object_agg(s.name, s.value)
        FROM attune.execution_secret_value AS s
        WHERE s.execution = execution.id
    ) AS secrets,
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
            (
                k.owner_action = execution.action
                OR k.owner_pack_ref = execution.pack_ref
            )
            AND (k.expires_at IS NULL OR k.expires_at > now())
    ) AS keys
"""
"""What a `StartedExecution` says, as SQL over the row of `execution`."""

# The first start wins; the same attempt may ask again after a lost answer.
_START = text(f"""
    UPDATE attune.execution
    SET {STARTING}
    WHERE
        id = :id
        AND (
            status IN ('requested', 'scheduled')
            OR (status = 'running' AND attempt_id = :attempt_id)
        )
    RETURNING {STARTED}
""")  # noqa: S608 - the columns are constants

_STATUS = text("SELECT status FROM attune.execution WHERE id = :id")

# Only the attempt that started it may end it, and only once. What has asked something
# ends otherwise; a question that is put just now has marked the row.
FINISH: Final = """
    UPDATE attune.execution
    SET
        status = CAST(:status AS attune.execution_status_enum),
        result = :result,
        finished_at = now()
    WHERE
        id = :id
        AND attempt_id = :attempt_id
        AND status IN ('running', 'canceling')
        AND waiting_for IS NULL
        AND NOT EXISTS (SELECT FROM attune.inquiry WHERE execution = :id)
"""
"""Record an end, as SQL that lacks what to return."""

_FINISH = text(f"{FINISH} RETURNING status").bindparams(
    bindparam("result", type_=JSONB)
)

_LOCK_ASKING = text("""
    SELECT status, held_status
    FROM attune.execution
    WHERE
        id = :id
        AND attempt_id = :attempt_id
        AND status IN ('running', 'canceling')
    FOR NO KEY UPDATE
""")

_HOLD = text("""
    UPDATE attune.execution
    SET
        held_status = CAST(:status AS attune.execution_status_enum),
        result = :result
    WHERE id = :id
""").bindparams(bindparam("result", type_=JSONB))

_ATTEMPT = text("SELECT status, attempt_id FROM attune.execution WHERE id = :id")

# Output comes in order; what was taken before is taken as said.
_APPEND = text("""
    INSERT INTO attune.execution_log (execution, stream, byte_offset, content)
    SELECT :id, :stream, :offset, :content
    WHERE EXISTS (
        SELECT FROM attune.execution
        WHERE id = :id AND attempt_id = :attempt_id
    )
    ON CONFLICT DO NOTHING
""")

_LOCK = text("""
    SELECT
        e.status, e.action_ref, e.pack_ref, e.trace_tag, e.attempt_count, e.worker,
        e.definition -> 'action' ->> 'on_worker_loss' AS on_worker_loss,
        (e.definition -> 'action' ->> 'max_attempts')::int AS max_attempts,
        w.name AS worker_name, w.cordoned AS worker_cordoned,
        w.last_heartbeat > now() - CAST(:fresh AS interval)
            AND w.running_executions @> ARRAY[e.id] AS worker_is_running_it,
        e.held_status IS NOT NULL
            OR e.runtime_ref = 'core.builtin' AND EXISTS (
                SELECT FROM attune.inquiry AS i
                WHERE i.execution = e.id AND i.status = 'pending'
            ) AS awaits_answer
    FROM attune.execution AS e
    LEFT JOIN attune.worker AS w ON w.id = e.worker
    WHERE e.id = :id
    FOR UPDATE OF e
""")

# An execution that is over has nothing to ask any more.
_END = text("""
    WITH unanswered AS (
        UPDATE attune.inquiry
        SET status = 'cancelled'
        WHERE execution = :id AND status = 'pending'
    )
    UPDATE attune.execution
    SET
        status = CAST(:status AS attune.execution_status_enum),
        result = :result,
        finished_at = now(), held_status = NULL, waiting_for = NULL
    WHERE id = :id
""").bindparams(bindparam("result", type_=JSONB))

_RETURN_TO_QUEUE = text("""
    UPDATE attune.execution
    SET status = 'scheduled', worker = NULL, attempt_id = NULL, activity_of = NULL
    WHERE id = :id AND status = 'running'
""")


@dataclass(frozen=True)
class StartedExecution:
    """Everything the row knows that a worker needs."""

    id: int
    action_id: int | None
    action_ref: str
    pack_ref: str
    rule_ref: str | None
    trigger_ref: str | None
    config: dict[str, Any]
    definition: dict[str, Any]
    env_vars: dict[str, str]
    permission_set_refs: list[str]
    timeout_seconds: int
    executor_id: int | None
    enforcement_id: int | None
    attempt_count: int
    secret_references: list[Any] | None
    """Where the parameters refer to secrets that are not theirs."""
    secrets: dict[str, str] | None
    """Encrypted parameters, by name."""
    keys: list[dict[str, Any]] | None
    """Keys that the pack or the action owns, the pack's first."""


@dataclass(frozen=True)
class LockedAttempt:
    """An execution under lock, with what is known of its worker."""

    status: ExecutionStatus
    action_ref: str
    pack_ref: str | None
    trace_tag: str | None
    attempt_count: int
    worker_id: int | None
    on_worker_loss: str | None
    max_attempts: int | None
    worker_name: str | None
    worker_cordoned: bool | None
    worker_is_running_it: bool
    awaits_answer: bool
    """A person ends it, by answering what it asks."""


@dataclass(frozen=True)
class AskingAttempt:
    """An execution under lock whose process has ended and that has asked something."""

    status: ExecutionStatus
    held_status: ExecutionStatus | None


class AttemptRepository:
    """The guarded updates by which an execution starts and ends."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def start(
        self,
        execution_id: int,
        attempt_id: str,
        worker_id: int,
        *,
        activity_of: int | None = None,
    ) -> StartedExecution | None:
        """Move the execution to running for this attempt; None if it may not."""
        values = {
            "id": execution_id,
            "attempt_id": attempt_id,
            "worker_id": worker_id,
            "activity_of": activity_of,
        }
        row = (await self._session.execute(_START, values)).one_or_none()
        return StartedExecution(*row) if row else None

    async def status_of(self, execution_id: int) -> ExecutionStatus | None:
        """Return the status on record; None if there is no such execution."""
        status = await self._session.scalar(_STATUS, {"id": execution_id})
        return ExecutionStatus(status) if status else None

    async def append_output(
        self, execution_id: int, attempt_id: str, stream: str, offset: int, data: bytes
    ) -> None:
        """Keep a piece of output of this attempt; repeating it changes nothing."""
        await self._session.execute(
            _APPEND,
            {
                "id": execution_id,
                "attempt_id": attempt_id,
                "stream": stream,
                "offset": offset,
                "content": data,
            },
        )

    async def finish(
        self,
        execution_id: int,
        attempt_id: str,
        status: ExecutionStatus,
        result: Mapping[str, Any],
    ) -> bool:
        """Record the end; False when this attempt has no say, or has asked something."""
        values = {
            "id": execution_id,
            "attempt_id": attempt_id,
            "status": status.value,
            "result": dict(result),
        }
        return (await self._session.execute(_FINISH, values)).first() is not None

    async def lock_asking(
        self, execution_id: int, attempt_id: str
    ) -> AskingAttempt | None:
        """Lock the execution if this attempt still runs it, or None."""
        values = {"id": execution_id, "attempt_id": attempt_id}
        row = (await self._session.execute(_LOCK_ASKING, values)).one_or_none()
        if row is None:
            return None
        held = ExecutionStatus(row.held_status) if row.held_status else None
        return AskingAttempt(ExecutionStatus(row.status), held)

    async def hold(
        self, execution_id: int, status: ExecutionStatus, result: Mapping[str, Any]
    ) -> None:
        """Keep how the process ended until what it asks is decided."""
        values = {"id": execution_id, "status": status.value, "result": dict(result)}
        await self._session.execute(_HOLD, values)

    async def recorded(self, execution_id: int) -> tuple[ExecutionStatus, str | None]:
        """Return the status and the attempt on record."""
        row = (await self._session.execute(_ATTEMPT, {"id": execution_id})).one()
        return ExecutionStatus(row.status), row.attempt_id

    async def lock(self, execution_id: int, fresh: timedelta) -> LockedAttempt | None:
        """Lock the execution; its worker counts as alive if heard within `fresh`."""
        values = {"id": execution_id, "fresh": fresh}
        row = (await self._session.execute(_LOCK, values)).one_or_none()
        if row is None:
            return None
        facts = row._asdict()
        facts["worker_id"] = facts.pop("worker")
        facts["status"] = ExecutionStatus(facts["status"])
        for name in ("worker_is_running_it", "awaits_answer"):
            facts[name] = bool(facts[name])
        return LockedAttempt(**facts)

    async def end(
        self, execution_id: int, status: ExecutionStatus, result: Mapping[str, Any]
    ) -> None:
        """Write an end that no worker wrote; the row must be locked."""
        await self._session.execute(
            _END,
            {"id": execution_id, "status": status.value, "result": dict(result)},
        )

    async def return_to_queue(self, execution_id: int) -> None:
        """Make a running execution wait for another attempt."""
        await self._session.execute(_RETURN_TO_QUEUE, {"id": execution_id})
