"""Rules tried on events, events evaluated again, and what is kept of it."""

import json
from typing import Any

import asyncpg
import pytest

from attune.services.event.matching import MOST_NOTES
from attune.services.event.rulebook import Rulebook
from tests.integration.api.defining import Workshop, make_private_pack, make_workshop
from tests.integration.api.people import Api, Person, grant

CONDITIONS = [
    {"field": "total", "operator": "greater_than", "value": 100},
    {"any": ["event.payload.urgent", {"field": "note", "operator": "exists"}]},
    {"not": {"field": "customer", "operator": "icontains", "value": "test"}},
]


@pytest.fixture
async def shop(api: Api) -> Workshop:
    """A workshop with a trigger `fired`, an action `work` and a rule `when`."""
    shop = await make_workshop(api)
    await shop.trigger()
    await shop.action(
        param_schema={
            "text": {"type": "string", "required": True},
            "token": {"type": "string", "secret": True},
        }
    )
    await shop.rule(
        conditions=CONDITIONS,
        action_params={"text": "{{ event.payload.customer }}", "token": "hunter2"},
        trace_tag_template="order-{{ event.payload.id }}",
    )
    return shop


async def emit(shop: Workshop, payload: Any, **fields: Any) -> Any:
    body = {"trigger_ref": f"{shop.pack.ref}.fired", "payload": payload}
    return await shop.post("/events", body | fields)


async def attempt(shop: Workshop, **body: Any) -> Any:
    return await shop.post(f"/rules/{shop.pack.ref}.when/test", body)


async def rows(sql: asyncpg.Connection, *tables: str) -> list[int]:
    """Count the rows of the tables."""
    return [await sql.fetchval(f"SELECT count(*) FROM attune.{t}") for t in tables]  # noqa: S608 - our own tables


async def test_a_trial_tells_what_would_come_of_an_event_and_does_nothing(
    shop: Workshop, sql: asyncpg.Connection
) -> None:
    order = {"id": 7, "total": 150, "urgent": True, "customer": "Ada"}
    event = await emit(shop, order)
    touched = ("event", "enforcement", "execution", "notification")
    before = await rows(sql, *touched)

    of_event = await attempt(shop, event_id=event["id"])
    of_payload = await attempt(shop, payload=order | {"total": 99})

    assert await rows(sql, *touched) == before
    assert of_event == {
        "rule_ref": f"{shop.pack.ref}.when",
        "trigger_ref": f"{shop.pack.ref}.fired",
        "event": event["id"],
        "would_match": True,
        "would_execute": True,
        "decided_by": None,
        "error": None,
        "conditions": of_event["conditions"],
        "action_ref": f"{shop.pack.ref}.work",
        "action_params": {"text": "Ada", "token": "***"},
        "trace_tag": "order-7",
        "obstacles": [],
    }
    assert [each["holds"] for each in of_event["conditions"]] == [
        True,
        True,
        False,
        False,
    ]
    assert of_payload["event"] is None
    assert (of_payload["would_match"], of_payload["would_execute"]) == (False, False)
    assert of_payload["decided_by"] == "conditions[0]: total greater_than 100"
    assert [each["decided"] for each in of_payload["conditions"]] == [
        True,
        False,
        False,
        False,
    ]


async def test_a_trial_tells_every_obstacle(
    shop: Workshop, sql: asyncpg.Connection
) -> None:
    await shop.trigger("other")
    other = await emit(shop, {}, trigger_ref=f"{shop.pack.ref}.other")
    await shop.post(f"/rules/{shop.pack.ref}.when/disable")
    await sql.execute("UPDATE attune.action SET enabled = false")

    tried = await attempt(shop, event_id=other["id"])
    broken = await attempt(shop, payload={"total": "150"})
    matching = {"total": 150, "urgent": True, "customer": {"name": "Ada"}}
    invalid = await attempt(shop, payload=matching)

    listens = f"The rule listens to {shop.pack.ref}.fired, and the event is of"
    assert tried["obstacles"][0] == "The rule is disabled"
    assert tried["obstacles"][1] == f"Action {shop.pack.ref}.work is disabled"
    assert tried["obstacles"][2].startswith(listens)
    assert "cannot take string and number" in broken["error"]
    assert broken["conditions"][0]["holds"] is None
    # What cannot be told of a customer that is no text is told of its condition.
    assert "needs a string, an array or an object" not in (invalid["error"] or "")
    assert invalid["would_match"]
    assert not invalid["would_execute"]
    assert "Invalid parameters" in invalid["obstacles"][-1]
    assert "hunter2" not in json.dumps([tried, broken, invalid])


