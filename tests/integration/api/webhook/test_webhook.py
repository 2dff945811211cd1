"""Webhooks as the world calls them: what passes, what is kept."""

import asyncio
import json
from typing import Any

import asyncpg
import pytest

from tests.integration.api.defining import Workshop, statuses
from tests.integration.api.people import grant
from tests.integration.api.webhook.calling import (
    event_of,
    post,
    stored,
)


async def test_a_delivery_is_answered_flat_and_enveloped(
    shop: Workshop, path: str
) -> None:
    answer = await shop.api.client.post(path, json={"payload": {"n": 1}})

    flat = answer.json()
    enveloped = flat.pop("data")
    assert flat == enveloped
    assert flat.keys() == {"event_id", "trigger_ref", "received_at", "message"}
    assert flat["trigger_ref"] == f"{shop.pack.ref}.fired"
    event = await event_of(shop, answer)
    assert event["payload"] == {"n": 1}
    assert event["source_ref"] == "webhook"
    assert event["config"]["source"] == "webhook"
    assert event["config"]["webhook_key"] == path.rpartition("/")[2]
    assert event["config"]["received_at"] == flat["received_at"]
    assert event["config"]["source_ip"] == "127.0.0.1"
    assert event["config"]["hmac_verified"] is False
    assert event["config"]["user_agent"].startswith("python-httpx")


@pytest.mark.parametrize(
    ("body", "payload"),
    [
        ({"a": {"b": [1, None]}}, {"a": {"b": [1, None]}}),
        ({"payload": [1, 2]}, [1, 2]),
        ({"payload": {"x": 1}, "headers": {}, "source_ip": "1.2.3.4"}, {"x": 1}),
        ({"payload": {"x": 1}, "id": 7}, {"payload": {"x": 1}, "id": 7}),
        ([1, 2], [1, 2]),
        ("text", "text"),
        (7, 7),
        ({}, {}),
        ({"payload": None}, {}),
    ],
    ids=str,
)
async def test_a_body_is_wrapped_or_is_the_payload(
    shop: Workshop, path: str, body: Any, payload: Any
) -> None:
    answer = await post(shop, path, json.dumps(body).encode())

    assert (await event_of(shop, answer))["payload"] == payload


async def test_what_a_relay_reports_stands_apart_from_what_was_seen(
    shop: Workshop, path: str
) -> None:
    body = {
        "payload": {},
        "headers": {"X-Kind": "push", "Authorization": "canary"},
        "source_ip": "203.0.113.9",
        "user_agent": "relay",
    }

    event = await event_of(shop, await shop.api.client.post(path, json=body))

    assert event["config"]["source_ip"] == "127.0.0.1"
    assert event["config"]["reported"] == {
        "headers": {"x-kind": "push"},
        "source_ip": "203.0.113.9",
        "user_agent": "relay",
    }


async def test_no_secret_of_a_request_is_kept(
    shop: Workshop, path: str, sql: asyncpg.Connection
) -> None:
    secrets = {
        name: f"canary-{name}"
        for name in (
            "Authorization",
            "Cookie",
            "X-Api-Key",
            "X-Gitlab-Token",
            "X-Hub-Signature-256",
            "X-Webhook-Signature",
            "X-My-Secret",
            "Proxy-Authorization",
            "X-Auth",
            "X-Session-Id",
            "X-Password",
        )
    }
    answer = await shop.api.client.post(
        f"{path}?token=canary-query",
        json={"n": 1},
        headers=secrets | {"X-GitHub-Event": "push"},
    )

    event = await event_of(shop, answer)
    rows = await sql.fetch("SELECT e::text FROM attune.event AS e")
    notes = await sql.fetch("SELECT n::text FROM attune.notification AS n")

    assert event["config"]["headers"]["x-github-event"] == "push"
    assert "canary" not in str(rows + notes)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b" ", 400),
        (b"{", 400),
        (b"not json", 400),
        (b'{"a": NaN}', 400),
        (b"\xff\xfe{\x00}\x00", 400),
        (b"\xef\xbb\xbf{}", 400),
        (b'{"a": "\xff"}', 400),
        (b'{"a": "\x01"}', 400),
        (b'{"a": 1e400}', 422),
        (b'{"a": "\\u0000"}', 422),
        (b'{"a": "\\ud800"}', 422),
        (b'{"a": ' + b"9" * 5000 + b"}", 400),
        (b"[" * 100 + b"]" * 100, 400),
        (b"  [" * 100_000, 400),
        (b"[" + b"1," * 20_000 + b"1]", 422),
        (b'"' + b"x" * 1_100_000 + b'"', 413),
    ],
    ids=lambda value: str(value)[:24],
)
async def test_a_body_that_cannot_be_read_is_refused(
    shop: Workshop, path: str, body: bytes, status: int, sql: asyncpg.Connection
) -> None:
    answer = await post(shop, path, body)

    assert answer.status_code == status, answer.text
    assert answer.json()["error"]
    assert await stored(sql) == 0


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("application/json", 200),
        ("application/json; charset=utf-8", 200),
        ("application/cloudevents+json", 200),
        ("text/plain; charset=UTF-8", 200),
        ("application/x-www-form-urlencoded", 200),
        ("application/xml", 415),
        ("application/json; charset=utf-16", 415),
    ],
)
async def test_a_body_says_what_it_is(
    shop: Workshop, path: str, kind: str, status: int
) -> None:
    answer = await post(shop, path, b'{"n": 1}', Content_Type=kind)

    assert answer.status_code == status


