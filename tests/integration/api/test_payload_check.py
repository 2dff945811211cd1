"""Payloads that are not what their trigger says: refused, marked, or let be."""

from collections.abc import Callable, Coroutine
from typing import Any

import asyncpg
import httpx
import pytest

from attune.domain.permission import TokenType
from tests.integration.api.defining import Workshop, make_workshop
from tests.integration.api.people import Api

SCHEMA = {
    "n": {"type": "integer", "required": True},
    "card": {"type": "string", "secret": True, "maxLength": 4},
}
WRONG = {"n": "one", "card": "4111 1111"}
PROBLEMS = [
    "payload.n: must be of type integer",
    "payload.card: must have at most 4 characters",
]


@pytest.fixture
async def shop(api: Api) -> Workshop:
    return await make_workshop(api)


async def make_trigger(shop: Workshop, check: str | None) -> str:
    """Make a trigger with an open webhook and return the path of it."""
    chosen = {} if check is None else {"payload_check": check}
    return await shop.webhook(out_schema=SCHEMA, **chosen)


async def direct(shop: Workshop, _: str, payload: Any) -> httpx.Response:
    body = {"trigger_ref": f"{shop.pack.ref}.fired", "payload": payload}
    return await shop.send("POST", "/events", body)


async def by_sensor(shop: Workshop, _: str, payload: Any) -> httpx.Response:
    ref = f"{shop.pack.ref}.fired"
    headers = shop.api.headers(
        TokenType.SENSOR, None, login="sensor:s", trigger_types=[ref]
    )
    body = {"trigger_ref": ref, "payload": payload}
    return await shop.api.client.post("/api/v1/events", json=body, headers=headers)


async def by_webhook(shop: Workshop, path: str, payload: Any) -> httpx.Response:
    return await shop.api.client.post(path, json=payload)


Way = Callable[[Workshop, str, Any], Coroutine[Any, Any, httpx.Response]]
WAYS = [direct, by_sensor, by_webhook]


@pytest.mark.parametrize("send", WAYS)
async def test_a_trigger_refuses_what_its_events_never_hold(
    shop: Workshop, send: Way, sql: asyncpg.Connection
) -> None:
    path = await make_trigger(shop, "refuse")

    refused = await send(shop, path, WRONG)
    missing = await send(shop, path, {})
    accepted = await send(shop, path, {"n": 1, "more": "is welcome"})

    assert refused.status_code == 422
    assert sorted(refused.json()["details"]["problems"]) == sorted(PROBLEMS)
    assert "4111" not in refused.text
    assert missing.status_code == 422
    assert accepted.is_success
    assert await sql.fetchval("SELECT count(*) FROM attune.event") == 1


@pytest.mark.parametrize("send", WAYS)
@pytest.mark.parametrize("check", [None, "mark", "off"])
async def test_a_trigger_marks_or_lets_be(
    shop: Workshop, send: Way, check: str | None
) -> None:
    path = await make_trigger(shop, check)
    await shop.action()
    await shop.rule()

    answer = await send(shop, path, WRONG)

    assert answer.is_success, answer.text
    [listed] = (await shop.get("/events"))["items"]
    shown = await shop.get(f"/events/{listed['id']}")
    wanted = [] if check == "off" else PROBLEMS
    assert sorted(shown["payload_problems"]) == sorted(wanted)
    assert listed["has_payload_problems"] is bool(wanted)
    assert shown["matches"][0]["matched"] is True


async def test_the_check_is_changed_at_once(shop: Workshop) -> None:
    path = await make_trigger(shop, None)
    ref = f"{shop.pack.ref}.fired"
    before = await by_webhook(shop, path, WRONG)

    changed = await shop.put(f"/triggers/{ref}", {"payload_check": "refuse"})
    strict = await by_webhook(shop, path, WRONG)
    await shop.put(f"/triggers/{ref}", {"out_schema": {}})
    loose = await by_webhook(shop, path, WRONG)
    unknown = await shop.send("PUT", f"/triggers/{ref}", {"payload_check": "maybe"})

    assert changed["payload_check"] == "refuse"
    assert [a.status_code for a in (before, strict, loose)] == [200, 422, 200]
    assert unknown.status_code == 422


async def test_a_delivery_that_was_taken_stays_taken(shop: Workshop) -> None:
    path = await make_trigger(shop, None)
    headers = {"Idempotency-Key": "d-1"}

    first = await shop.api.client.post(path, json=WRONG, headers=headers)
    await shop.put(f"/triggers/{shop.pack.ref}.fired", {"payload_check": "refuse"})
    again = await shop.api.client.post(path, json=WRONG, headers=headers)
    other = await shop.api.client.post(path, json=[], headers=headers)
    fresh = await shop.api.client.post(path, json=WRONG)

    assert [a.status_code for a in (first, again, other, fresh)] == [200, 200, 409, 422]
    assert again.json()["event_id"] == first.json()["event_id"]
