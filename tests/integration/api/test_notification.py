"""Notifications over HTTP: listed and streamed; and what following survives (G14)."""

import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from fastapi import FastAPI

from attune.api.app import create_app
from attune.config_groups import NotifierSettings
from attune.db.database import Database
from attune.domain.execution import ExecutionStatus
from attune.services.notification.tail import KEPT, Tail
from tests.integration.api.conftest import make_settings
from tests.integration.api.people import Person, grant
from tests.integration.api.socket_client import (
    PATIENCE_SECONDS,
    Served,
    opened,
    served_api,
)
from tests.support.builders import make_action, make_execution, make_pack
from tests.support.database import connected
from tests.support.eventually import eventually

KILL_LISTENERS = """
    SELECT count(pg_terminate_backend(pid))
    FROM pg_stat_activity
    WHERE application_name = 'attune listener' AND datname = current_database()
"""
WRITE_MANY = """
    INSERT INTO attune.notification (channel, entity_type, entity, activity, content)
    SELECT 'thing', 'thing', n::text, 'made', jsonb_build_object('x', repeat('y', 7000))
    FROM generate_series(1, 4000) AS n
"""


@pytest.fixture
def app(database_url: str) -> FastAPI:
    settings = make_settings(database_url)
    notifier = NotifierSettings(send_timeout_seconds=1)
    return create_app(settings.model_copy(update={"notifier": notifier}))


@pytest.fixture
async def served(app: FastAPI, database: Database) -> AsyncIterator[Served]:
    async with served_api(app, database) as served:
        yield served


async def executions(database: Database, count: int) -> list[int]:
    async with database.transaction() as tx:
        action = await make_action(tx)
        return [(await make_execution(tx, action)).id for _ in range(count)]


@asynccontextmanager
async def streaming(
    served: Served, who: Person, *filters: str, last: str | None = None
) -> AsyncIterator[AsyncIterator[dict[str, str]]]:
    """Open a stream; yields its events as fields, comments left out."""
    headers = who.headers | ({} if last is None else {"Last-Event-ID": last})
    query = {"filter": list(filters)}
    path = "/api/v1/notifications/stream"
    async with served.api.client.stream(
        "GET", path, params=query, headers=headers
    ) as response:
        assert response.status_code == 200
        yield _events(response.aiter_lines())


async def _events(lines: AsyncIterator[str]) -> AsyncIterator[dict[str, str]]:
    fields: dict[str, str] = {}
    async for line in lines:
        name, _, value = line.partition(": ")
        if not line and fields:
            yield fields
            fields = {}
        elif name:
            fields[name] = value


async def take(events: AsyncIterator[dict[str, str]], count: int) -> list[Any]:
    """Return so many notifications, each with the id of its event."""
    found: list[Any] = []
    async with asyncio.timeout(PATIENCE_SECONDS):
        while len(found) < count:
            event = await anext(events)
            if "data" in event:
                document = json.loads(event["data"])
                assert document["id"] == event["id"]
                found.append(document)
    return found


async def test_list_shows_the_newest_of_what_the_caller_may_see(
    served: Served, database: Database
) -> None:
    reader = await served.api.person([grant("executions", "read")])
    ids = await executions(database, 3)

    async def listed(**query: Any) -> Any:
        answer = await served.api.client.get(
            "/api/v1/notifications", params=query, headers=reader.headers
        )
        assert answer.status_code == 200, answer.text
        return answer.json()

    found = await listed(filter=["entity_type:execution", "entity_type:pack"], limit=2)
    everything = await listed(include_total=True)

    assert [each["entity_id"] for each in found["items"]] == [ids[2], ids[1]]
    assert found["pagination"]["has_next"]
    first = found["items"][0]
    assert first["notification_type"] == "execution_created"
    assert (first["state"], first["payload"]["status"]) == ("created", "requested")
    # Besides the executions, the reader's own identity.
    assert everything["pagination"]["total_items"] == 4
    assert (await listed(state="error"))["items"] == []


async def test_what_cannot_be_a_filter_is_refused(served: Served) -> None:
    reader = await served.api.person()
    for query in ({"filter": "nonsense"}, {"filter": f"user:{reader.id + 1}"}):
        for path in ("/api/v1/notifications", "/api/v1/notifications/stream"):
            answer = await served.api.client.get(
                path, params=query, headers=reader.headers
            )
            assert answer.status_code in {403, 422}, answer.text