async def test_a_trial_shows_no_secret_of_the_pack(
    shop: Workshop, sql: asyncpg.Connection
) -> None:
    await shop.put(
        f"/rules/{shop.pack.ref}.when",
        {
            "conditions": ["pack.config.key == 'canary'"],
            "action_params": {"text": "{{ pack.config.host }} {{ pack.config.key }}"},
            "trace_tag_template": "{{ pack.config.key }}",
        },
    )
    # What was no secret when the rule was made has become one.
    await sql.execute(
        "UPDATE attune.pack SET conf_schema = $1, config = $2 WHERE ref = $3",
        json.dumps({"key": {"type": "string", "secret": True}, "host": {}}),
        json.dumps({"key": "canary", "host": "db1"}),
        shop.pack.ref,
    )

    tried = await attempt(shop, payload={})

    # To compare it would tell it, letter by letter.
    assert not tried["would_match"]
    assert tried["action_params"] == {"text": "db1 ***"}
    assert tried["trace_tag"] == "***"


async def test_a_trial_is_asked_with_one_event_that_the_caller_may_read(
    shop: Workshop,
) -> None:
    event = await emit(shop, {})
    reader = await shop.api.person([grant("rules", "read")])
    path = f"/rules/{shop.pack.ref}.when/test"
    nobody = await shop.api.person()

    async def status(who: Person, **body: Any) -> int:
        return (await shop.send("POST", path, body, who=who)).status_code

    assert await status(reader, payload={}) == 200
    assert await status(reader, payload=None) == 200
    assert await status(reader, event_id=event["id"]) == 404
    assert await status(nobody, payload={}) == 403
    assert await status(shop.who) == 422
    assert await status(shop.who, event_id=event["id"], payload={}) == 422
    assert await status(shop.who, event_id=2**62) == 404


async def test_a_replay_is_a_new_event_by_the_rules_of_now(shop: Workshop) -> None:
    ref = f"{shop.pack.ref}.when"
    first = await emit(shop, {"total": 1, "urgent": True}, trace_tag="t-1")
    await shop.put(f"/rules/{ref}", {"conditions": [], "action_params": {"text": "x"}})
    await shop.rule("other", action_params={"text": "y"})

    again = await shop.post(f"/events/{first['id']}/replay")
    aimed = await shop.post(f"/events/{first['id']}/replay", {"rule_ref": ref})

    assert [m["matched"] for m in first["matches"]] == [False]
    assert again["id"] != first["id"]
    assert again["config"]["replay_of"] == first["id"]
    assert again["config"]["emitted_by"]["login"] == shop.who.login
    assert (again["payload"], again["trace_tag"]) == (first["payload"], "t-1")
    assert [m["matched"] for m in again["matches"]] == [True, True]
    assert [m["rule_ref"] for m in aimed["matches"]] == [ref]
    assert aimed["rule_ref"] == ref
    assert (await shop.get(f"/events/{first['id']}")) == first


