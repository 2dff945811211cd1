"""What the admission of executions reads and writes, all of it in one transaction.

A place under a limit is a live execution and nothing else. What is requested and not
admitted is locked before anything is counted, so that it is either ours to decide on or
counts as live: a dispatcher may be about to take it, from before a policy was there.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from attune.db.repositories.dispatch import KIND
from attune.db.repositories.policy import IS_LIMITED
from attune.domain.admission import Alike, Group
from attune.domain.json import JsonObject
from attune.domain.policy import PolicyScope, PolicyTerms

FRESH_LIMIT: Final = 2000
"""So many new executions are decided on at a time; the others come right after."""

# One admits at a time; then policies stay as they are until the transaction ends.
_LOCK = text("""
    SELECT CASE
        WHEN pg_try_advisory_xact_lock(4150, 2)
            THEN pg_advisory_xact_lock_shared(4150, 3)::text IS NOT NULL
        ELSE false
    END
""")

# The dispatcher claims by workflow id, except what its workflow's run carries.
_IS_UNCLAIMED = f"(workflow_id IS NULL OR (awaited AND {KIND} <> 'workflow'))"

_RUNS_CODE = "runtime_ref IS DISTINCT FROM 'core.builtin'"

_IS_BOUND = f"""(
    action_ref = ANY(CAST(:action_refs AS text[]))
    OR ({_RUNS_CODE} AND (
        CAST(:is_global AS boolean) OR pack_ref = ANY(CAST(:pack_refs AS text[]))
    ))
)"""

_VALUES = """
    ARRAY(
        SELECT (config #> string_to_array(name, '.'))::text
        FROM unnest(CAST(:names AS text[])) WITH ORDINALITY AS n (name, place)
        ORDER BY place
    )
"""

_ALIKE = f"action_ref, pack_ref, {_RUNS_CODE} AS runs_code, {_VALUES} AS values"

_IS_ANYTHING_NEW = text(f"""
    SELECT EXISTS (
        SELECT FROM attune.execution
        WHERE
            status = 'requested'
            AND admitted_at IS NULL
            AND {_IS_UNCLAIMED}
            AND {IS_LIMITED}
    )
""")  # noqa: S608 - the conditions are constants

_WAITING = text(f"""
    WITH fresh AS (
        SELECT id, action_ref, pack_ref, runtime_ref, config
        FROM attune.execution
        WHERE
            status = 'requested'
            AND admitted_at IS NULL
            AND {_IS_UNCLAIMED}
            AND {_IS_BOUND}
        ORDER BY id
        LIMIT :limit
        FOR NO KEY UPDATE SKIP LOCKED
    ),
    waiting AS (
        SELECT id, {_ALIKE}, NULL AS said, true AS is_fresh
        FROM fresh
        UNION ALL
        SELECT id, {_ALIKE}, (waiting_for - 'since')::text, false
        FROM attune.execution
        WHERE status = 'scheduling'
    )
    SELECT
        action_ref, pack_ref, runs_code, values, said, is_fresh,
        array_agg(id) AS ids
    FROM waiting
    GROUP BY action_ref, pack_ref, runs_code, values, said, is_fresh
""")  # noqa: S608 - the conditions are constants

_LIVE = text(f"""
    SELECT {_ALIKE}, count(*) AS number
    FROM attune.execution
    WHERE
        (
            status IN ('scheduled', 'running', 'canceling')
            OR (status = 'requested' AND (
                admitted_at IS NOT NULL
                OR NOT {_IS_UNCLAIMED}
                OR (
                    id <= :last_id
                    AND id NOT IN (SELECT unnest(CAST(:held AS bigint[])))
                )
            ))
        )
        AND {_IS_BOUND}
    GROUP BY action_ref, pack_ref, runs_code, values
""")  # noqa: S608 - the conditions are constants

_STARTED = text(f"""
    SELECT
        {_VALUES} AS values,
        count(*) AS number,
        extract(epoch FROM min(admitted_at) + window_ - clock_timestamp())::float
            AS free_in_seconds
    FROM attune.execution, CAST(:window AS interval) AS window_
    WHERE admitted_at > statement_timestamp() - window_ AND {_IS_BOUND}
    GROUP BY values, window_
""")  # noqa: S608 - the conditions are constants

_ADMIT = text("""
    WITH admitted AS (
        UPDATE attune.execution
        SET
            status = 'requested', admitted_at = statement_timestamp(),
            waiting_for = NULL
        WHERE
            id = ANY(CAST(:ids AS bigint[]))
            AND status IN ('requested', 'scheduling')
            AND admitted_at IS NULL
        RETURNING id, parent, awaited
    )
    SELECT a.id, CASE WHEN a.awaited THEN a.parent END AS parent
    FROM admitted AS a, pg_notify('attune_dispatch', '')
""")

_WAIT = text("""
    UPDATE attune.execution
    SET
        status = 'scheduling',
        enqueued_at = COALESCE(enqueued_at, now()),
        waiting_for = CAST(w.said AS jsonb)
            || jsonb_build_object('since', COALESCE(enqueued_at, now()))
    FROM unnest(CAST(:ids AS bigint[]), CAST(:said AS text[])) AS w (waiting_id, said)
    WHERE
        id = w.waiting_id
        AND status IN ('requested', 'scheduling')
        AND admitted_at IS NULL
""")

_CANCEL = text("""
    UPDATE attune.execution
    SET
        status = 'cancelled', result = CAST(c.result AS jsonb), finished_at = now(),
        waiting_for = NULL
    FROM unnest(CAST(:ids AS bigint[]), CAST(:results AS text[])) AS c (cancelled_id, result)
    WHERE
        id = c.cancelled_id
        AND status IN ('requested', 'scheduling')
        AND admitted_at IS NULL
    RETURNING id, CASE WHEN awaited THEN parent END AS parent
""")

# Tasks that a policy held back until it went away, which their workflow's run has to be
# told of; `always` tells also runs that something else is going to wake.
_STRANDED = text(f"""
    SELECT DISTINCT parent
    FROM attune.execution
    WHERE
        status = 'requested'
        AND awaited
        AND admitted_at IS NULL
        AND {KIND} <> 'workflow'
        AND NOT {IS_LIMITED}
        AND (CAST(:always AS boolean) OR NOT EXISTS (
            SELECT FROM attune.execution AS sibling
            WHERE
                sibling.parent = execution.parent
                AND sibling.awaited
                AND sibling.status IN ('scheduled', 'running', 'canceling')
        ))
""")  # noqa: S608 - the conditions are constants


@dataclass(frozen=True)
class WaitingQueue:
    """Executions that wait alike, and what they say they wait for."""

    alike: Alike
    ids: Sequence[int]
    said: JsonObject | None
    is_fresh: bool
    """They were requested and nobody has decided on them yet."""


@dataclass(frozen=True)
class Started:
    """What was let go within a window."""

    number: int
    free_in_seconds: float
    """Until the first of them is out of the window."""


@dataclass(frozen=True)
class Reach:
    """Which executions some policies bear on, and by what these group."""

    action_refs: list[str]
    pack_refs: list[str]
    is_global: bool
    names: list[str]

    @classmethod
    def of(
        cls, policies: Collection[PolicyTerms], names: Collection[str] | None = None
    ) -> "Reach":
        """Return the reach of the policies, perhaps grouped by other parameters."""
        found = {n for p in policies for limit in p.limits for n in limit.parameters}
        by_scope = {
            scope: [p for p in policies if p.scope is scope] for scope in PolicyScope
        }
        return cls(
            [str(p.action_ref) for p in by_scope[PolicyScope.ACTION]],
            [str(p.pack_ref) for p in by_scope[PolicyScope.PACK]],
            bool(by_scope[PolicyScope.GLOBAL]),
            sorted(found) if names is None else list(names),
        )

    def values(self) -> dict[str, Any]:
        """Return what the statements call it."""
        return {
            "action_refs": self.action_refs,
            "pack_refs": self.pack_refs,
            "is_global": self.is_global,
            "names": self.names,
        }


class AdmissionRepository:
    """The statements of the admission loop."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def is_anything_new(self) -> bool:
        """Tell whether something was requested that nobody has decided on."""
        return bool(await self._session.scalar(_IS_ANYTHING_NEW))

    async def lock(self) -> bool:
        """Be the only one who admits, and keep the policies as they are."""
        return bool(await self._session.scalar(_LOCK))

    async def waiting(self, reach: Reach) -> list[WaitingQueue]:
        """Return what waits, with what is new locked; what is locked is left out."""
        rows = await self._session.execute(
            _WAITING, {**reach.values(), "limit": FRESH_LIMIT}
        )
        return [
            WaitingQueue(
                _alike(row, reach.names),
                row.ids,
                json.loads(row.said) if row.said else None,
                row.is_fresh,
            )
            for row in rows
        ]

    async def live(
        self, reach: Reach, held: Collection[int], last_id: int
    ) -> list[tuple[Alike, int]]:
        """Count what is live, and what somebody else might be making live just now."""
        rows = await self._session.execute(
            _LIVE, {**reach.values(), "held": list(held), "last_id": last_id}
        )
        return [(_alike(row, reach.names), row.number) for row in rows]

    async def started(
        self, policy: PolicyTerms, parameters: Sequence[str], window_seconds: int
    ) -> dict[Group, Started]:
        """Count what the policy's executions have started in the window, by group."""
        reach = Reach.of([policy], parameters)
        values = {**reach.values(), "window": timedelta(seconds=window_seconds)}
        rows = await self._session.execute(_STARTED, values)
        return {
            _group(row.values): Started(row.number, row.free_in_seconds) for row in rows
        }

    async def admit(self, ids: Collection[int]) -> list[int]:
        """Let executions go; returns the workflows whose tasks are among them."""
        return await self._parents(_ADMIT, ids=list(ids))

    async def make_wait(self, said: Mapping[int, str]) -> None:
        """Have executions wait, each for what is said as JSON."""
        await self._session.execute(
            _WAIT, {"ids": list(said), "said": list(said.values())}
        )

    async def cancel(self, results: Mapping[int, str]) -> list[int]:
        """End executions, each with its result; returns workflows, as above."""
        values = {"ids": list(results), "results": list(results.values())}
        return await self._parents(_CANCEL, **values)

    async def stranded(self, *, always: bool) -> list[int]:
        """Return workflows with tasks that no policy holds back any more."""
        rows = await self._session.scalars(_STRANDED, {"always": always})
        return list(rows)

    async def _parents(self, statement: Any, **values: Any) -> list[int]:
        rows = await self._session.execute(statement, values)
        return sorted({row.parent for row in rows if row.parent is not None})


def _alike(row: Row[Any], names: Sequence[str]) -> Alike:
    values = tuple(zip(names, _group(row.values), strict=True))
    return Alike(row.action_ref, row.pack_ref, row.runs_code, values)


def _group(values: Sequence[str | None]) -> Group:
    """Return the values with null for what is null: as good as not given."""
    return tuple(None if value == "null" else value for value in values)
