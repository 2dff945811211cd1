"""Who may emit events, and who sees them and what came of them."""

import asyncpg

from attune.db.models import Sensor
from attune.domain.permission import TokenType
from tests.integration.api.defining import (
    Workshop,
    make_private_pack,
    make_workshop,
)
from tests.integration.api.event.emitting import emit, sensor
from tests.integration.api.people import Person, grant


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
