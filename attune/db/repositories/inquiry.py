"""Inquiries, and the one update that decides each of them.

Whoever decides locks the execution first and the inquiry after it; what is read under
that lock is what every other decision has left.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, bindparam, func, insert, select, text
from sqlalchemy.dialects.postgresql import JSONB

from attune.db.models import Execution, Inquiry
from attune.db.repositories.base import Repository, equals, present
from attune.db.repositories.dispatch import KIND
from attune.db.repositories.execution import visible_executions
from attune.db.visibility import Columns, permitted
from attune.domain.execution import ExecutionStatus
from attune.domain.inquiry import Conclusion, InquiryStatus
from attune.domain.page import PageRequest, PageResult
from attune.domain.permission import Action, Caller, Resource, Target, TokenType

# An execution that asks runs from the moment the question is put.
_BEGIN = text("""
    UPDATE attune.execution
    SET status = 'running', started_at = now(), waiting_for = NULL
    WHERE id = :id AND status IN ('requested', 'scheduled')
""")

# What runs is marked: its end, when it waits for this very lock, looks at the row only.
_MARK = text("""
    UPDATE attune.execution
    SET waiting_for = jsonb_build_object(
        'kind', 'inquiry', 'inquiry', CAST(:inquiry_id AS bigint)
    )
    WHERE id = :id AND status = 'running'
""")

# What constraints on inquiries are held against, without the large documents.
_TARGET = text("""
    WITH RECURSIVE ancestor AS (
        SELECT parent FROM attune.execution WHERE id = :execution_id
        UNION
        SELECT e.parent
        FROM attune.execution AS e
        JOIN ancestor AS a ON e.id = a.parent
    )
    SELECT
        pack_ref, executor,
        ARRAY(SELECT parent FROM ancestor WHERE parent IS NOT NULL) AS ancestors
    FROM attune.execution
    WHERE id = :execution_id
""")

_LOCK_EXECUTION = text("""
    SELECT e.id
    FROM attune.execution AS e
    JOIN attune.inquiry AS i ON i.execution = e.id
    WHERE i.id = :id
    FOR NO KEY UPDATE OF e
""")

# Another orchestrator sees to what it has locked.
_LOCK_DUE = text("""
    SELECT i.id
    FROM attune.inquiry AS i
    JOIN attune.execution AS e ON e.id = i.execution
    WHERE i.status = 'pending' AND i.timeout_at <= now()
    ORDER BY i.timeout_at
    LIMIT :limit
    FOR NO KEY UPDATE OF e SKIP LOCKED
""")

_LOCK_STRANDED = text("""
    SELECT i.id
    FROM attune.inquiry AS i
    JOIN attune.execution AS e ON e.id = i.execution
    WHERE
        i.status = 'pending'
        AND e.status IN ('completed', 'failed', 'cancelled', 'timeout', 'abandoned')
    LIMIT :limit
    FOR NO KEY UPDATE OF e SKIP LOCKED
""")

_DECIDED = f"""
    RETURNING
        i.id, i.execution, i.status, i.response, e.held_status, e.workflow_id,
        e.status = 'running' AND ({KIND} = 'inquiry' OR e.held_status IS NOT NULL)
            AS ends_execution
"""

# Of an answer, the deadline and a cancel one comes first, and the row says which.
_ANSWER = text(f"""
    UPDATE attune.inquiry AS i
    SET
        status = 'responded', response = :response, responded_by = :responded_by,
        responded_at = clock_timestamp()
    FROM attune.execution AS e
    WHERE
        i.id = :id
        AND i.status = 'pending'
        AND (i.timeout_at IS NULL OR i.timeout_at > clock_timestamp())
        AND e.id = i.execution
        AND e.status IN (
            'requested', 'scheduling', 'scheduled', 'running', 'canceling'
        )
    {_DECIDED}
""").bindparams(bindparam("response", type_=JSONB))  # noqa: S608 - a constant above

_EXPIRE = text(f"""
    UPDATE attune.inquiry AS i
    SET status = 'timeout'
    FROM attune.execution AS e
    WHERE
        i.id = ANY(:ids)
        AND i.status = 'pending'
        AND i.timeout_at <= clock_timestamp()
        AND e.id = i.execution
    {_DECIDED}
""")  # noqa: S608 - a constant above

_WITHDRAW = text(f"""
    UPDATE attune.inquiry AS i
    SET status = 'cancelled'
    FROM attune.execution AS e
    WHERE i.id = ANY(:ids) AND i.status = 'pending' AND e.id = i.execution
    {_DECIDED}
""")  # noqa: S608 - a constant above

# What the process said stays; the decision is laid over it.
_CONCLUDE = text("""
    UPDATE attune.execution
    SET
        status = CAST(:status AS attune.execution_status_enum),
        result = COALESCE(result, '{}') || :result,
        workflow_task = CASE
            WHEN :timed_out THEN workflow_task || '{"timed_out": true}'
            ELSE workflow_task
        END,
        finished_at = clock_timestamp(), held_status = NULL, waiting_for = NULL
    WHERE id = :id
""").bindparams(bindparam("result", type_=JSONB))


@dataclass(frozen=True, kw_only=True)
class InquiryFilter:
    """Which inquiries are wanted; None means any."""

    status: InquiryStatus | None = None
    execution_id: int | None = None
    assigned_to_id: int | None = None


@dataclass(frozen=True)
class DecidedInquiry:
    """What was decided just now, and the execution that waited for it."""

    id: int
    execution_id: int
    outcome: InquiryStatus
    response: dict[str, Any] | None
    held_status: ExecutionStatus | None
    """How the execution's process ended, if it had one and that was held back."""
    workflow_id: str | None
    ends_execution: bool
    """Nothing else keeps the execution."""


