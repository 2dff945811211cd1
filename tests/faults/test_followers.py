"""The API, which tells of everything, is killed: whoever comes back has missed nothing."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from attune.stack.stack import Stack
from tests.support.api import Person
from tests.support.database import connected
from tests.support.eventually import eventually

EXECUTIONS = 30
FILTER = "entity_type:execution"
BROKEN = (OSError, WebSocketException, httpx.HTTPError, TimeoutError)


async def by_socket(person: Person) -> AsyncIterator[tuple[int, str]]:
    """Yield numbers of notifications with their cursors, for one connection at a time."""
    url = person.stack.api_url.replace("http:", "ws:") + "/ws"
    headers = {"Authorization": person.http.headers["Authorization"]}
    last: str | None = None
    while True:
        with suppress(*BROKEN):
            async with connect(url, additional_headers=headers) as socket:
                ask = {"type": "subscribe", "filter": FILTER, "after": last}
                await socket.send(json.dumps(ask))
                async for text in socket:
                    message = json.loads(text)
                    assert message["type"] != "gap"
                    last = message.get("id", last)
                    yield message.get("notification_id", 0), str(last)
        await asyncio.sleep(0.1)


async def by_stream(person: Person) -> AsyncIterator[tuple[int, str]]:
    """Yield the same of server-sent events."""
    last = ""
    while True:
        headers = {"Last-Event-ID": last} if last else {}
        with suppress(*BROKEN):
            async with person.http.stream(
                "GET",
                "/api/v1/notifications/stream",
                params={"filter": FILTER},
                headers=headers,
            ) as response:
                async for line in response.aiter_lines():
                    name, _, value = line.partition(": ")
                    if name == "id":
                        last = value
                        yield 0, last
                    if name == "data":
                        yield json.loads(value)["notification_id"], last
        await asyncio.sleep(0.1)


async def follow(told: list[int], source: AsyncIterator[tuple[int, str]]) -> None:
    async for number, _ in source:
        told.append(number)


@pytest.mark.timeout(240)
async def test_killed_notifier_loses_nothing_and_doubles_nothing(
    stack: Stack, person: Person
) -> None:
    first = await latest_notification(stack)
    restarts = stack.restart_count("api")
    heard: list[list[int]] = [[], []]
    sources = (by_socket(person), by_stream(person))
    async with asyncio.TaskGroup() as group:
        following = [
            group.create_task(follow(told, source))
            for told, source in zip(heard, sources, strict=True)
        ]
        await eventually(lambda: all(heard))
        body = {"action_ref": "core.noop"}
        for number in range(EXECUTIONS):
            if number in {10, 20}:
                stack.kill("api")
            await person.patiently("/api/v1/executions/execute", body)
        written = await settled(stack, first)
        with suppress(AssertionError):
            await eventually(
                lambda: all(set(written) <= set(told) for told in heard), seconds=30
            )
        for task in following:
            task.cancel()

    for told in heard:
        numbers = [number for number in told if number]
        # Of different executions, who commits first is told first.
        assert sorted(numbers) == sorted(written)
        for entity in set(written.values()):
            of_one = [number for number in numbers if written[number] == entity]
            assert of_one == sorted(of_one)
    assert stack.restart_count("api") == restarts + 2


async def latest_notification(stack: Stack) -> int:
    async with connected(stack.database_url) as sql:
        found: int = await sql.fetchval(
            "SELECT coalesce(max(id), 0) FROM attune.notification"
        )
    return found


async def settled(stack: Stack, after: int) -> dict[int, str]:
    """Wait until all is over; return every later notification with its execution."""
    async with connected(stack.database_url) as sql:

        async def is_over() -> bool:
            left: int = await sql.fetchval(
                "SELECT count(*) FROM attune.execution WHERE finished_at IS NULL"
            )
            return not left

        await eventually(is_over, seconds=120)
        rows = await sql.fetch(
            "SELECT id, entity FROM attune.notification"
            " WHERE entity_type = 'execution' AND id > $1",
            after,
        )
    return {row["id"]: row["entity"] for row in rows}
