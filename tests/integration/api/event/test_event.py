"""Events and enforcements over HTTP: what is one event, and what came of it."""

import asyncio
from typing import Any

import asyncpg
import pytest

from tests.integration.api.defining import (
    Workshop,
    statuses,
)
from tests.integration.api.event.emitting import emit
from tests.integration.api.shapes import assert_shape

SUMMARY = {
    "created": str,
    "has_payload": bool,
    "id": int,
    "rule": int | None,
    "rule_ref": str | None,
    "source": int | None,
    "source_ref": str | None,
    "trace_tag": str | None,
    "trigger": int | None,
    "trigger_ref": str,
}

RESPONSE = {name: kind for name, kind in SUMMARY.items() if name != "has_payload"} | {
    "config": dict,
    "payload": dict,
}

ENFORCEMENT_SUMMARY = {
    "condition": str,
    "created": str,
    "event": int | None,
    "id": int,
    "rule": int | None,
    "rule_ref": str,
    "status": str,
    "trace_tag": str | None,
    "trigger_ref": str,
}

ENFORCEMENT = ENFORCEMENT_SUMMARY | {
    "conditions": dict,
    "config": dict,
    "payload": dict,
    "resolved_at": str | None,
}


async def count(sql: asyncpg.Connection, table: str) -> int:
    found: int = await sql.fetchval(f"SELECT count(*) FROM attune.{table}")  # noqa: S608 - our own table
    return found


async def test_an_emitted_event_has_every_field_of_the_contract(
    shop: Workshop,
) -> None:
    body = {
        "trigger_ref": f"{shop.pack.ref}.fired",
        "payload": {"a": [1, {"b": None}], "big": 2**60, "é": "✓"},
        "config": {"device": "door", "snapshot": "forged"},
        "trace_tag": "t-1",
        "unknown": "ignored",
    }

    answer = await shop.send("POST", "/events", body)

    assert answer.status_code == 201, answer.text
    made = answer.json()["data"]
    assert_shape(made, RESPONSE)
    assert made["payload"] == body["payload"]
    assert made["trace_tag"] == "t-1"
    assert made["config"]["device"] == "door"
    assert made["config"]["emitted_by"] == {
        "login": shop.who.login,
        "token_type": "access",
    }
    assert made["config"]["snapshot"]["trigger"]["ref"] == made["trigger_ref"]
    assert await shop.get(f"/events/{made['id']}") == made


@pytest.mark.parametrize(
    "payload", [{}, {"a": 1}, [1, 2], "text", 3, 1.5, True, [], {"payload": {}}]
)
async def test_a_payload_is_any_json(shop: Workshop, payload: Any) -> None:
    made = await emit(shop, payload=payload)

    assert (await shop.get(f"/events/{made['id']}"))["payload"] == payload


async def test_no_payload_is_an_empty_one(shop: Workshop) -> None:
    without = await emit(shop)
    null = await emit(shop, payload=None)
    full = await emit(shop, payload={"a": 1})

    listed = {e["id"]: e["has_payload"] for e in (await shop.get("/events"))["items"]}

    assert (without["payload"], null["payload"]) == ({}, {})
    assert listed == {without["id"]: False, null["id"]: False, full["id"]: True}


async def test_events_are_listed_newest_first_without_totals(shop: Workshop) -> None:
    ids = [(await emit(shop, trace_tag=f"t{n % 2}"))["id"] for n in range(6)]

    listed = await shop.get("/events", per_page=4)
    counted = await shop.get("/events", per_page=4, page=2, include_total=True)
    tagged = await shop.get("/events", trace_tag="t1")

    assert [e["id"] for e in listed["items"]] == ids[::-1][:4]
    assert_shape(listed["items"][0], SUMMARY)
    assert listed["pagination"] == {
        "page": 1,
        "page_size": 4,
        "has_previous": False,
        "has_next": True,
    }
    assert counted["pagination"] == {
        "page": 2,
        "page_size": 4,
        "total_items": 6,
        "total_pages": 2,
        "has_previous": True,
        "has_next": False,
    }
    assert [e["id"] for e in tagged["items"]] == ids[1::2][::-1]


