"""Triggers and their webhooks over HTTP: every field, every refusal."""

import asyncio
import re
from typing import Any

import pytest

from attune.domain.permission import TokenType
from tests.integration.api.defining import (
    Workshop,
    make_private_pack,
    make_workshop,
    refs,
    statuses,
)
from tests.integration.api.people import Api, Person, grant
from tests.integration.api.shapes import assert_shape

SUMMARY = {
    "created": str,
    "description": str | None,
    "enabled": bool,
    "id": int,
    "label": str,
    "pack_ref": str | None,
    "ref": str,
    "reference_allowed_pack_refs": list,
    "reference_visibility": str,
    "updated": str,
    "webhook_enabled": bool,
}
RESPONSE = SUMMARY | {
    "is_adhoc": bool,
    "out_schema": dict,
    "pack": int | None,
    "param_schema": dict,
    "sensor": int | None,
    "sensor_ref": str | None,
    "webhook_key": str | None,
}


@pytest.fixture
async def shop(api: Api) -> Workshop:
    return await make_workshop(api)


async def test_a_new_trigger_has_every_field_of_the_contract(shop: Workshop) -> None:
    body = shop.trigger_body(
        description="Fires.",
        enabled=False,
        param_schema={"n": {"type": "integer"}},
        out_schema={"m": {"type": "string"}},
        reference_visibility="restricted",
        reference_allowed_pack_refs=["friend"],
    )

    answer = await shop.send("POST", "/triggers", body)

    assert answer.status_code == 201
    made = answer.json()["data"]
    assert_shape(made, RESPONSE)
    assert made["is_adhoc"] is True
    assert made["pack"] == shop.pack.id
    assert made["webhook_enabled"] is False
    assert made["webhook_key"] is None
    for name in body:
        assert made[name] == body[name], name
    assert await shop.get(f"/triggers/{made['ref']}") == made


async def test_a_trigger_without_a_pack_finds_the_pack_of_its_ref(
    shop: Workshop,
) -> None:
    ours = shop.trigger_body()
    del ours["pack_ref"]
    nobodys = {"ref": "nobody.fired", "label": "Fired"}

    made = await shop.post("/triggers", ours)
    free = await shop.post("/triggers", nobodys)

    assert made["pack_ref"] == shop.pack.ref
    assert (free["pack"], free["pack_ref"]) == (None, None)
    assert refs(await shop.get("/triggers", q="nobody")) == ["nobody.fired"]


async def test_triggers_are_listed_by_ref_and_by_what_they_are(shop: Workshop) -> None:
    await shop.trigger("b")
    await shop.trigger("a", enabled=False)
    await shop.trigger("c", reference_visibility="private")
    pack = shop.pack.ref

    assert refs(await shop.get("/triggers")) == [f"{pack}.{n}" for n in "abc"]
    assert refs(await shop.get("/triggers/enabled")) == [f"{pack}.b", f"{pack}.c"]
    assert refs(await shop.get("/triggers", referencing_pack_ref="friend")) == [
        f"{pack}.a",
        f"{pack}.b",
    ]
    assert refs(await shop.get(f"/packs/{pack}/triggers", q=".b")) == [f"{pack}.b"]
    assert_shape((await shop.get("/triggers"))["items"][0], SUMMARY)
    hidden = await shop.send(
        "GET", f"/triggers/{pack}.c", referencing_pack_ref="friend"
    )
    assert hidden.status_code == 404


async def test_an_update_changes_only_what_is_given(shop: Workshop) -> None:
    before = await shop.trigger(description="Old", param_schema={"n": {}})

    kept = await shop.put(
        f"/triggers/{before['ref']}",
        {"param_schema": None, "out_schema": None, "label": None},
    )
    after = await shop.put(
        f"/triggers/{before['ref']}", {"description": {"op": "clear"}, "label": "New"}
    )

    assert {**kept, "updated": ""} == {**before, "updated": ""}
    assert after["description"] is None
    assert after["label"] == "New"
    assert after["param_schema"] == {"n": {}}


async def test_a_trigger_is_switched_off_and_on(shop: Workshop) -> None:
    ref = (await shop.trigger())["ref"]

    off = await shop.post(f"/triggers/{ref}/disable")
    on = await shop.post(f"/triggers/{ref}/enable")

    assert (off["enabled"], on["enabled"]) == (False, True)


async def test_a_deleted_trigger_is_gone(shop: Workshop) -> None:
    ref = (await shop.trigger())["ref"]

    assert (await shop.send("DELETE", f"/triggers/{ref}")).json()["success"] is True
    assert (await shop.send("GET", f"/triggers/{ref}")).status_code == 404
    assert (await shop.send("DELETE", f"/triggers/{ref}")).status_code == 404


