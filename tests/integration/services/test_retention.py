"""What is old goes, what is not over stays, and nobody waits for it."""

import asyncio
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from attune.db.database import Database
from attune.domain.execution import ExecutionStatus as Status
from attune.services.retention import Kept, RetentionService
from attune.worker.housekeeper import Housekeeper
from tests.support.builders import (
    make_action,
    make_enforcement,
    make_event,
    make_execution,
    make_rule,
    make_trigger,
)
from tests.support.database import connected
from tests.support.eventually import eventually

DAY = timedelta(days=1)
OLD = "now() - interval '2 days'"


def retention(database: Database, size: int = 3, **kept: timedelta) -> RetentionService:
    return RetentionService(database, Kept(**kept), batch_size=size)


async def ids(sql: asyncpg.Connection, table: str) -> list[int]:
    rows = await sql.fetch(f"SELECT id FROM attune.{table} ORDER BY id")  # noqa: S608 - a table of ours
    return [row["id"] for row in rows]


async def make_old(sql: asyncpg.Connection, *tables: str) -> None:
    for table in tables:
        await sql.execute(f"UPDATE attune.{table} SET created = {OLD}")  # noqa: S608 - a table of ours


async def write_notifications(
    sql: asyncpg.Connection, count: int, *, days: int = 0
) -> None:
    await sql.execute(
        "INSERT INTO attune.notification"
        " (channel, entity_type, entity, activity, content, created)"
        " SELECT 'x', 'x', 'x', 'x', '{}', now() - make_interval(days => $1)"
        " FROM generate_series(1, $2)",
        days,
        count,
    )


async def test_notifications_go_oldest_first_and_locked_ones_later(
    database: Database, sql: asyncpg.Connection, database_url: str
) -> None:
    await write_notifications(sql, 10, days=2)
    await write_notifications(sql, 4)
    locked, *_, young = await ids(sql, "notification")
    service = retention(database, notifications=DAY)
    async with connected(database_url) as other, other.transaction():
        await other.execute(
            "SELECT FROM attune.notification WHERE id = $1 FOR UPDATE", locked
        )
        removed = await service.sweep()
        left = await ids(sql, "notification")

    assert removed == {"notifications": 9}
    assert (left[0], left[-1], len(left)) == (locked, young, 5)
    assert await service.sweep() == {"notifications": 1}


async def test_nothing_goes_that_is_kept_for_ever(
    database: Database, sql: asyncpg.Connection
) -> None:
    await write_notifications(sql, 3, days=2)

    assert await retention(database).sweep() == {}
    assert len(await ids(sql, "notification")) == 3


async def test_no_batch_is_larger_than_its_limit(
    database: Database, sql: asyncpg.Connection
) -> None:
    await write_notifications(sql, 20, days=2)

    async with database.transaction() as tx:
        batch = await tx.retention.remove("notification", DAY, 0, 7)

    assert (batch.removed, batch.goes_on) == (7, True)


async def test_key_of_an_event_can_be_repeated_for_three_days(
    database: Database, sql: asyncpg.Connection
) -> None:
    async with database.transaction() as tx:
        trigger = await make_trigger(tx)
        keyed, plain, ancient = [
            (await make_event(tx, trigger, idempotency_key=key)).id
            for key in ("a", None, "b")
        ]
    hours = {keyed: 71, plain: 71, ancient: 73}
    for event_id, age in hours.items():
        await sql.execute(
            "UPDATE attune.event SET created = now() - make_interval(hours => $1)"
            " WHERE id = $2",
            age,
            event_id,
        )

    await retention(database, events=timedelta(hours=1)).sweep()

    assert await ids(sql, "event") == [keyed]


async def test_enforcement_of_what_still_runs_stays(
    database: Database, sql: asyncpg.Connection
) -> None:
    async with database.transaction() as tx:
        action = await make_action(tx)
        rule = await make_rule(tx, action=action)
        events = [await make_event(tx) for _ in range(2)]
        over, live = [
            await make_enforcement(tx, rule, event_id=event.id) for event in events
        ]
        await make_execution(tx, action, enforcement_id=live.id, status=Status.RUNNING)
        await make_execution(
            tx, action, enforcement_id=over.id, status=Status.COMPLETED
        )
    await sql.execute(
        "UPDATE attune.execution SET finished_at = now() WHERE status = 'completed'"
    )
    await make_old(sql, "event", "enforcement")

    await retention(database, events=DAY, enforcements=DAY).sweep()

    assert await ids(sql, "enforcement") == [live.id]
    assert await ids(sql, "event") == []
    assert len(await ids(sql, "execution")) == 2