async def test_stream_goes_on_after_the_last_event(
    served: Served, database: Database
) -> None:
    reader = await served.api.person([grant("executions", "read")])
    async with streaming(served, reader, "entity_type:execution") as events:
        start = await anext(events)
        first = await executions(database, 2)
        [one, _] = await take(events, 2)
    missed = await executions(database, 2)
    cursor = one["id"]
    async with streaming(
        served, reader, "entity_type:execution", "all", last=cursor
    ) as events:
        again = await take(events, 3)
    async with streaming(
        served, reader, "entity_type:execution", last=start["id"]
    ) as events:
        whole = await take(events, 4)

    assert "data" not in start
    assert [each["entity_id"] for each in again] == [first[1], *missed]
    assert [each["entity_id"] for each in whole] == [*first, *missed]


async def test_lost_listeners_lose_nothing(
    served: Served, database: Database, database_url: str
) -> None:
    person = await served.api.administrator()
    async with opened(served.address, person.headers) as socket:
        await socket.subscribe("entity_type:execution")
        async with connected(database_url) as sql:
            assert await sql.fetchval(KILL_LISTENERS) >= 2
        ids = await executions(database, 3)
        told = await socket.told(3)

    assert [each["entity_id"] for each in told] == ids


async def test_thousand_changes_at_once_are_all_told_in_order(
    served: Served, database: Database, database_url: str
) -> None:
    person = await served.api.administrator()
    ids = await executions(database, 8)
    statuses = [ExecutionStatus.SCHEDULED, ExecutionStatus.RUNNING] * 63

    async def change(mine: list[int]) -> None:
        async with connected(database_url) as sql:
            for status in statuses:
                for execution_id in mine:
                    await sql.execute(
                        "UPDATE attune.execution SET status = $1 WHERE id = $2",
                        status,
                        execution_id,
                    )

    async with opened(served.address, person.headers) as socket:
        await socket.subscribe("notification_type:execution_status_changed")
        writing = asyncio.gather(*(change(ids[n::4]) for n in range(4)))
        told = await socket.told(len(ids) * len(statuses))
        await writing

    heard = defaultdict(list)
    for each in told:
        heard[each["entity_id"]].append(each["activity"])
    assert len({each["notification_id"] for each in told}) == len(told)
    assert heard == {number: [str(status) for status in statuses] for number in ids}


async def test_reader_that_never_reads_is_dropped_and_harms_nobody(
    served: Served, database_url: str
) -> None:
    person = await served.api.administrator()
    tail: Tail = served.api.app.state.by_type[Tail]
    async with (
        opened(
            served.address, person.headers, max_queue=1, close_timeout=0.1
        ) as silent,
        opened(served.address, person.headers) as eager,
    ):
        await silent.say(type="subscribe", filter="all")
        await eager.subscribe("entity_type:thing")
        async with connected(database_url) as sql:
            await sql.execute(WRITE_MANY)
        told = await eager.told(4000)
        await eventually(lambda: tail.follower_count == 1, seconds=20)
        kept = len(tail._kept)
        with pytest.raises(AssertionError):
            await eventually(lambda: tail.follower_count == 0, seconds=0.1)

    assert [each["entity_id"] for each in told] == list(range(1, 4001))
    assert kept <= KEPT


async def test_large_payload_is_inserted_and_told_of_by_its_keys(
    served: Served, database: Database, database_url: str
) -> None:
    person = await served.api.administrator()
    async with database.transaction() as tx:
        pack = await make_pack(tx)
    async with opened(served.address, person.headers) as socket:
        await socket.subscribe("entity_type:event")
        await socket.subscribe("entity_type:thing")
        async with connected(database_url) as sql:
            event_id = await sql.fetchval(
                "INSERT INTO attune.event (trigger_ref, payload)"
                " VALUES ($1, to_jsonb(repeat('x', 1000000))) RETURNING id",
                f"{pack.ref}.fired",
            )
            large = await sql.fetchval(
                "INSERT INTO attune.notification"
                " (channel, entity_type, entity, activity, content) VALUES"
                " ('a', 'thing', '1', 'made', to_jsonb(repeat('x', 1000000)))"
                " RETURNING id"
            )
            await sql.execute(
                "INSERT INTO attune.notification"
                " (channel, entity_type, entity, activity, content)"
                " VALUES ('a', 'thing', '2', 'made', '{}')"
            )
            state = await sql.fetchval(
                "SELECT state FROM attune.notification WHERE id = $1", large
            )
        [event, thing] = await socket.told(2)

    assert event["entity_id"] == event_id
    # Nobody can be sent so much; the list shows that there is one.
    assert (thing["entity_id"], state) == (2, "error")