async def test_a_thousand_events_fit_on_one_page(
    shop: Workshop, sql: asyncpg.Connection
) -> None:
    await sql.execute(
        "INSERT INTO attune.event (trigger_ref)"
        " SELECT $1 FROM generate_series(1, 1005)",
        f"{shop.pack.ref}.fired",
    )

    listed = await shop.get("/events", per_page=1000)
    clamped = await shop.get("/events", limit=5000)

    assert len(listed["items"]) == 1000
    assert listed["pagination"]["page_size"] == 1000
    assert len(clamped["items"]) == 1000


async def test_events_are_filtered_by_what_they_came_from(shop: Workshop) -> None:
    await shop.trigger("other")
    rule = await shop.rule()
    aimed = await emit(shop, trigger_instance_id=f"rule_{rule['id']}")
    other = await emit(shop, trigger_ref=f"{shop.pack.ref}.other")

    async def found(**query: Any) -> list[int]:
        return [e["id"] for e in (await shop.get("/events", **query))["items"]]

    assert await found(trigger=aimed["trigger"]) == [aimed["id"]]
    assert await found(trigger_ref=f"{shop.pack.ref}.other") == [other["id"]]
    assert await found(rule_ref=rule["ref"]) == [aimed["id"]]
    assert await found(source=2**62) == []


async def test_an_event_makes_one_enforcement_for_each_rule_that_matches(
    shop: Workshop,
) -> None:
    for name, expression in (("yes", "{{ true }}"), ("no", "{{ false }}")):
        await shop.rule(
            name,
            conditions={"expression": expression},
            action_params={
                "n": "{{ event.payload.n }}",
                "text": "n={{ event.payload.n }}",
            },
        )

    event = await emit(shop, payload={"n": 7}, trace_tag="t")
    listed = await shop.get("/enforcements", event=event["id"])
    enforcement = await shop.get(f"/enforcements/{listed['items'][0]['id']}")
    started = await shop.get(f"/enforcements/{enforcement['id']}/executions")

    assert len(listed["items"]) == 1
    assert_shape(listed["items"][0], ENFORCEMENT_SUMMARY)
    assert "total_items" not in listed["pagination"]
    assert_shape(enforcement, ENFORCEMENT)
    assert enforcement["rule_ref"] == f"{shop.pack.ref}.yes"
    assert enforcement["config"] == {"n": 7, "text": "n=7"}
    assert enforcement["payload"] == {"n": 7}
    assert enforcement["status"] == "processed"
    assert enforcement["resolved_at"]
    assert enforcement["trace_tag"] == "t"
    assert [e["enforcement"] for e in started["items"]] == [enforcement["id"]]
    shown = {m["rule_ref"]: m["matched"] for m in event["matches"]}
    assert shown == {f"{shop.pack.ref}.yes": True, f"{shop.pack.ref}.no": False}


async def test_enforcements_are_filtered(shop: Workshop) -> None:
    one, two = await shop.rule("one"), await shop.rule("two")
    event = await emit(shop, trace_tag="t")

    async def found(**query: Any) -> list[str]:
        listed = await shop.get("/enforcements", **query)
        return sorted(e["rule_ref"] for e in listed["items"])

    both = sorted([one["ref"], two["ref"]])
    assert await found(event=event["id"]) == both
    assert await found(rule=one["id"]) == [one["ref"]]
    assert await found(rule_ref=two["ref"]) == [two["ref"]]
    assert await found(trigger_ref=f"{shop.pack.ref}.fired") == both
    assert await found(status="processed", trace_tag="t") == both
    assert await found(status="created") == []
    counted = await shop.get("/enforcements", include_total=True, per_page=1)
    assert counted["pagination"]["total_items"] == 2


async def test_an_event_for_one_rule_is_offered_to_that_rule_alone(
    shop: Workshop,
) -> None:
    one = await shop.rule("one")
    await shop.rule("two")

    event = await emit(shop, trigger_instance_id=f"rule_{one['id']}")
    listed = await shop.get("/enforcements", event=event["id"])

    assert (event["rule"], event["rule_ref"]) == (one["id"], one["ref"])
    assert [e["rule_ref"] for e in listed["items"]] == [one["ref"]]


