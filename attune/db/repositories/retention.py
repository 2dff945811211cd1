"""What is old is removed: from the oldest on, in batches that hold nobody up.

Each batch is a transaction of its own. It passes over what others have locked, and gives
up when it would have to wait for a lock.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

_LOCK_TIMEOUT = text("SET LOCAL lock_timeout = '500ms'")


@dataclass(frozen=True, kw_only=True)
class Batch:
    """What one batch did."""

    removed: int
    last_id: int
    """The last one it looked at."""
    goes_on: bool
    """Whether there may be more that is old enough after it."""


@dataclass(frozen=True, kw_only=True)
class Over:
    """Executions whose time is over."""

    ids: Sequence[int]
    last_id: int
    goes_on: bool


def _walk(table: str, removable: str = "true") -> Any:
    """Return the statement that looks at the next rows and removes what it may.

    Ids grow with time: where a whole batch is young there is nothing old behind it.
    """
    return text(f"""
        WITH looked_at AS (
            SELECT id, created < now() - CAST(:age AS interval) AS is_old
            FROM attune.{table}
            WHERE id > :after
            ORDER BY id
            LIMIT :limit
        ),
        removable AS (
            SELECT one.id
            FROM attune.{table} AS one
            JOIN looked_at USING (id)
            WHERE looked_at.is_old AND {removable}
            FOR UPDATE OF one SKIP LOCKED
        ),
        removed AS (
            DELETE FROM attune.{table} WHERE id IN (SELECT id FROM removable)
            RETURNING id
        )
        SELECT
            (SELECT count(*) FROM removed) AS removed,
            coalesce(max(id), 0) AS last_id,
            count(*) = :limit AND bool_or(is_old) AS goes_on
        FROM looked_at
    """)  # noqa: S608 - the tables and conditions below


# A repeated key is the same event for at least so long.
_EVENT = """
    (
        one.idempotency_key IS NULL
        OR one.created < now() - interval '72 hours'
    )
"""
# What runs still refers to why it runs.
_ENFORCEMENT = """
    NOT EXISTS (
        SELECT FROM attune.execution AS e
        WHERE e.enforcement = one.id AND e.finished_at IS NULL
    )
"""
_WALKS = {
    "audit_event": _walk("audit_event"),
    "notification": _walk("notification"),
    "event": _walk("event", _EVENT),
    "enforcement": _walk("enforcement", _ENFORCEMENT),
}

# Executions that nobody started from another one, and whether they are over for so long.
_ROOTS = text("""
    WITH looked_at AS (
        SELECT
            id, created < now() - CAST(:age AS interval) AS is_old,
            parent IS NULL AND finished_at < now() - CAST(:age AS interval) AS is_over
        FROM attune.execution
        WHERE id > :after
        ORDER BY id
        LIMIT :limit
    )
    SELECT
        coalesce(max(id), 0) AS last_id,
        count(*) = :limit AND bool_or(is_old) AS goes_on,
        coalesce(array_agg(id ORDER BY id) FILTER (WHERE is_over), '{}') AS ids
    FROM looked_at
""")

# With all that they started, leaves first. What still runs keeps the whole of it, and
# so does a rerun from outside: without its original it would look like one itself.
_REMOVE_TREES = text("""
    WITH RECURSIVE tree AS (
        SELECT id AS root, id, finished_at
        FROM attune.execution
        WHERE id = ANY(:ids)
        UNION ALL
        SELECT tree.root, child.id, child.finished_at
        FROM attune.execution AS child
        JOIN tree ON child.parent = tree.id
    ),
    held AS (
        SELECT root FROM tree WHERE finished_at IS NULL
        UNION
        SELECT tree.root
        FROM tree
        JOIN attune.execution AS rerun ON rerun.original_execution = tree.id
        WHERE NOT EXISTS (
            SELECT FROM tree AS own WHERE own.root = tree.root AND own.id = rerun.id
        )
    ),
    removable AS (
        SELECT one.id
        FROM attune.execution AS one
        JOIN tree USING (id)
        WHERE
            tree.root NOT IN (SELECT root FROM held)
            AND NOT EXISTS (
                SELECT FROM attune.execution AS e
                WHERE e.parent = one.id OR e.original_execution = one.id
            )
        LIMIT :limit
        FOR UPDATE OF one SKIP LOCKED
    )
    DELETE FROM attune.execution WHERE id IN (SELECT id FROM removable)
""")

# The next executions that have output, found by hopping along the index.
_WITH_LOGS = text("""
    WITH RECURSIVE hop AS (
        (
            SELECT execution
            FROM attune.execution_log
            WHERE execution > :after
            ORDER BY execution
            LIMIT 1
        )
        UNION ALL
        SELECT (
            SELECT log.execution
            FROM attune.execution_log AS log
            WHERE log.execution > hop.execution
            ORDER BY log.execution
            LIMIT 1
        )
        FROM hop
        WHERE hop.execution IS NOT NULL
    ),
    looked_at AS (
        SELECT
            e.id, e.created < now() - CAST(:age AS interval) AS is_old,
            e.finished_at < now() - CAST(:age AS interval) AS is_over
        FROM (SELECT execution FROM hop LIMIT :limit) AS next
        JOIN attune.execution AS e ON e.id = next.execution
    )
    SELECT
        coalesce(max(id), 0) AS last_id,
        count(*) = :limit AND bool_or(is_old) AS goes_on,
        coalesce(array_agg(id ORDER BY id) FILTER (WHERE is_over), '{}') AS ids
    FROM looked_at
""")
_REMOVE_LOGS = text("""
    DELETE FROM attune.execution_log
    WHERE (execution, stream, byte_offset) IN (
        SELECT execution, stream, byte_offset
        FROM attune.execution_log
        WHERE execution = ANY(:ids)
        ORDER BY execution, stream, byte_offset
        LIMIT :limit
        FOR UPDATE SKIP LOCKED
    )
""")

_FINDS = {"execution": _ROOTS, "execution_log": _WITH_LOGS}
_REMOVES = {"execution": _REMOVE_TREES, "execution_log": _REMOVE_LOGS}


class RetentionRepository:
    """Removes batches; the caller gives each a transaction."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def remove(self, table: str, age: timedelta, after: int, limit: int) -> Batch:
        """Look at the next so many rows of a table, and remove those that are older."""
        row = await self._run(_WALKS[table], age=age, after=after, limit=limit)
        return Batch(
            removed=row.removed, last_id=row.last_id, goes_on=bool(row.goes_on)
        )

    async def find_over(
        self, table: str, age: timedelta, after: int, limit: int
    ) -> Over:
        """Return which of the next executions are over for so long.

        For the table `execution_log` it is the next that have output.
        """
        row = await self._run(_FINDS[table], age=age, after=after, limit=limit)
        return Over(ids=row.ids, last_id=row.last_id, goes_on=bool(row.goes_on))

    async def remove_of(self, table: str, ids: Sequence[int], limit: int) -> int:
        """Remove up to so many rows of these executions, and return how many.

        Of `execution` themselves and all that they started; zero when none may go.
        """
        await self._session.execute(_LOCK_TIMEOUT)
        values = {"ids": ids, "limit": limit}
        result = await self._session.execute(_REMOVES[table], values)
        return int(result.rowcount)  # type: ignore[attr-defined]  # a DELETE has it

    async def _run(self, statement: Any, **values: Any) -> Any:
        await self._session.execute(_LOCK_TIMEOUT)
        return (await self._session.execute(statement, values)).one()
