"""The state of workflows that run: what `advance` reads and writes, row by row.

Nothing here grows with the size of a workflow: a step reads the tasks that it touches.
"""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession

from attune.domain.json import Json, JsonObject

_STATE = text("""
    SELECT id, variables, state
    FROM attune.workflow_execution
    WHERE execution = :id
""")

_BEGIN = text("""
    UPDATE attune.execution
    SET status = 'running', started_at = now(), waiting_for = NULL
    WHERE id = :id AND status IN ('requested', 'scheduled')
""")

_CREATE = text("""
    INSERT INTO attune.workflow_execution (
        execution, workflow_def, workflow_ref, status, variables, state
    )
    VALUES (
        :id,
        (SELECT d.id FROM attune.workflow_definition AS d WHERE d.id = :definition_id),
        :ref, 'running', :variables, :state
    )
    RETURNING id
""").bindparams(bindparam("variables", type_=JSONB), bindparam("state", type_=JSONB))


_TAKE_DUE = """
    DELETE FROM attune.workflow_timer
    WHERE
        workflow_execution = :state_id
        AND due_at <= clock_timestamp() + interval '20 milliseconds'
        {narrowed}
    RETURNING
        id, task, run, item_index AS item, retry_count,
        first_execution AS first_execution_id, triggered_by, due_at
"""
_TAKE_THESE_DUE = text(_TAKE_DUE.format(narrowed="AND id = ANY(:ids)"))
_TAKE_ALL_DUE = text(_TAKE_DUE.format(narrowed=""))

_TIMERS = text("""
    SELECT id, extract(epoch FROM due_at - clock_timestamp())::float8 AS seconds
    FROM attune.workflow_timer
    WHERE workflow_execution = :state_id
    ORDER BY id
""")

_SET_TIMERS = text("""
    INSERT INTO attune.workflow_timer (
        workflow_execution, task, run, item_index, retry_count, first_execution,
        triggered_by, due_at
    )
    SELECT
        :state_id, x.task, x.run, x.item, x.retry_count, x.first_execution_id,
        x.triggered_by, clock_timestamp() + make_interval(secs => x.seconds)
    FROM jsonb_array_elements(CAST(:timers AS jsonb)) WITH ORDINALITY AS w (x, place)
    CROSS JOIN LATERAL jsonb_to_record(w.x) AS x (
        task text, run bigint, item bigint, retry_count bigint,
        first_execution_id bigint, triggered_by text, seconds float8
    )
    ORDER BY w.place
    RETURNING id, extract(epoch FROM due_at - clock_timestamp())::float8 AS seconds
""")

_DROP_TIMERS = text("""
    DELETE FROM attune.workflow_timer
    WHERE workflow_execution = :state_id
    RETURNING
        id, task, run, item_index AS item, retry_count,
        first_execution AS first_execution_id, triggered_by, due_at
""")

_TASKS = text("""
    SELECT
        name, runs, live, waiting, arrivals, fired, status, execution AS execution_id,
        ended_run, items_of
    FROM attune.workflow_task
    WHERE workflow_execution = :state_id AND name = ANY(:names)
""")

_ALL_TASKS = text("""
    SELECT
        name, runs, live, waiting, arrivals, fired, status, execution AS execution_id,
        ended_run, items_of
    FROM attune.workflow_task
    WHERE workflow_execution = :state_id
    ORDER BY name
""")

_FAN_OUT = text("""
    SELECT total, next_index, live, ended, failed, concurrency, batch_size
    FROM attune.workflow_fan_out
    WHERE workflow_execution = :state_id AND task = :task AND run = :run
""")

_SAVE_FAN_OUTS = text("""
    INSERT INTO attune.workflow_fan_out AS f (
        workflow_execution, task, run, total, next_index, live, ended, failed,
        concurrency, batch_size
    )
    SELECT
        :state_id, x.task, x.run, x.total, x.next_index, x.live, x.ended, x.failed,
        x.concurrency, x.batch_size
    FROM jsonb_to_recordset(CAST(:fan_outs AS jsonb)) AS x (
        task text, run bigint, total bigint, next_index bigint, live bigint,
        ended bigint, failed bigint, concurrency bigint, batch_size bigint
    )
    ON CONFLICT (workflow_execution, task, run) DO UPDATE SET
        next_index = excluded.next_index, live = excluded.live,
        ended = excluded.ended, failed = excluded.failed
""")

_SAVE_ITEMS = text("""
    INSERT INTO attune.workflow_item (workflow_execution, task, run, index, value)
    SELECT :state_id, :task, :run, x.place - 1, x.value
    FROM jsonb_array_elements(CAST(:values AS jsonb)) WITH ORDINALITY AS x (value, place)
""")