async def test_an_event_for_a_rule_of_another_trigger_is_refused(
    shop: Workshop,
) -> None:
    rule = await shop.rule()
    await shop.trigger("other")
    body = {"trigger_ref": f"{shop.pack.ref}.other"}

    for instance in (f"rule_{rule['id']}", "rule_999999", f"rule_{10**18}"):
        answer = await shop.send(
            "POST", "/events", body | {"trigger_instance_id": instance}
        )
        assert answer.status_code == 422
    odd = await shop.send("POST", "/events", body | {"trigger_instance_id": "rule_x"})
    assert odd.status_code == 201


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"trigger_ref": "no.such"}, 404),
        ({"trigger_ref": ""}, 422),
        ({"trigger_ref": None}, 422),
        ({"config": []}, 422),
        ({"trace_tag": "x" * 256}, 422),
        ({"payload": {"a": "\x00"}}, 422),
    ],
    ids=["unknown", "empty", "null", "config", "tag", "nul"],
)
async def test_what_cannot_be_meant_is_refused(
    shop: Workshop, change: dict[str, Any], status: int, sql: asyncpg.Connection
) -> None:
    body = {"trigger_ref": f"{shop.pack.ref}.fired"} | change

    answer = await shop.send("POST", "/events", body)

    assert answer.status_code == status, answer.text
    assert await count(sql, "event") == 0


async def test_ten_posts_of_one_key_are_one_event(
    shop: Workshop, sql: asyncpg.Connection
) -> None:
    await shop.rule()
    body = {"trigger_ref": f"{shop.pack.ref}.fired", "payload": {"n": 1}}
    headers = shop.who.headers | {"Idempotency-Key": "order-1"}

    answers = await asyncio.gather(
        *(
            shop.api.client.post("/api/v1/events", json=body, headers=headers)
            for _ in range(10)
        )
    )

    assert statuses(answers) == {201: 10}
    assert len({a.json()["data"]["id"] for a in answers}) == 1
    assert await count(sql, "event") == 1
    assert await count(sql, "enforcement") == 1
    assert await count(sql, "execution") == 1


async def test_a_key_with_another_body_is_refused(shop: Workshop) -> None:
    headers = shop.who.headers | {"Idempotency-Key": "order-1"}
    body = {"trigger_ref": f"{shop.pack.ref}.fired"}

    first = await shop.api.client.post(
        "/api/v1/events", json=body | {"payload": {"n": 1}}, headers=headers
    )
    other = await shop.api.client.post(
        "/api/v1/events", json=body | {"payload": {"n": 2}}, headers=headers
    )

    assert (first.status_code, other.status_code) == (201, 409)
    assert other.json()["code"] == "CONFLICT"


async def test_a_key_belongs_to_whoever_used_it(shop: Workshop) -> None:
    ann = await shop.api.administrator()
    body = {"trigger_ref": f"{shop.pack.ref}.fired"}

    answers = [
        await shop.api.client.post(
            "/api/v1/events",
            json=body,
            headers=who.headers | {"Idempotency-Key": "k" * 255},
        )
        for who in (shop.who, ann)
    ]

    assert statuses(answers) == {201: 2}
    assert len({a.json()["data"]["id"] for a in answers}) == 2


@pytest.mark.parametrize("key", ["", "k" * 256])
async def test_a_key_has_a_length(shop: Workshop, key: str) -> None:
    answer = await shop.api.client.post(
        "/api/v1/events",
        json={"trigger_ref": f"{shop.pack.ref}.fired"},
        headers=shop.who.headers | {"Idempotency-Key": key},
    )

    assert answer.status_code == 422


@pytest.mark.parametrize("path", ["/events", "/enforcements"])
@pytest.mark.parametrize("number", ["0", "-1", "1_0", "x", str(2**63), "9" * 30])
async def test_an_id_that_is_none_is_not_found(
    shop: Workshop, path: str, number: str
) -> None:
    assert (await shop.send("GET", f"{path}/{number}")).status_code == 404