async def test_a_replay_needs_both_grants_and_a_rule_of_the_trigger(
    shop: Workshop,
) -> None:
    rule = await shop.get(f"/rules/{shop.pack.ref}.when")
    event = await emit(shop, {}, trigger_instance_id=f"rule_{rule['id']}")
    await shop.trigger("other")
    elsewhere = await shop.rule(
        "elsewhere",
        trigger_ref=f"{shop.pack.ref}.other",
        action_params={"text": "x"},
    )
    path = f"/events/{event['id']}/replay"
    reader = await shop.api.person([grant("events", "read")])
    emitter = await shop.api.person([grant("events", "create")])

    assert (await shop.send("POST", path, who=reader)).status_code == 403
    assert (await shop.send("POST", path, who=emitter)).status_code == 404
    for ref, status in ((elsewhere["ref"], 422), ("no.rule", 422), (rule["ref"], 201)):
        answer = await shop.send("POST", path, {"rule_ref": ref})
        assert answer.status_code == status, answer.text
    private = await make_private_pack(shop.api, await shop.api.administrator())
    open_event = await emit(shop, {})
    unseen = await shop.send(
        "POST",
        f"/events/{open_event['id']}/replay",
        {"rule_ref": f"{private.ref}.rule"},
    )
    assert unseen.status_code == 404
    await shop.send("DELETE", f"/rules/{rule['ref']}")
    assert (await shop.send("POST", path)).status_code == 409


async def test_a_replay_with_a_key_that_was_used_is_the_same_event(
    shop: Workshop,
) -> None:
    event = await emit(shop, {})
    path = f"/api/v1/events/{event['id']}/replay"
    headers = {**shop.who.headers, "Idempotency-Key": "once"}

    first, second = [
        (await shop.api.client.post(path, headers=headers)).json()["data"]["id"]
        for _ in range(2)
    ]

    assert first == second


async def test_an_event_keeps_why_each_rule_did_not_match(shop: Workshop) -> None:
    off = await shop.rule("off", enabled=False, action_params={"text": "x"})
    yes = await shop.rule("yes", action_params={"text": "x"})

    event = await emit(shop, {"total": "many"})
    told = {match.pop("rule_ref"): match for match in event["matches"]}

    assert told[yes["ref"]]["matched"] is True
    assert told[off["ref"]]["skipped"] == "The rule is disabled"
    assert "cannot take string and number" in told[f"{shop.pack.ref}.when"]["error"]
    assert event["matches_left_out"] == 0


async def test_an_event_keeps_little_of_many_rules(
    shop: Workshop, sql: asyncpg.Connection
) -> None:
    text = "x" * 5_000
    await sql.execute(
        "INSERT INTO attune.rule (ref, label, pack, trigger_ref, action_ref, conditions)"
        " SELECT $1 || '.many' || n, '', $2, $1 || '.fired', $1 || '.work', $3::jsonb"
        " FROM generate_series(1, 100) AS n",
        shop.pack.ref,
        shop.pack.id,
        json.dumps([{"field": "a", "operator": "equals", "value": text}, "1 < 'a'"]),
    )
    await shop.rule("yes", action_params={"text": "x"})

    event = await emit(shop, {"a": text})
    kept = await sql.fetchval(
        "SELECT length(matches::text) FROM attune.event WHERE id = $1", event["id"]
    )

    assert event["matches"][0]["rule_ref"] == f"{shop.pack.ref}.yes"
    assert len(event["matches"]) == MOST_NOTES
    assert event["matches_left_out"] == 102 - MOST_NOTES
    assert kept < 50_000


async def test_an_error_of_a_rule_is_announced_while_it_is_news(
    shop: Workshop, sql: asyncpg.Connection
) -> None:
    """Another process would not know what this one has told."""
    rulebook: Rulebook = shop.api.app.state.by_type[Rulebook]
    path = f"/rules/{shop.pack.ref}.when"

    async def told() -> list[asyncpg.Record]:
        rulebook.forget()
        await emit(shop, {"total": "many"})
        return await sql.fetch(
            "SELECT channel, entity, content FROM attune.notification"
            " WHERE activity = 'evaluation_failed' ORDER BY id"
        )

    first = await told()
    rule = await shop.get(path)
    repeated = await told()
    later = await shop.get(path)
    await shop.put(path, {"label": "Changed"})
    after_change = await told()

    assert [len(first), len(repeated), len(after_change)] == [1, 1, 2]
    assert later["last_error_at"] > rule["last_error_at"]
    assert (first[0]["channel"], first[0]["entity"]) == ("rule", str(rule["id"]))
    content = json.loads(first[0]["content"])
    assert (content["ref"], content["error"]) == (rule["ref"], rule["last_error"])