_ITEMS = text("""
    SELECT index AS place, value
    FROM attune.workflow_item
    WHERE
        workflow_execution = :state_id AND task = :task AND run = :run
        AND index = ANY(:indices)
""")

_NOTE_ITEMS = text("""
    UPDATE attune.workflow_item AS i
    SET execution = x.execution_id
    FROM jsonb_to_recordset(CAST(:ends AS jsonb)) AS x (
        task text, run bigint, item bigint, execution_id bigint
    )
    WHERE
        i.workflow_execution = :state_id
        AND i.task = x.task AND i.run = x.run AND i.index = x.item
""")

_ITEM_RESULTS = text("""
    SELECT CASE WHEN e.status = 'completed' THEN e.result END AS result
    FROM attune.workflow_item AS i
    LEFT JOIN attune.execution AS e ON e.id = i.execution
    WHERE i.workflow_execution = :state_id AND i.task = :task AND i.run = :run
    ORDER BY i.index
""")


# The first that failed, and whether all that failed ran out of time.
_ITEM_FAILURE = text("""
    SELECT
        (array_agg(e.result ->> 'error' ORDER BY i.index))[1] AS error,
        bool_and(
            e.status = 'timeout' OR e.result -> 'timed_out' = 'true'
        ) AS timed_out
    FROM attune.workflow_item AS i
    JOIN attune.execution AS e ON e.id = i.execution
    WHERE
        i.workflow_execution = :state_id AND i.task = :task AND i.run = :run
        AND e.status <> 'completed'
""")

# In one go, because every step does it.
_SAVE = text("""
    WITH saved AS (
        UPDATE attune.workflow_execution
        SET
            variables = CASE WHEN :changed THEN :variables ELSE variables END,
            state = :state
        WHERE id = :state_id
    )
    INSERT INTO attune.workflow_task AS t (
        workflow_execution, name, runs, live, waiting, arrivals, fired, status,
        execution, ended_run, items_of
    )
    SELECT
        :state_id, x.name, x.runs, x.live, x.waiting, x.arrivals, x.fired, x.status,
        x.execution_id, x.ended_run, x.items_of
    FROM jsonb_to_recordset(CAST(:tasks AS jsonb)) AS x (
        name text, runs bigint, live bigint, waiting bigint, arrivals jsonb,
        fired bigint, status text, execution_id bigint, ended_run bigint,
        items_of bigint
    )
    ON CONFLICT (workflow_execution, name) DO UPDATE SET
        runs = excluded.runs, live = excluded.live, waiting = excluded.waiting,
        arrivals = excluded.arrivals, fired = excluded.fired,
        status = excluded.status, execution = excluded.execution,
        ended_run = excluded.ended_run, items_of = excluded.items_of
""").bindparams(bindparam("variables", type_=JSONB), bindparam("state", type_=JSONB))


@dataclass(frozen=True)
class StateRow:
    """The small document of a workflow's state, and its variables."""

    id: int
    variables: JsonObject
    state: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class DueTimer:
    """A timer whose moment has come."""

    id: int
    task: str
    run: int
    item: int | None
    retry_count: int
    first_execution_id: int | None
    triggered_by: str | None
    due_at: datetime


