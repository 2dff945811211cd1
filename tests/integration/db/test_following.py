"""Notifications read from cursors: nothing left out, nothing twice, whoever commits when."""

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest

from attune.db.database import Database
from attune.domain.cursor import Cursor
from attune.domain.notification import Filter, Notice
from tests.support.database import connected


class Writer:
    """A transaction of plain SQL that commits when it is told to."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection
        self._transaction = connection.transaction()

    async def begin(self) -> None:
        """Begin, and get a transaction id, as any write before would."""
        self._transaction = self._connection.transaction()
        await self._transaction.start()
        await self._connection.execute("SELECT pg_current_xact_id()")

    async def write(self, entity: str = "1", activity: str = "changed") -> int:
        number: int = await self._connection.fetchval(
            "INSERT INTO attune.notification"
            " (channel, entity_type, entity, activity, content)"
            " VALUES ('thing', 'thing', $1, $2, '{}') RETURNING id",
            entity,
            activity,
        )
        return number

    async def commit(self) -> None:
        await self._transaction.commit()

    async def roll_back(self) -> None:
        await self._transaction.rollback()


@asynccontextmanager
async def writing(url: str, count: int) -> AsyncIterator[list[Writer]]:
    """Yield so many writers, each with a connection of its own."""
    if not count:
        yield []
        return
    async with connected(url) as connection, writing(url, count - 1) as others:
        yield [Writer(connection), *others]


async def begin(database: Database) -> Cursor:
    async with database.autocommit() as tx:
        return Cursor(await tx.notifications.snapshot())


async def read(
    database: Database, cursor: Cursor, limit: int = 100
) -> tuple[list[int], Cursor]:
    async with database.autocommit() as tx:
        placed, end = await tx.notifications.read(cursor, limit=limit)
    return [notice.id for notice, _ in placed], end


async def test_late_commit_is_read_although_its_id_is_small(
    database: Database, database_url: str
) -> None:
    start = await begin(database)
    async with writing(database_url, 2) as [slow, fast]:
        await slow.begin()
        early = await slow.write()
        await fast.begin()
        late = await fast.write()
        await fast.commit()

        first, cursor = await read(database, start)
        await slow.commit()
        second, end = await read(database, Cursor.parse(str(cursor)))

    assert early < late
    assert (first, second) == ([late], [early])
    assert (await read(database, end))[0] == []


async def test_changes_of_one_entity_come_in_their_order(
    database: Database, database_url: str
) -> None:
    start = await begin(database)
    async with writing(database_url, 2) as [older, younger]:
        await older.begin()  # its transaction id is the smaller one
        await younger.begin()
        first = await younger.write("7", "running")
        await younger.commit()
        second = await older.write("7", "completed")
        await older.commit()

    assert (await read(database, start))[0] == [first, second]


@pytest.mark.parametrize("seed", range(4))
async def test_whatever_the_order_of_commits_nothing_is_missed_and_nothing_twice(
    database: Database, database_url: str, seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311 - a test's course, not a secret
    cursor = await begin(database)
    told: list[int] = []
    committed: set[int] = set()
    async with writing(database_url, 5) as writers:
        open_: dict[Writer, list[int]] = {}
        for _ in range(150):
            writer = chance.choice(writers)
            act = chance.choice(["write", "write", "commit", "roll back", "read"])
            if act == "read":
                given, cursor = await read(database, cursor, limit=chance.randint(1, 4))
                cursor = Cursor.parse(str(cursor))
                told += given
            elif writer not in open_:
                await writer.begin()
                open_[writer] = []
            elif act == "write":
                open_[writer].append(await writer.write())
            elif act == "commit":
                await writer.commit()
                committed |= set(open_.pop(writer))
            else:
                await writer.roll_back()
                del open_[writer]
        for writer in open_:
            await writer.roll_back()
    given = [0]
    while given or cursor.target:
        given, cursor = await read(database, cursor, limit=3)
        told += given

    assert len(told) == len(set(told))
    assert set(told) == committed


async def test_each_cursor_on_the_way_goes_on_from_there(
    database: Database, database_url: str
) -> None:
    start = await begin(database)
    async with writing(database_url, 1) as [writer]:
        await writer.begin()
        ids = [await writer.write(str(n)) for n in range(6)]
        await writer.commit()
    async with database.autocommit() as tx:
        placed, _ = await tx.notifications.read(start, limit=4)
        for notice, cursor in placed:
            rest, _ = await tx.notifications.read(cursor, limit=100)
            assert [each.id for each, _ in rest] == [i for i in ids if i > notice.id]


async def test_filters_in_sql_are_those_of_the_domain(
    database: Database, database_url: str
) -> None:
    start = await begin(database)
    rows = [
        ("execution", "5", "created", '{"executor": 3}'),
        ("execution", "5", "running", '{"executor": 3}'),
        ("inquiry", "9", "created", '{"assigned_to": 3, "executor": 4}'),
        ("rule", "2", "updated", '{"trigger_ref": "a.b", "old_trigger_ref": "a.c"}'),
        ("event", "8", "created", '{"trigger_ref": "a.b"}'),
        ("thing", "x", "created", '["no", "object"]'),
    ]
    async with connected(database_url) as sql:
        await sql.executemany(
            "INSERT INTO attune.notification"
            " (channel, entity_type, entity, activity, content)"
            " VALUES ('x', $1, $2, $3, $4::jsonb)",
            rows,
        )
    async with database.autocommit() as tx:
        placed, _ = await tx.notifications.read(start, limit=100)
        notices: list[Notice] = [notice for notice, _ in placed]
        assert len(notices) == len(rows)
        for text in (
            "all",
            "entity_type:execution",
            "entity:execution:5",
            "user:3",
            "notification_type:execution_created",
            "notification_type:execution_status_changed",
            "notification_type:rule_updated",
            "trigger_ref:a.b",
            "trigger_ref:a.c",
        ):
            wanted = Filter.parse(text)
            found, _ = await tx.notifications.read(start, limit=100, filters=[wanted])
            matching = [each.id for each in notices if wanted.matches(each)]
            assert [each.id for each, _ in found] == matching, text
            assert matching, text
