"""Executions as people see them: made, listed, counted, cancelled."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, Text, and_, cast, func, insert, select, text
from sqlalchemy.orm import defer

from attune.db.models.execution import Execution, ExecutionSecretValue
from attune.db.repositories.base import Repository, equals, present
from attune.db.repositories.dispatch import KIND
from attune.db.visibility import Columns, in_visible_home, named_packs, permitted
from attune.domain.errors import NotFound
from attune.domain.executable import ExecutableAction
from attune.domain.execution import ExecutionStatus
from attune.domain.page import PageRequest, PageResult
from attune.domain.permission import Action, Caller, Resource, Target

# What is waiting ends at once, a question or a result held back for one too; what runs
# is asked to end. Anything else stays. The run that drives the workflow of which a
# workflow is a task hears of an end that its own run does not bring.
_CANCEL = text(f"""
    WITH found AS (
        SELECT
            id AS found_id,
            status = 'running'
                AND {KIND} <> 'inquiry' AND held_status IS NULL AS is_at_work
        FROM attune.execution
        WHERE id = :id
        FOR NO KEY UPDATE
    ),
    cancelled AS (
        UPDATE attune.execution
        SET
            status = CASE
                WHEN is_at_work THEN 'canceling'
                ELSE 'cancelled'
            END::attune.execution_status_enum,
            result = CASE WHEN is_at_work THEN result ELSE CAST(:result AS jsonb) END,
            finished_at = CASE WHEN is_at_work THEN NULL ELSE now() END,
            held_status = NULL,
            waiting_for = NULL
        FROM found
        WHERE
            id = found_id
            AND status IN ('requested', 'scheduling', 'scheduled', 'running')
        RETURNING id, status, workflow_id, parent, awaited, {KIND} AS kind
    ),
    unanswered AS (
        UPDATE attune.inquiry
        SET status = 'cancelled'
        FROM cancelled
        WHERE inquiry.execution = cancelled.id AND inquiry.status = 'pending'
    )
    SELECT
        cancelled.workflow_id,
        CASE
            WHEN cancelled.awaited
                AND cancelled.status = 'cancelled' AND cancelled.kind = 'workflow'
            THEN parent.workflow_id
        END AS parent_workflow_id
    FROM cancelled
    LEFT JOIN attune.execution AS parent ON parent.id = cancelled.parent
""")  # noqa: S608 - the kind is a constant

_LOG = text("""
    SELECT byte_offset, content
    FROM attune.execution_log
    WHERE
        execution = :id
        AND stream = :stream
        AND byte_offset + octet_length(content) > :offset
    ORDER BY byte_offset
    LIMIT :limit
""")

# What has to be known of an action to execute it, and of its pack to see it.
_EXECUTABLE = text("""
    SELECT
        a.id, a.ref, a.pack_ref, a.runtime_ref, a.enabled, a.param_schema,
        a.timeout_seconds,
        COALESCE(rt.execution_config, '{}') <> '{}'
            OR a.workflow_def IS NOT NULL
            OR a.ref = 'core.ask' AS is_executable,
        p.is_standard, p.owner_identity
    FROM attune.action AS a
    JOIN attune.pack AS p ON p.id = a.pack
    LEFT JOIN attune.runtime AS rt ON rt.id = a.runtime
    WHERE a.ref = :ref
