import asyncio
from collections.abc import AsyncIterator

import pytest

from attune.db.listener import WAKE_UP, Listener, Message
from tests.integration.db.plain_sql import Sql

SECONDS = 10


async def _next(messages: AsyncIterator[Message]) -> Message:
    return await asyncio.wait_for(anext(messages), SECONDS)


@pytest.fixture
async def messages(database_url: str) -> AsyncIterator[AsyncIterator[Message]]:
    """What a listener on two channels brings."""
    iteration = Listener(database_url, ["one", "two"]).__aiter__()
    yield iteration
    await iteration.aclose()  # type: ignore[attr-defined]  # it is a generator


async def test_listener_begins_with_a_wake_up(
    messages: AsyncIterator[Message],
) -> None:
    assert await _next(messages) == WAKE_UP


async def test_listener_brings_messages_in_order(
    messages: AsyncIterator[Message], sql: Sql
) -> None:
    await _next(messages)

    await sql.execute("NOTIFY one, 'a'; NOTIFY other, 'x'; NOTIFY two, 'b'")

    assert await _next(messages) == ("one", "a")
    assert await _next(messages) == ("two", "b")


async def test_lost_connection_is_a_wake_up(
    messages: AsyncIterator[Message], sql: Sql
) -> None:
    await _next(messages)

    await sql.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE application_name = 'attune listener'"
    )

    assert await _next(messages) == WAKE_UP
    await sql.execute("NOTIFY one, 'again'")
    assert await _next(messages) == ("one", "again")


async def test_reader_that_is_too_slow_gets_a_wake_up(
    database_url: str, sql: Sql
) -> None:
    messages = Listener(database_url, ["one"], queue_size=3).__aiter__()
    assert await _next(messages) == WAKE_UP
    # So many that they come together, before anything can be read in between.
    await sql.execute(
        "SELECT pg_notify('one', number::text) FROM generate_series(1, 100) number"
    )

    while await _next(messages) != WAKE_UP:
        pass

    await sql.execute("NOTIFY one, 'last'")
    while await _next(messages) != ("one", "last"):
        pass
    await messages.aclose()  # type: ignore[attr-defined]  # it is a generator


async def test_nobody_home_is_tried_again() -> None:
    nowhere = "postgresql://attune@127.0.0.1:1/attune"

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(anext(Listener(nowhere, ["one"]).__aiter__()), 0.5)