class Family:
    """Executions by name, each with an age in days, or still running."""

    def __init__(self, database: Database, sql: asyncpg.Connection) -> None:
        self._database = database
        self._sql = sql
        self.names: dict[int, str] = {}

    async def add(self, name: str, days: int | None, **fields: Any) -> int:
        status = Status.RUNNING if days is None else Status.COMPLETED
        async with self._database.transaction() as tx:
            made = await make_execution(tx, status=status, **fields)
        await self._sql.execute(
            "UPDATE attune.execution SET created = now() - interval '9 days',"
            " finished_at = now() - make_interval(days => $1) WHERE id = $2",
            days,
            made.id,
        )
        await self._sql.executemany(
            "INSERT INTO attune.execution_log (execution, stream, byte_offset, content)"
            " VALUES ($1, 'stdout', $2, '')",
            [(made.id, offset) for offset in range(3)],
        )
        self.names[made.id] = name
        return made.id

    async def left(self) -> set[str]:
        return {self.names[each] for each in await ids(self._sql, "execution")}

    async def with_logs(self) -> set[str]:
        rows = await self._sql.fetch("SELECT execution FROM attune.execution_log")
        return {self.names[row["execution"]] for row in rows}


@pytest.fixture
async def family(database: Database, sql: asyncpg.Connection) -> Family:
    family = Family(database, sql)
    await family.add("old", 2)
    await family.add("young", 0)
    await family.add("live", None)
    whole = await family.add("whole", 2)
    for n in range(4):
        child = await family.add(f"whole.{n}", 2, parent_id=whole)
        await family.add(f"whole.{n}.x", 2, parent_id=child)
    busy = await family.add("busy", 2)
    await family.add("busy.done", 2, parent_id=busy)
    await family.add("busy.live", None, parent_id=busy)
    original = await family.add("original", 2)
    for n in range(2):
        await family.add(f"rerun.{n}", 0, original_execution_id=original)
    retried = await family.add("retried", 2)
    first = await family.add("retried.1", 2, parent_id=retried)
    await family.add("retried.2", 2, parent_id=retried, original_execution_id=first)
    return family


KEPT = {"young", "live", "busy", "busy.done", "busy.live"}
RERUN = {"original", "rerun.0", "rerun.1"}


async def test_executions_go_with_all_that_they_started(
    database: Database, family: Family
) -> None:
    removed = await retention(database, executions=DAY).sweep()

    assert await family.left() == KEPT | RERUN
    assert await family.with_logs() == KEPT | RERUN
    assert removed == {"executions": len(family.names) - len(KEPT | RERUN)}


async def test_original_goes_after_its_reruns(
    database: Database, sql: asyncpg.Connection, family: Family
) -> None:
    await sql.execute(
        "UPDATE attune.execution SET finished_at = now() - interval '2 days'"
        " WHERE finished_at IS NOT NULL"
    )

    await retention(database, executions=DAY).sweep()
    # Nobody refers to the original any more.
    await retention(database, executions=DAY).sweep()

    assert await family.left() == {"live", "busy", "busy.done", "busy.live"}


async def test_output_may_go_before_its_execution(
    database: Database, family: Family
) -> None:
    await retention(database, logs=DAY).sweep()

    assert await family.left() == set(family.names.values())
    assert await family.with_logs() == {
        "young",
        "live",
        "busy.live",
        "rerun.0",
        "rerun.1",
    }


async def test_lock_that_is_held_puts_it_off_and_nothing_else(
    database: Database, sql: asyncpg.Connection, database_url: str
) -> None:
    async with database.transaction() as tx:
        event = await make_event(tx)
        await make_enforcement(tx, event_id=event.id)
    await make_old(sql, "event", "notification")
    service = retention(database, events=DAY, notifications=DAY)
    async with connected(database_url) as other, other.transaction():
        # To forget the event, the enforcement has to be changed.
        await other.execute("SELECT FROM attune.enforcement FOR UPDATE")
        removed = await service.sweep()

    assert removed["events"] == 0
    assert removed["notifications"] > 0
    assert (await service.sweep())["events"] == 1


async def test_housekeeper_sweeps_again_and_again(
    database: Database, sql: asyncpg.Connection
) -> None:
    keeping = Housekeeper(retention(database, notifications=DAY), every_seconds=0.05)
    task = asyncio.create_task(keeping.run())
    try:
        for _ in range(2):
            await write_notifications(sql, 5, days=2)

            async def is_gone() -> bool:
                return not await ids(sql, "notification")

            await eventually(is_gone)
    finally:
        task.cancel()


async def test_audit_trail_is_as_long_as_was_said(
    database: Database, sql: asyncpg.Connection
) -> None:
    await sql.executemany(
        "INSERT INTO attune.audit_event (category, event_type, created)"
        " VALUES ('auth', 'auth.login', now() - make_interval(hours => $1))",
        [(48,), (1,)],
    )

    assert await retention(database, audit=DAY).sweep() == {"audit": 1}
    assert len(await ids(sql, "audit_event")) == 1