async def test_of_fifty_equal_creations_one_succeeds(shop: Workshop) -> None:
    body = shop.trigger_body()

    answers = await asyncio.gather(
        *(shop.send_until_served("POST", "/triggers", body) for _ in range(50))
    )

    assert statuses(answers) == {201: 1, 409: 49}


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"pack_ref": "nowhere", "ref": "nowhere.fired"}, 404),
        ({"ref": "other.fired"}, 422),
        ({"ref": "no-dot"}, 422),
        ({"label": ""}, 422),
        ({"param_schema": {"n": {"type": "numberish"}}}, 422),
        ({"out_schema": "any"}, 422),
        ({"reference_visibility": "secret"}, 422),
    ],
    ids=str,
)
async def test_what_cannot_be_meant_is_refused(
    shop: Workshop, change: dict[str, Any], status: int
) -> None:
    answer = await shop.send("POST", "/triggers", shop.trigger_body() | change)

    assert answer.status_code == status, answer.text


async def test_a_private_packs_triggers_do_not_exist_for_others(
    shop: Workshop,
) -> None:
    owner = await shop.api.administrator()
    pack = await make_private_pack(shop.api, owner)
    body = {"ref": f"{pack.ref}.fired", "label": "Fired"}

    refused = await shop.send("POST", "/triggers", body)
    made = await shop.send("POST", "/triggers", body, who=owner)
    path = f"/triggers/{pack.ref}.fired"

    assert (refused.status_code, made.status_code) == (404, 201)
    for method, way in (
        ("GET", path),
        ("PUT", path),
        ("DELETE", path),
        ("POST", f"{path}/enable"),
        ("POST", f"{path}/webhooks/enable"),
        ("GET", f"/packs/{pack.ref}/triggers"),
        ("GET", f"{path}/rules"),
    ):
        answer = await shop.send(method, way, {})
        assert answer.status_code == 404, (method, way)
    assert refs(await shop.get("/triggers")) == []


async def test_a_sensor_sees_its_own_triggers_even_in_a_private_pack(
    shop: Workshop,
) -> None:
    owner = await shop.api.administrator()
    pack = await make_private_pack(shop.api, owner)
    for ref in (f"{pack.ref}.seen", f"{pack.ref}.unseen"):
        await shop.send("POST", "/triggers", {"ref": ref, "label": "x"}, who=owner)
    sensor = Person(
        0,
        "sensor",
        shop.api.headers(
            TokenType.SENSOR, None, login="sensor", trigger_types=[f"{pack.ref}.seen"]
        ),
    )

    seen = await shop.send("GET", f"/triggers/{pack.ref}.seen", who=sensor)
    unseen = await shop.send("GET", f"/triggers/{pack.ref}.unseen", who=sensor)

    assert (seen.status_code, unseen.status_code) == (200, 404)


async def test_a_webhook_is_opened_and_closed_and_keeps_its_address(
    shop: Workshop,
) -> None:
    ref = (await shop.trigger())["ref"]

    opened = (await shop.send("POST", f"/triggers/{ref}/webhooks/enable")).json()
    closed = (await shop.send("POST", f"/triggers/{ref}/webhooks/disable")).json()
    again = (await shop.send("POST", f"/triggers/{ref}/webhooks/enable")).json()

    for answer in (opened, closed, again):
        flat = {k: v for k, v in answer.items() if k != "data"}
        assert flat == answer["data"]
        assert_shape(flat, RESPONSE)
    assert re.fullmatch(r"wh_[0-9a-f]{32}", opened["webhook_key"])
    assert (opened["webhook_enabled"], closed["webhook_enabled"]) == (True, False)
    assert again["webhook_key"] == opened["webhook_key"]


async def test_a_new_address_replaces_the_old_one(shop: Workshop) -> None:
    path = await shop.webhook()
    ref = f"{shop.pack.ref}.fired"

    renewed = await shop.post(f"/triggers/{ref}/webhooks/regenerate")
    old = await shop.api.client.post(path, json={})
    new = await shop.api.client.post(
        f"/api/v1/webhooks/{renewed['webhook_key']}", json={}
    )

    assert (old.status_code, new.status_code) == (404, 200)


async def test_a_closed_webhook_gets_no_new_address(shop: Workshop) -> None:
    ref = (await shop.trigger())["ref"]

    answer = await shop.send("POST", f"/triggers/{ref}/webhooks/regenerate")

    assert answer.status_code == 400
    assert answer.json()["code"] == "BAD_REQUEST"


async def test_the_key_of_a_webhook_is_shown_to_those_who_could_fire_it_anyway(
    shop: Workshop,
) -> None:
    await shop.webhook()
    path = f"/triggers/{shop.pack.ref}.fired"
    reader = await shop.api.person([grant("triggers", "read")])
    emitter = await shop.api.person(
        [grant("triggers", "read"), grant("events", "create")]
    )

    hidden = await shop.send("GET", path, who=reader)
    shown = await shop.send("GET", path, who=emitter)
    refused = await shop.send("POST", f"{path}/webhooks/enable", who=reader)

    assert hidden.json()["data"]["webhook_key"] is None
    assert shown.json()["data"]["webhook_key"].startswith("wh_")
    assert refused.status_code == 403
