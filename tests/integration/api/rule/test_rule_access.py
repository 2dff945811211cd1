"""How far a rule reaches, who may make it so, and what it never shows."""

import json

import asyncpg

from attune.security.encryption import Encryption
from attune.services.sealing import rule_place, unseal
from tests.integration.api.conftest import KEY
from tests.integration.api.defining import (
    Workshop,
    make_private_pack,
    make_workshop,
)
from tests.integration.api.people import grant
from tests.integration.api.rule.making import make_rule, rule_body


async def test_a_rule_refers_to_keys_that_its_maker_and_its_owner_may_decrypt(
    shop: Workshop, sql: asyncpg.Connection
) -> None:
    key = {"name": "token", "owner_type": "system", "value": "v", "encrypted": True}
    await shop.post("/keys", key)
    referring = {"action_params": {"text": "Bearer {{ keystore.system.token }}"}}
    grants = [
        grant("packs", "read"),
        grant("rules", "create", "read", "update"),
        grant("actions", "read", "execute"),
        grant("triggers", "read"),
    ]
    blind = await shop.api.person(grants)
    others = rule_body(shop, ref=f"{shop.pack.ref}.others")
    assert (await shop.send("POST", "/rules", others, who=blind)).status_code == 201

    refused = await shop.send("POST", "/rules", rule_body(shop, **referring), who=blind)
    for_others = await shop.send("PUT", f"/rules/{others['ref']}", referring)
    made = await shop.post("/rules", rule_body(shop, **referring))
    changed = await shop.send(
        "PUT", f"/rules/{made['ref']}", {"conditions": ["true"]}, who=blind
    )

    assert made["action_params"] == referring["action_params"]
    for answer in (refused, for_others, changed):
        assert answer.status_code == 422, answer.text
        assert "keystore" not in answer.text
        assert "'system.token'" in answer.text
    kept = await sql.fetchval("SELECT count(*) FROM attune.rule WHERE enabled")
    assert kept == 2


async def test_what_a_rule_starts_its_maker_must_be_allowed_to_start(
    shop: Workshop,
) -> None:
    may = [
        grant("rules", "read", "create", "update"),
        grant("triggers", "read"),
        grant("actions", "read"),
    ]
    ann = await shop.api.person(may)
    bob = await shop.api.person([*may, grant("actions", "execute")])

    refused = await shop.send("POST", "/rules", rule_body(shop), who=ann)
    made = await shop.send("POST", "/rules", rule_body(shop), who=bob)
    path = f"/rules/{shop.pack.ref}.when"
    aimed = await shop.send("PUT", path, {"action_params": {"text": "x"}}, who=ann)
    relabeled = await shop.send("PUT", path, {"label": "x"}, who=ann)

    assert refused.status_code == 403
    assert made.status_code == 201
    assert made.json()["data"]["owner_identity"] == bob.id
    assert (aimed.status_code, relabeled.status_code) == (403, 200)


async def test_a_rule_refers_only_to_what_lets_it(shop: Workshop) -> None:
    other = await make_workshop(shop.api)
    await other.action("closed", reference_visibility="private")
    await other.action(
        "some",
        reference_visibility="restricted",
        reference_allowed_pack_refs=[shop.pack.ref],
    )

    refused = await shop.send(
        "POST", "/rules", rule_body(shop, action_ref=f"{other.pack.ref}.closed")
    )
    made = await shop.send(
        "POST", "/rules", rule_body(shop, action_ref=f"{other.pack.ref}.some")
    )

    assert (refused.status_code, made.status_code) == (422, 201)


async def test_a_rule_cannot_reach_into_a_private_pack(shop: Workshop) -> None:
    owner = await shop.api.administrator()
    pack = await make_private_pack(shop.api, owner)
    hidden = shop.action_body(ref=f"{pack.ref}.work", pack_ref=pack.ref)
    await shop.send("POST", "/actions", hidden, who=owner)

    unseen = await shop.send(
        "POST", "/rules", rule_body(shop, action_ref=f"{pack.ref}.work")
    )
    body = rule_body(shop, ref=f"{pack.ref}.when", pack_ref=pack.ref)
    made = await shop.send("POST", "/rules", body, who=owner)

    assert (unseen.status_code, made.status_code) == (404, 201)
    path = f"/rules/{pack.ref}.when"
    for method, way in (("GET", path), ("PUT", path), ("DELETE", path)):
        assert (await shop.send(method, way, {})).status_code == 404
    assert (await shop.get("/rules"))["pagination"]["total_items"] == 0


async def test_a_secret_written_into_a_rule_is_never_shown(
    shop: Workshop, sql: asyncpg.Connection
) -> None:
    await shop.action(
        "login",
        param_schema={"token": {"type": "string", "secret": True}, "n": {}},
    )
    params = {"token": "canary", "n": 1}
    made = await make_rule(
        shop, action_ref=f"{shop.pack.ref}.login", action_params=params
    )
    path = f"/rules/{made['ref']}"

    sent_back = await shop.put(
        path, {"action_params": made["action_params"] | {"n": 2}}
    )
    listed = await shop.get("/rules")
    shown = await shop.get(path)
    kept = json.loads(await sql.fetchval("SELECT action_params FROM attune.rule"))

    for rule in (made, sent_back, listed["items"][0], shown):
        assert rule["action_params"]["token"] == "***"
    assert "canary" not in str(kept)
    known = unseal(Encryption(KEY), kept, place=rule_place(made["ref"]))
    assert known == {"token": "canary", "n": 2}
    template = await shop.put(
        path, {"action_params": {"token": "{{ event.payload.t }}"}}
    )
    assert template["action_params"] == {"token": "{{ event.payload.t }}"}
    await shop.put(path, {"action_params": params})
    await shop.send("DELETE", f"/actions/{shop.pack.ref}.login")
    assert (await shop.get(path))["action_params"]["token"] == "***"
