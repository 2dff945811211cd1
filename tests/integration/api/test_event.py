"""Events and enforcements over HTTP: who may emit, what is one event, who sees it."""

import asyncio
from typing import Any

import asyncpg
import pytest

from attune.db.models import Sensor
from attune.domain.permission import TokenType
from tests.integration.api.defining import (
    Workshop,
    make_private_pack,
    make_workshop,
    statuses,
)
from tests.integration.api.people import Api, Person, grant
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


@pytest.fixture
async def shop(api: Api) -> Workshop:
    """A workshop with a trigger `fired` and an action `work`."""
    shop = await make_workshop(api)
    await shop.trigger()
    await shop.action()
    return shop


async def emit(shop: Workshop, **fields: Any) -> Any:
    return await shop.post(
        "/events", {"trigger_ref": f"{shop.pack.ref}.fired"} | fields
    )


def sensor(shop: Workshop, *trigger_refs: str) -> Person:
    headers = shop.api.headers(
        TokenType.SENSOR, None, login="sensor:s", trigger_types=list(trigger_refs)
    )
    return Person(0, "sensor:s", headers)


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


async def test_a_sensor_emits_its_triggers_and_no_others(shop: Workshop) -> None:
    ref = f"{shop.pack.ref}.fired"
    other = await shop.trigger("other")
    async with shop.api.database.transaction() as tx:
        watcher = Sensor(
            ref=f"{shop.pack.ref}.watch", pack_id=shop.pack.id, trigger_ref=ref
        )
        await tx.sensors.add(watcher)
        fired = await tx.triggers.get_by_ref(ref)
        fired.sensor_id = watcher.id
    who = sensor(shop, ref)

    made = await shop.send("POST", "/events", {"trigger_ref": ref}, who=who)
    refused = await shop.send("POST", "/events", {"trigger_ref": other["ref"]}, who=who)
    listed = await shop.send("GET", "/events", who=who)

    assert made.status_code == 201, made.text
    assert made.json()["data"]["source_ref"] == watcher.ref
    assert made.json()["data"]["source"] == watcher.id
    assert refused.status_code == 404
    assert listed.status_code == 403


async def test_an_execution_emits_the_triggers_of_its_pack(shop: Workshop) -> None:
    other = await make_workshop(shop.api)
    await other.trigger()
    ann = await shop.api.person()
    headers = shop.api.headers(
        TokenType.EXECUTION,
        ann.id,
        login=ann.login,
        execution_id=7,
        action_ref=f"{shop.pack.ref}.work",
    )
    who = Person(ann.id, ann.login, headers)

    own = {"trigger_ref": f"{shop.pack.ref}.fired"}
    made = await shop.send("POST", "/events", own, who=who)
    foreign = {"trigger_ref": f"{other.pack.ref}.fired"}
    refused = await shop.send("POST", "/events", foreign, who=who)

    assert made.status_code == 201, made.text
    assert made.json()["data"]["config"]["emitted_by"]["execution"] == 7
    assert refused.status_code == 404


async def test_a_person_emits_only_with_the_grant(shop: Workshop) -> None:
    body = {"trigger_ref": f"{shop.pack.ref}.fired"}
    reads = await shop.api.person([grant("triggers", "read")])
    elsewhere = await shop.api.person(
        [grant("triggers", "read"), grant("events", "create", refs=["no.such"])]
    )
    emits = await shop.api.person([grant("events", "create")])
    worker = Person(0, "", shop.api.worker("w"))

    codes = [
        (await shop.send("POST", "/events", body, who=who)).status_code
        for who in (reads, elsewhere, emits, worker)
    ]

    assert codes == [403, 403, 201, 403]


async def test_events_of_a_private_pack_do_not_exist_for_others(
    shop: Workshop,
) -> None:
    owner = await shop.api.administrator()
    pack = await make_private_pack(shop.api, owner)
    ref = f"{pack.ref}.fired"
    await shop.send("POST", "/triggers", {"ref": ref, "label": "x"}, who=owner)

    refused = await shop.send("POST", "/events", {"trigger_ref": ref})
    made = await shop.send("POST", "/events", {"trigger_ref": ref}, who=owner)
    event_id = made.json()["data"]["id"]

    assert (refused.status_code, made.status_code) == (404, 201)
    assert (await shop.send("GET", f"/events/{event_id}")).status_code == 404
    listed = await shop.get("/events", include_total=True)
    assert (listed["items"], listed["pagination"]["total_items"]) == ([], 0)
    seen = await shop.send("GET", f"/events/{event_id}", who=owner)
    assert seen.status_code == 200


async def test_what_a_private_rule_makes_of_a_public_event_stays_private(
    shop: Workshop,
) -> None:
    owner = await shop.api.administrator()
    pack = await make_private_pack(shop.api, owner)
    await shop.rule("ours")
    body = shop.rule_body(ref=f"{pack.ref}.theirs", pack_ref=pack.ref)
    theirs = (await shop.send("POST", "/rules", body, who=owner)).json()["data"]

    event = await emit(shop)
    aimed = await shop.send(
        "POST",
        "/events",
        {
            "trigger_ref": f"{shop.pack.ref}.fired",
            "trigger_instance_id": f"rule_{theirs['id']}",
        },
        who=owner,
    )
    ours = await shop.get("/enforcements")
    both = (await shop.send("GET", "/enforcements", who=owner)).json()
    hidden = [e["id"] for e in both["items"] if e["rule_ref"] == theirs["ref"]]

    assert [m["rule_ref"] for m in event["matches"]] == [f"{shop.pack.ref}.ours"]
    assert {e["rule_ref"] for e in ours["items"]} == {f"{shop.pack.ref}.ours"}
    assert len(hidden) == 2
    for enforcement_id in hidden:
        answer = await shop.send("GET", f"/enforcements/{enforcement_id}")
        assert answer.status_code == 404
    aimed_id = aimed.json()["data"]["id"]
    assert (await shop.send("GET", f"/events/{aimed_id}")).status_code == 404
    assert aimed_id not in [e["id"] for e in (await shop.get("/events"))["items"]]


async def test_secret_parameters_are_masked_in_enforcements(
    shop: Workshop, sql: asyncpg.Connection
) -> None:
    await shop.action(
        "login", param_schema={"token": {"type": "string", "secret": True}}
    )
    await shop.rule(
        action_ref=f"{shop.pack.ref}.login",
        action_params={"token": "{{ event.payload.code }}x"},
    )

    event = await emit(shop, payload={"code": "canary-7f3a"})
    listed = await shop.get("/enforcements", event=event["id"])
    shown = await shop.get(f"/enforcements/{listed['items'][0]['id']}")
    stored = await sql.fetchval("SELECT config::text FROM attune.execution")

    assert "canary" not in str(shown["config"])
    assert "canary" not in stored


@pytest.mark.parametrize("path", ["/events", "/enforcements"])
@pytest.mark.parametrize("number", ["0", "-1", "1_0", "x", str(2**63), "9" * 30])
async def test_an_id_that_is_none_is_not_found(
    shop: Workshop, path: str, number: str
) -> None:
    assert (await shop.send("GET", f"{path}/{number}")).status_code == 404
