"""What executions wait for, read for as many as are shown at a time."""

from collections.abc import Collection
from datetime import timedelta
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from attune.db.repositories.dispatch import KIND
from attune.domain.execution import ExecutionStatus
from attune.domain.waiting import WaitFacts
from attune.domain.worker import STALE_AFTER

YOUNG = timedelta(seconds=3)

# What it asks itself; for a workflow of which nothing else runs, what a task asks. The
# tasks are counted in one pass, for a workflow may have any number of them.
_ASKED = """
    SELECT asked.*
    FROM attune.inquiry AS asked
    WHERE
        e.status = 'running'
        AND asked.id = COALESCE(
            (
                SELECT own.id
                FROM attune.inquiry AS own
                WHERE own.execution = e.id AND own.status = 'pending'
            ),
            (
                SELECT min(open.id)
                FROM attune.execution AS task
                LEFT JOIN attune.inquiry AS open
                    ON open.execution = task.id
                    AND open.status = 'pending'
                    AND task.status = 'running'
                WHERE
                    task.parent = e.id
                    AND task.awaited
                    AND task.status IN (
                        'requested', 'scheduling', 'scheduled', 'running', 'canceling'
                    )
                HAVING count(*) = count(open.id)
            )
        )
"""

_FACTS = text(f"""
    SELECT
        e.id, e.status, e.runtime_ref,
        CASE e.status
            WHEN 'requested' THEN e.created
            WHEN 'scheduling' THEN COALESCE(e.enqueued_at, e.created)
            WHEN 'scheduled' THEN COALESCE(e.dispatched_at, e.created)
            WHEN 'running' THEN COALESCE(i.created, t.created, e.started_at, e.created)
            ELSE e.updated
        END AS since,
        e.created > now() - CAST(:young AS interval) AS is_young,
        e.workflow_id IS NOT NULL AND e.dispatched_at IS NULL AS was_given_back,
        e.awaited AND {KIND} <> 'workflow' AS is_task_of_run,
        CASE WHEN e.status = 'scheduling' THEN e.waiting_for END AS policy,
        CASE WHEN e.status = 'scheduling' THEN (
            SELECT count(*) + 1
            FROM attune.execution AS other
            WHERE
                other.status = 'scheduling'
                AND other.id < e.id
                AND other.waiting_for - 'since' = e.waiting_for - 'since'
        ) END AS place,
        CASE
            WHEN e.runtime_ref = 'core.builtin' THEN 1
            WHEN e.status IN ('requested', 'scheduled') THEN (
                SELECT count(*)
                FROM attune.worker AS w
                WHERE
                    NOT w.cordoned
                    AND w.last_heartbeat > now() - CAST(:stale AS interval)
                    AND w.capabilities -> 'runtimes'
                        @> jsonb_build_array(jsonb_build_object('ref', e.runtime_ref))
            )
            ELSE 0
        END AS worker_count,
        CASE WHEN e.status = 'scheduled' THEN (
            SELECT count(*)
            FROM attune.execution AS other
            WHERE
                other.status = 'scheduled'
                AND other.runtime_ref = e.runtime_ref
                AND other.id < e.id
        ) ELSE 0 END AS ahead,
        CASE WHEN i.id IS NOT NULL THEN jsonb_build_object(
            'inquiry', i.id, 'assigned_to', i.assigned_to,
            'assigned_to_login', i.assigned_to_login, 'until', i.timeout_at
        ) END AS inquiry,
        s.state -> 'paused' AS paused,
        CASE WHEN t.id IS NOT NULL THEN jsonb_build_object(
            'task', t.task, 'retry_count', t.retry_count, 'until', t.due_at
        ) END AS timer
    FROM attune.execution AS e
    LEFT JOIN LATERAL ({_ASKED}) AS i ON true
    LEFT JOIN attune.workflow_execution AS s
        ON s.execution = e.id AND e.status = 'running'
    LEFT JOIN LATERAL (
        SELECT timer.*
        FROM attune.workflow_timer AS timer
        WHERE
            timer.workflow_execution = s.id
            AND NOT EXISTS (
                SELECT FROM attune.execution AS task
                WHERE task.parent = e.id AND task.awaited
            )
        ORDER BY timer.due_at
        LIMIT 1
    ) AS t ON true
    WHERE
        e.id = ANY(:ids)
        AND e.status IN (
            'requested', 'scheduling', 'scheduled', 'running', 'canceling'
        )
""")  # noqa: S608 - the kind is a constant


class WaitingRepository:
    """The question why, for executions that have not ended."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def facts(self, ids: Collection[int]) -> dict[int, WaitFacts]:
        """Return what the rows say of those that have not ended, by id."""
        values = {"ids": list(ids), "young": YOUNG, "stale": STALE_AFTER}
        rows = await self._session.execute(_FACTS, values)
        return {row.id: _facts(row) for row in rows}


def _facts(row: Row[Any]) -> WaitFacts:
    facts = row._asdict()
    del facts["id"]
    facts["status"] = ExecutionStatus(facts["status"])
    return WaitFacts(**facts)
