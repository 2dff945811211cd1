"""Executions as they are first written: any number of them in one statement.

The rows travel as one JSON document. Binding each column of each row costs ten times as
much time of this process.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from attune.db.models.execution import Execution
from attune.db.repositories.policy import IS_LIMITED
from attune.domain.execution import ExecutionStatus

# `executor` and `enforcement` depend on who asks.
_COLUMNS: Final = (
    "action",
    "action_ref",
    "pack_ref",
    "runtime_ref",
    "config",
    "parent",
    "rule_ref",
    "trigger_ref",
    "trace_tag",
    "env_vars",
    "permission_set_refs",
    "worker_selector",
    "worker_tolerations",
    "worker_affinity",
    "artifact_retention_policy",
    "artifact_retention_limit",
    "timeout_seconds",
    "status",
    "result",
    "finished_at",
    "secret_references",
)
_NAMES: Final = ", ".join(_COLUMNS)
_VALUES: Final = ", ".join(f"x.{name}" for name in _COLUMNS)

# What only the executions of a workflow's tasks have.
_CHILD_COLUMNS: Final = (
    "workflow_task",
    "original_execution",
    "workflow_id",
    "dispatched_at",
)
# A limited one waits for admission; everybody else starts in the run of its workflow.
_IS_HELD_BACK: Final = f"(execution.status = 'scheduled' AND {IS_LIMITED})"
_CHILD_VALUES_OF: Final = {
    "status": f"""
        CASE
            WHEN {_IS_HELD_BACK} THEN 'requested'::attune.execution_status_enum
            ELSE execution.status
        END
    """,
    "dispatched_at": f"CASE WHEN NOT {_IS_HELD_BACK} THEN execution.dispatched_at END",
}
_CHILD_NAMES: Final = (*_COLUMNS, *_CHILD_COLUMNS)
_CHILD_VALUES: Final = ", ".join(
    _CHILD_VALUES_OF.get(name, f"execution.{name}") for name in _CHILD_NAMES
)

_INSERT_CHILDREN = text(f"""
    INSERT INTO attune.execution (awaited, executor, {", ".join(_CHILD_NAMES)})
    SELECT execution.awaited, execution.executor, {_CHILD_VALUES}
    FROM jsonb_array_elements(CAST(:rows AS jsonb)) WITH ORDINALITY AS w (x, place)
    CROSS JOIN LATERAL
        jsonb_populate_record(NULL::attune.execution, w.x) AS execution
    ORDER BY w.place
    RETURNING id, status
""")  # noqa: S608 - the names are our own

# What was matched is known from memory, and may be old by a moment: a rule that was
# deleted or disabled since, or whose action is gone, starts nothing. The locks are those
# that the foreign keys would take; taken first, they cannot fail.
_ENFORCE = text(f"""
    WITH noted AS (
        UPDATE attune.event
        SET matches = w.note -> 'matches'
        FROM jsonb_array_elements(CAST(:notes AS jsonb)) AS w (note)
        WHERE id = CAST(w.note ->> 'event' AS bigint)
        RETURNING id, payload
    ),
    wanted AS (
        SELECT
            w.place, w.pair -> 'enforcement' AS enforcement,
            w.pair -> 'execution' AS execution,
            r.id AS rule_id, r.owner_identity
        FROM jsonb_array_elements(CAST(:pairs AS jsonb)) WITH ORDINALITY AS w (pair, place)
        JOIN attune.rule AS r
            ON r.id = CAST(w.pair -> 'enforcement' ->> 'rule' AS bigint) AND r.enabled
        JOIN attune.action AS a
            ON a.id = CAST(w.pair -> 'execution' ->> 'action' AS bigint)
        FOR KEY SHARE OF r, a
    ),
    enforced AS (
        INSERT INTO attune.enforcement (
            rule, rule_ref, trigger_ref, event, config, status, payload,
            condition, conditions, trace_tag
        )
        SELECT
            x.rule, x.rule_ref, x.trigger_ref, noted.id, x.config, x.status,
            noted.payload, x.condition, coalesce(x.conditions, 'null'), x.trace_tag
        FROM wanted
        CROSS JOIN LATERAL
            jsonb_populate_record(NULL::attune.enforcement, wanted.enforcement) AS x
        JOIN noted ON noted.id = x.event
        ORDER BY wanted.place
        RETURNING id, rule, event
    ),
    started AS (
        INSERT INTO attune.execution (enforcement, executor, {_NAMES})
        SELECT enforced.id, wanted.owner_identity, {_VALUES}
        FROM wanted
        JOIN enforced
            ON enforced.rule = wanted.rule_id
            AND enforced.event = CAST(wanted.enforcement ->> 'event' AS bigint)
        CROSS JOIN LATERAL
            jsonb_populate_record(NULL::attune.execution, wanted.execution) AS x
        ORDER BY wanted.place
        RETURNING id, enforcement, rule_ref
    )
    SELECT started.id, started.rule_ref, enforced.event
    FROM started
    JOIN enforced ON enforced.id = started.enforcement
""")  # noqa: S608 - the names are our own

_COLUMN_OF: Final = {
    attribute.key: attribute.columns[0].name
    for attribute in Execution.__mapper__.column_attrs
}


async def insert_children(
    session: AsyncSession, rows: Sequence[Mapping[str, Any]]
) -> list[tuple[int, ExecutionStatus]]:
    """Write the executions of a workflow's tasks; returns ids and statuses in order."""
    document = _document([_by_column(row) for row in rows])
    written = await session.execute(_INSERT_CHILDREN, {"rows": document})
    return [(row.id, ExecutionStatus(row.status)) for row in written]


async def enforce(
    session: AsyncSession,
    notes: Mapping[int, Sequence[Any]],
    pairs: Sequence[tuple[Mapping[str, Any], Mapping[str, Any]]],
) -> dict[tuple[int, str], int]:
    """Note what rules made of events, and write enforcements with their executions.

    Returns the executions by their event and the ref of their rule. A rule that stopped
    meanwhile has none.
    """
    documents = [
        {"enforcement": enforcement, "execution": _by_column(execution)}
        for enforcement, execution in pairs
    ]
    values = {"notes": notes_document(notes), "pairs": _document(documents)}
    written = await session.execute(_ENFORCE, values)
    return {(row.event, row.rule_ref): row.id for row in written}


def notes_document(notes: Mapping[int, Sequence[Any]]) -> str:
    """Return as JSON text which rules were considered, by event."""
    return _document(
        [{"event": event, "matches": matches} for event, matches in notes.items()]
    )


def _by_column(row: Mapping[str, Any]) -> dict[str, Any]:
    return {_COLUMN_OF[name]: value for name, value in row.items()}


def _document(value: object) -> str:
    return json.dumps(value, default=_plain)


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value)} has no place in a row")
