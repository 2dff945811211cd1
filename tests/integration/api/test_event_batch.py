"""Many events at once: one answer for each, and no more statements than one takes."""

import asyncio
import json
from typing import Any

import asyncpg
import pytest

from tests.integration.api.defining import Workshop, make_private_pack, make_workshop
from tests.integration.api.people import Api, Person, grant
from tests.support.statements import counted_statements


@pytest.fixture
async def shop(api: Api) -> Workshop:
    """A workshop with a trigger `fired`, an action `work` and a rule for odd numbers."""
    shop = await make_workshop(api)
    await shop.trigger()
    await shop.action()
    return shop


def event(shop: Workshop, name: str = "fired", **fields: Any) -> dict[str, Any]:
    return {"trigger_ref": f"{shop.pack.ref}.{name}"} | fields


async def batch(
    shop: Workshop, *events: object, who: Person | None = None
) -> dict[str, Any]:
    answer = await shop.send("POST", "/events/batch", {"events": events}, who=who)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()["data"]
    return found


def statuses(answer: dict[str, Any]) -> list[int]:
    return [each["status"] for each in answer["results"]]


async def test_each_event_of_a_batch_has_its_own_answer(
    shop: Workshop, sql: asyncpg.Connection
) -> None:
    await shop.trigger(
        "strict", out_schema={"n": {"type": "integer"}}, payload_check="refuse"
    )
    rule = await shop.rule(
        conditions={"expression": "{{ event.payload.n > 1 }}"},
        action_params={"n": "{{ event.payload.n }}"},
    )
    first = await batch(shop, event(shop, idempotency_key="a", payload={"n": 1}))

    answer = await batch(
        shop,
        event(shop, payload={"n": 7}, trace_tag="t"),
        event(shop, idempotency_key="a", payload={"n": 1}),
        event(shop, idempotency_key="a", payload={"n": 2}),
        event(shop, idempotency_key="b", payload={"n": 3}),
        event(shop, idempotency_key="b", payload={"n": 3}),
        event(shop, "unknown"),
        event(shop, "strict", payload={"n": "many"}),
        event(shop, payload={"text": "\0"}),
        event(shop, payload={"deep": nested(62)}),
        event(shop, payload=list(range(20_000))),
        event(shop, trace_tag=""),
        event(shop, trigger_instance_id="rule_999"),
        "no event",
        event(shop, trigger_instance_id=f"rule_{rule['id']}", payload={"n": 9}),
    )

    assert statuses(answer) == [
        *(201, 200, 409, 201, 200, 404, 422, 422, 422, 422, 422, 422, 422, 201),
    ]
    assert (answer["created"], answer["repeated"], answer["refused"]) == (3, 2, 9)
    results = answer["results"]
    assert results[1]["id"] == first["results"][0]["id"]
    assert results[3]["id"] == results[4]["id"]
    assert results[6]["details"]["problems"] == ["payload.n: must be of type integer"]
    assert "many" not in json.dumps(answer)
    assert await sql.fetchval("SELECT count(*) FROM attune.event") == 4
    started = await sql.fetch(
        "SELECT n.event, x.config, x.trace_tag FROM attune.execution AS x"
        " JOIN attune.enforcement AS n ON n.id = x.enforcement ORDER BY x.id"
    )
    assert [(r["event"], json.loads(r["config"]), r["trace_tag"]) for r in started] == [
        (results[0]["id"], {"n": 7}, "t"),
        (results[3]["id"], {"n": 3}, None),
        (results[13]["id"], {"n": 9}, None),
    ]
    shown = await shop.get(f"/events/{results[0]['id']}")
    assert [match["matched"] for match in shown["matches"]] == [True]


def nested(depth: int) -> Any:
    return [] if depth == 0 else [nested(depth - 1)]


async def test_a_batch_takes_no_more_statements_than_one_event(shop: Workshop) -> None:
    await shop.rule()
    await batch(shop, event(shop))

    with counted_statements() as for_one:
        one = await batch(shop, event(shop, payload={"n": 0}))
    with counted_statements() as for_many:
        many = await batch(shop, *(event(shop, payload={"n": n}) for n in range(500)))

    assert (one["created"], many["created"]) == (1, 500)
    assert len(for_many) == len(for_one) <= 4
    ids = [each["id"] for each in many["results"]]
    assert ids == sorted(ids)


async def test_batches_with_the_same_keys_in_any_order_write_each_once(
    shop: Workshop, sql: asyncpg.Connection
) -> None:
    events = [event(shop, idempotency_key=f"k{n}", payload={"n": n}) for n in range(20)]

    answers = await asyncio.gather(
        *(batch(shop, *(events if n % 2 else events[::-1])) for n in range(6))
    )

    assert sum(answer["created"] for answer in answers) == 20
    assert sum(answer["repeated"] for answer in answers) == 100
    assert await sql.fetchval("SELECT count(*) FROM attune.event") == 20


async def test_a_batch_shares_its_keys_with_single_events(shop: Workshop) -> None:
    headers = shop.who.headers | {"Idempotency-Key": "k"}
    single = await shop.api.client.post(
        "/api/v1/events", json=event(shop), headers=headers
    )

    answer = await batch(shop, event(shop, idempotency_key="k"))

    assert statuses(answer) == [200]
    assert answer["results"][0]["id"] == single.json()["data"]["id"]


async def test_a_batch_needs_the_grant_for_each_trigger(shop: Workshop) -> None:
    await shop.trigger("other")
    refs = [f"{shop.pack.ref}.fired"]
    limited = await shop.api.person(
        [grant("events", "create", refs=refs), grant("triggers", "read")]
    )
    private = await make_private_pack(shop.api, shop.who)
    hidden = f"{private.ref}.hidden"
    await shop.post("/triggers", {"ref": hidden, "label": "H", "pack_ref": private.ref})

    answer = await batch(
        shop,
        event(shop),
        event(shop, "other"),
        {"trigger_ref": hidden},
        who=limited,
    )
    nobody = await shop.send(
        "POST", "/events/batch", {"events": [event(shop)]}, who=await shop.api.person()
    )

    assert statuses(answer) == [201, 403, 404]
    assert nobody.status_code == 403


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"events": []}, 422),
        ({"events": {}}, 422),
        ({}, 422),
        ({"events": [{}] * 1_001}, 413),
        ({"events": [[0] * 50_000] * 5}, 422),
    ],
    ids=["empty", "object", "nothing", "too many", "too much"],
)
async def test_what_is_no_batch_is_refused(
    shop: Workshop, body: dict[str, Any], status: int
) -> None:
    answer = await shop.send("POST", "/events/batch", body)

    assert answer.status_code == status, answer.text