def visible_inquiries(caller: Caller) -> ColumnElement[bool]:
    """Return the condition under which an inquiry exists for the caller.

    Whoever is to answer sees it; others need a grant, and to see the execution.
    """
    columns = Columns(
        pack_ref=Execution.pack_ref,
        owner_identity_id=Execution.executor_id,
        execution_id=Execution.id,
        id=Inquiry.id,
    )
    seen = select(Execution.id).where(
        Execution.id == Inquiry.execution_id,
        visible_executions(caller),
        permitted(caller, Resource.INQUIRIES, Action.READ, columns),
    )
    condition: ColumnElement[bool] = seen.correlate(Inquiry).exists()
    if caller.identity_id is None or caller.token_type is TokenType.SENSOR:
        return condition
    return condition | (Inquiry.assigned_to_id == caller.identity_id)


class InquiryRepository(Repository[Inquiry]):
    """The inquiries, newest first."""

    model = Inquiry

    async def find_by_execution(self, execution_id: int) -> Inquiry | None:
        """Return the inquiry this execution waits on, or None."""
        query = select(Inquiry).where(Inquiry.execution_id == execution_id)
        return await self._one(query, None)

    async def target_of(self, inquiry: Inquiry) -> Target:
        """Return the facts that constraints on inquiries are held against."""
        values = {"execution_id": inquiry.execution_id}
        row = (await self._session.execute(_TARGET, values)).one()
        return Target(
            pack_ref=row.pack_ref,
            owner_identity_id=row.executor,
            execution_id=inquiry.execution_id,
            ancestor_ids=frozenset(row.ancestors),
            id=inquiry.id,
        )

    async def begin(self, execution_id: int) -> None:
        """Move an execution that asks to running."""
        await self._session.execute(_BEGIN, {"id": execution_id})

    async def put(
        self, *, patience: timedelta | None = None, **columns: Any
    ) -> Inquiry:
        """Write a pending inquiry, whose deadline `patience` sets from now on."""
        if patience is not None:
            columns["timeout_at"] = func.now() + patience
        statement = insert(Inquiry).values(**columns).returning(Inquiry)
        return (await self._session.scalars(statement)).one()

    async def mark(self, execution_id: int, inquiry_id: int) -> None:
        """Have the end of a running execution look for its inquiry."""
        values = {"id": execution_id, "inquiry_id": inquiry_id}
        await self._session.execute(_MARK, values)

    async def lock_execution(self, inquiry_id: int) -> None:
        """Lock the execution of an inquiry, which has to come before deciding."""
        await self._session.execute(_LOCK_EXECUTION, {"id": inquiry_id})

    async def lock_due(self, limit: int) -> Sequence[int]:
        """Lock the executions of inquiries whose deadline has passed."""
        return (await self._session.scalars(_LOCK_DUE, {"limit": limit})).all()

    async def lock_stranded(self, limit: int) -> Sequence[int]:
        """Lock executions that ended and left their inquiry pending."""
        return (await self._session.scalars(_LOCK_STRANDED, {"limit": limit})).all()

    async def answer(
        self, inquiry_id: int, response: dict[str, Any], responded_by: int | None
    ) -> DecidedInquiry | None:
        """Accept the answer; None when it is too late for one."""
        values = {"id": inquiry_id, "response": response, "responded_by": responded_by}
        row = (await self._session.execute(_ANSWER, values)).one_or_none()
        return None if row is None else _decided(row)

    async def expire(self, ids: Collection[int]) -> list[DecidedInquiry]:
        """Close those whose deadline has passed."""
        rows = await self._session.execute(_EXPIRE, {"ids": list(ids)})
        return [_decided(row) for row in rows]

    async def withdraw(self, ids: Collection[int]) -> list[DecidedInquiry]:
        """Cancel those that are still pending."""
        rows = await self._session.execute(_WITHDRAW, {"ids": list(ids)})
        return [_decided(row) for row in rows]

    async def conclude(self, execution_id: int, conclusion: Conclusion) -> None:
        """End the execution that waited; it must be locked."""
        values = {
            "id": execution_id,
            "status": conclusion.status.value,
            "result": conclusion.result,
            "timed_out": conclusion.status is ExecutionStatus.TIMEOUT,
        }
        await self._session.execute(_CONCLUDE, values)

    async def page(
        self,
        request: PageRequest,
        wanted: InquiryFilter | None = None,
        *,
        among: ColumnElement[bool] | None = None,
    ) -> PageResult[Inquiry]:
        """Return one page of what is wanted."""
        wanted = wanted or InquiryFilter()
        conditions = present(
            equals(Inquiry.status, wanted.status),
            equals(Inquiry.execution_id, wanted.execution_id),
            equals(Inquiry.assigned_to_id, wanted.assigned_to_id),
            among,
        )
        return await self._page(request, conditions)


def _decided(row: Row[Any]) -> DecidedInquiry:
    facts = row._asdict()
    facts["execution_id"] = facts.pop("execution")
    facts["outcome"] = InquiryStatus(facts.pop("status"))
    held = facts["held_status"]
    facts["held_status"] = ExecutionStatus(held) if held else None
    return DecidedInquiry(**facts)