class WorkflowStateRepository:
    """The statements of `advance`."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def state_of(self, execution_id: int) -> StateRow | None:
        """Return the state, or None before the beginning."""
        row = await self._first(_STATE, id=execution_id)
        return StateRow(row.id, row.variables, row.state) if row else None

    async def prepare(
        self,
        execution_id: int,
        workflow: Mapping[str, Any],
        variables: JsonObject,
        state: JsonObject,
    ) -> int:
        """Write the state from which a workflow goes on, and return its id."""
        values = {
            "id": execution_id,
            "definition_id": workflow.get("id"),
            "ref": workflow["ref"],
            "variables": variables,
            "state": state,
        }
        return int((await self._session.execute(_CREATE, values)).scalar_one())

    async def begin(self, execution_id: int) -> None:
        """Move the execution to running; one that runs already stays as it is."""
        await self._session.execute(_BEGIN, {"id": execution_id})

    async def take_due(
        self, state_id: int, ids: Collection[int] | None
    ) -> list[DueTimer]:
        """Take timers whose moment has come, each once: of these, or of all."""
        if ids is None:
            rows = await self._session.execute(_TAKE_ALL_DUE, {"state_id": state_id})
        else:
            values = {"state_id": state_id, "ids": list(ids)}
            rows = await self._session.execute(_TAKE_THESE_DUE, values)
        return _in_order(rows)

    async def timers(self, state_id: int) -> list[tuple[int, float]]:
        """Return the timers with the seconds that are left of each."""
        rows = await self._session.execute(_TIMERS, {"state_id": state_id})
        return [(row.id, max(0.0, row.seconds)) for row in rows]

    async def set_timers(
        self, state_id: int, timers: Sequence[Mapping[str, Any]]
    ) -> list[tuple[int, float]]:
        """Keep timers and return them with the seconds that are left of each."""
        values = {"state_id": state_id, "timers": json.dumps(list(timers))}
        rows = await self._session.execute(_SET_TIMERS, values)
        return [(row.id, max(0.0, row.seconds)) for row in rows]

    async def drop_timers(self, state_id: int) -> list[DueTimer]:
        """Forget every start and retry that waits, and return them."""
        rows = await self._session.execute(_DROP_TIMERS, {"state_id": state_id})
        return _in_order(rows)

    async def tasks(
        self, state_id: int, names: Collection[str]
    ) -> dict[str, dict[str, Any]]:
        """Return what is known of these tasks, by name; nothing of untouched ones."""
        values = {"state_id": state_id, "names": list(names)}
        rows = await self._session.execute(_TASKS, values)
        return {row.name: _without_name(row) for row in rows}

    async def all_tasks(self, state_id: int) -> dict[str, dict[str, Any]]:
        """Return what is known of every task, by name."""
        rows = await self._session.execute(_ALL_TASKS, {"state_id": state_id})
        return {row.name: _without_name(row) for row in rows}

    async def fan_out(
        self, state_id: int, task: str, run: int
    ) -> dict[str, Any] | None:
        """Return how far a task's run over a list has come."""
        row = await self._first(_FAN_OUT, state_id=state_id, task=task, run=run)
        return row._asdict() if row else None

    async def save_fan_outs(
        self, state_id: int, fan_outs: Sequence[Mapping[str, Any]]
    ) -> None:
        """Write how far runs over lists have come."""
        if fan_outs:
            values = {"state_id": state_id, "fan_outs": json.dumps(list(fan_outs))}
            await self._session.execute(_SAVE_FAN_OUTS, values)

    async def save_items(
        self, state_id: int, task: str, run: int, items: Sequence[Json]
    ) -> None:
        """Keep the elements of a list, in order."""
        values = {"state_id": state_id, "task": task, "run": run}
        await self._session.execute(
            _SAVE_ITEMS, {**values, "values": json.dumps(list(items))}
        )

    async def items(
        self, state_id: int, task: str, run: int, indices: Collection[int]
    ) -> dict[int, Json]:
        """Return some elements of a list, by index."""
        values = {"state_id": state_id, "task": task, "run": run}
        rows = await self._session.execute(_ITEMS, {**values, "indices": list(indices)})
        return {row.place: row.value for row in rows}

    async def note_items(
        self, state_id: int, ends: Sequence[Mapping[str, Any]]
    ) -> None:
        """Write which execution ended last for each of these elements."""
        if ends:
            values = {"state_id": state_id, "ends": json.dumps(list(ends))}
            await self._session.execute(_NOTE_ITEMS, values)

    async def item_results(self, state_id: int, task: str, run: int) -> list[Any]:
        """Return the results of all elements in order; null for one that failed."""
        values = {"state_id": state_id, "task": task, "run": run}
        return list(await self._session.scalars(_ITEM_RESULTS, values))

    async def item_failure(
        self, state_id: int, task: str, run: int
    ) -> tuple[str | None, bool]:
        """Return why the first failed element did, and if all failed ones timed out."""
        row = await self._first(_ITEM_FAILURE, state_id=state_id, task=task, run=run)
        return (None, False) if row is None else (row.error, bool(row.timed_out))

    async def save(
        self,
        state_id: int,
        state: JsonObject,
        variables: JsonObject | None = None,
        tasks: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        """Write the small state and what has become of tasks.

        The variables stay as they are unless they are given.
        """
        values = {
            "state_id": state_id,
            "state": state,
            "changed": variables is not None,
            "variables": variables or {},
            "tasks": json.dumps(list(tasks)),
        }
        await self._session.execute(_SAVE, values)

    async def _first(self, statement: Any, **values: Any) -> Row[Any] | None:
        return (await self._session.execute(statement, values)).first()


def _in_order(rows: Iterable[Row[Any]]) -> list[DueTimer]:
    due = [DueTimer(**row._asdict()) for row in rows]
    return sorted(due, key=lambda timer: (timer.due_at, timer.id))


def _without_name(row: Row[Any]) -> dict[str, Any]:
    facts = row._asdict()
    del facts["name"]
    return facts