""")

# Large documents that a list does not show.
_LEFT_OUT = (
    defer(Execution.result, raiseload=True),
    defer(Execution.definition, raiseload=True),
    defer(Execution.config, raiseload=True),
    defer(Execution.env_vars, raiseload=True),
)


@dataclass(frozen=True, kw_only=True)
class ExecutionFilter:
    """Which executions are wanted; None means any."""

    status: ExecutionStatus | None = None
    action_ref: str | None = None
    pack_ref: str | None = None
    rule_ref: str | None = None
    trigger_ref: str | None = None
    trace_tag: str | None = None
    executor_id: int | None = None
    enforcement_id: int | None = None
    parent_id: int | None = None
    top_level_only: bool = False
    result_contains: str | None = None


@dataclass(frozen=True)
class Cancelled:
    """Who has to hear that an execution is to end."""

    workflow_id: str | None
    """The workflow run that carries or drives it."""
    parent_workflow_id: str | None
    """The one that waits for it, where its own cannot tell that."""


def visible_executions(caller: Caller) -> ColumnElement[bool]:
    """Return the condition under which an execution exists for the caller."""
    columns = Columns(
        pack_ref=Execution.pack_ref,
        owner_identity_id=Execution.executor_id,
        execution_id=Execution.id,
        id=Execution.id,
    )
    return and_(
        in_visible_home(caller, Execution.home_pack_id, Execution.executor_id),
        permitted(caller, Resource.EXECUTIONS, Action.READ, columns),
    )


class ExecutionRepository(Repository[Execution]):
    """The executions of the platform."""

    model = Execution

    async def executable(self, caller: Caller, action_ref: str) -> ExecutableAction:
        """Return the action as it stands now, or NotFound if the caller sees none."""
        row = (await self._session.execute(_EXECUTABLE, {"ref": action_ref})).first()
        if row is None or not _is_seen(caller, row):
            raise NotFound(entity="action", ref=action_ref)
        facts = row._asdict()
        del facts["is_standard"], facts["owner_identity"]
        return ExecutableAction(**facts)

    async def insert_one(self, row: Mapping[str, Any]) -> Execution:
        """Write an execution and return it with everything the database filled in."""
        statement = insert(Execution).returning(Execution)
        return (await self._session.scalars(statement, [dict(row)])).one()

    async def insert_secrets(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Keep encrypted parameters beside their executions."""
        await self._session.execute(insert(ExecutionSecretValue), list(rows))

    async def secrets_of(self, execution_id: int) -> Mapping[str, str]:
        """Return the encrypted parameters of an execution, by name."""
        query = select(ExecutionSecretValue.name, ExecutionSecretValue.value).where(
            ExecutionSecretValue.execution_id == execution_id
        )
        return dict((await self._session.execute(query)).all())

    async def find_of_enforcement(
        self, enforcement_id: int, *, among: ColumnElement[bool] | None = None
    ) -> Execution | None:
        """Return the execution that an enforcement started first, or None."""
        query = select(Execution).where(
            Execution.enforcement_id == enforcement_id,
            Execution.parent_id.is_(None),
            Execution.original_execution_id.is_(None),
        )
        return await self._one(query, among)

    async def references_of(
        self, execution_id: int
    ) -> tuple[dict[str, Any], list[Any]] | None:
        """Return the parameters of an execution and which secrets they refer to."""
        query = select(Execution.config, Execution.secret_references).where(
            Execution.id == execution_id
        )
        row = (await self._session.execute(query)).one_or_none()
        return None if row is None else (row[0], row[1] or [])

    async def page(
        self,
        request: PageRequest,
        wanted: ExecutionFilter,
        *,
        among: ColumnElement[bool] | None = None,
    ) -> PageResult[Execution]:
        """Return one page, newest first, without the large documents."""
        conditions = present(*_conditions(wanted), among)
        query = select(Execution).where(*conditions).options(*_LEFT_OUT)
        window = query.order_by(Execution.id.desc()).offset(request.offset)
        rows = await self._all(window.limit(request.limit + 1))
        return PageResult(
            items=rows[: request.limit],
            request=request,
            total=await self._count(conditions) if request.with_total else None,
            has_next=len(rows) > request.limit,
        )

    async def count_by_status(
        self, *, among: ColumnElement[bool] | None = None
    ) -> Mapping[ExecutionStatus, int]:
        """Return how many executions stand where."""
        query = select(Execution.status, func.count()).where(*present(among))
        rows = await self._session.execute(query.group_by(Execution.status))
        return dict(rows.all())

    async def cancel(self, execution_id: int, result: str) -> Cancelled | None:
        """Ask for the end and tell who has to hear of it; None if nothing changed.

        `result` is the JSON text for an execution that ends without having run.
        """
        values = {"id": execution_id, "result": result}
        row = (await self._session.execute(_CANCEL, values)).one_or_none()
        return None if row is None else Cancelled(*row)

    async def ancestors_of(self, execution_id: int) -> frozenset[int]:
        """Return the ids of all parents, upwards."""
        return frozenset(await self._session.scalars(_ANCESTORS, {"id": execution_id}))

    async def log_pieces(
        self, execution_id: int, stream: str, *, offset: int, limit: int
    ) -> list[tuple[int, bytes]]:
        """Return pieces of output that reach past `offset`, in order."""
        rows = await self._session.execute(
            _LOG,
            {"id": execution_id, "stream": stream, "offset": offset, "limit": limit},
        )
        return [(row.byte_offset, bytes(row.content)) for row in rows]


_ANCESTORS = text("""
    WITH RECURSIVE ancestor AS (
        SELECT parent FROM attune.execution WHERE id = :id
        UNION
        SELECT e.parent
        FROM attune.execution AS e
        JOIN ancestor AS a ON e.id = a.parent
    )
    SELECT parent FROM ancestor WHERE parent IS NOT NULL
""")


def _is_seen(caller: Caller, row: Row[Any]) -> bool:
    """Decide as `visible` does in SQL, for one action that is at hand."""
    target = Target(
        pack_ref=row.pack_ref,
        pack_owner_id=row.owner_identity,
        in_standard_pack=row.is_standard,
        ref=row.ref,
        id=row.id,
    )
    is_hidden = not (
        row.is_standard
        or row.owner_identity is None
        or row.owner_identity == caller.identity_id
        or row.pack_ref in named_packs(caller)
    )
    return not is_hidden and caller.may(Resource.ACTIONS, Action.READ, target)


def _conditions(wanted: ExecutionFilter) -> list[ColumnElement[bool] | None]:
    return [
        equals(Execution.status, wanted.status),
        equals(Execution.action_ref, wanted.action_ref),
        equals(Execution.pack_ref, wanted.pack_ref),
        equals(Execution.rule_ref, wanted.rule_ref),
        equals(Execution.trigger_ref, wanted.trigger_ref),
        equals(Execution.trace_tag, wanted.trace_tag),
        equals(Execution.executor_id, wanted.executor_id),
        equals(Execution.enforcement_id, wanted.enforcement_id),
        equals(Execution.parent_id, wanted.parent_id),
        Execution.parent_id.is_(None) if wanted.top_level_only else None,
        _result_contains(wanted.result_contains),
    ]


def _result_contains(text_part: str | None) -> ColumnElement[bool] | None:
    if not text_part:
        return None
    return cast(Execution.result, Text).icontains(text_part, autoescape=True)