async def test_a_body_may_say_nothing_of_its_kind(shop: Workshop, path: str) -> None:
    answer = await shop.api.client.post(path, content=b'{"n": 1}')

    assert answer.status_code == 200


@pytest.mark.parametrize("key", ["wh_" + "0" * 32, "x", "%00", "é", "a" * 300])
async def test_an_unknown_key_is_not_found(shop: Workshop, key: str) -> None:
    answer = await shop.api.client.post(f"/api/v1/webhooks/{key}", json={})

    assert answer.status_code == 404
    assert key not in answer.text


@pytest.mark.parametrize("switch", ["webhooks/disable", "disable"])
async def test_a_closed_webhook_is_not_found_at_once(
    shop: Workshop, path: str, switch: str
) -> None:
    ref = f"{shop.pack.ref}.fired"
    before = await shop.api.client.post(path, json={})

    await shop.post(f"/triggers/{ref}/{switch}") if switch == "disable" else (
        await shop.send("POST", f"/triggers/{ref}/{switch}")
    )
    after = await shop.api.client.post(path, json={})

    assert (before.status_code, after.status_code) == (200, 404)


async def test_ten_deliveries_of_one_id_are_one_event(
    shop: Workshop, path: str, sql: asyncpg.Connection
) -> None:
    await shop.action()
    await shop.rule()

    answers = await asyncio.gather(
        *(post(shop, path, b'{"n": 1}', X_GitHub_Delivery="d-1") for _ in range(10))
    )

    assert statuses(answers) == {200: 10}
    assert len({a.json()["event_id"] for a in answers}) == 1
    assert await stored(sql) == 1
    assert await sql.fetchval("SELECT count(*) FROM attune.execution") == 1


@pytest.mark.parametrize(
    "name",
    ["Idempotency-Key", "X-GitHub-Delivery", "webhook-id", "x-gitlab-event-uuid"],
)
async def test_an_id_with_another_body_is_refused(
    shop: Workshop, path: str, name: str
) -> None:
    first = await post(shop, path, b'{"n": 1}', **{name: "d-1"})
    again = await post(shop, path, b'{"n": 1}', **{name: "d-1"})
    other = await post(shop, path, b'{"n": 2}', **{name: "d-1"})
    fresh = await post(shop, path, b'{"n": 2}', **{name: "d" * 2000})

    assert [a.status_code for a in (first, again, other, fresh)] == [200, 200, 409, 200]
    assert again.json()["event_id"] == first.json()["event_id"]


async def test_a_sender_cannot_take_the_keys_of_a_caller(
    shop: Workshop, path: str
) -> None:
    headers = shop.who.headers | {"Idempotency-Key": "k"}
    body = {"trigger_ref": f"{shop.pack.ref}.fired", "payload": {"n": 1}}

    emitted = await shop.api.client.post("/api/v1/events", json=body, headers=headers)
    delivered = await post(shop, path, b'{"n": 2}', Idempotency_Key="k")

    assert (emitted.status_code, delivered.status_code) == (201, 200)


async def test_a_delivery_starts_what_its_rules_say(
    shop: Workshop, path: str, sql: asyncpg.Connection
) -> None:
    await shop.action()
    for name, expression in (("a", "{{ event.payload.n > 1 }}"), ("b", "{{ false }}")):
        await shop.rule(
            name,
            conditions={"expression": expression},
            action_params={"n": "{{ event.payload.n }}"},
        )

    await shop.api.client.post(path, json={"n": 2})

    rows = await sql.fetch(
        "SELECT rule_ref, status::text, config FROM attune.execution"
    )
    assert [(r["rule_ref"], r["status"], json.loads(r["config"])) for r in rows] == [
        (f"{shop.pack.ref}.a", "requested", {"n": 2})
    ]


async def test_readers_of_events_do_not_learn_the_address(
    shop: Workshop, path: str
) -> None:
    answer = await shop.api.client.post(path, json={})
    reader = await shop.api.person([grant("events", "read")])

    shown = await shop.send("GET", f"/events/{answer.json()['event_id']}", who=reader)

    assert shown.status_code == 200
    assert shown.json()["data"]["config"]["webhook_key"] == "***"
    assert path.rpartition("/")[2] not in shown.text
