"""Rules over HTTP: checked as a whole, listed in every way, effective at once."""

import asyncio
import json
from typing import Any

import asyncpg
import pytest

from attune.security.encryption import Encryption
from attune.services.sealing import rule_place, unseal
from tests.integration.api.conftest import KEY
from tests.integration.api.defining import (
    Workshop,
    make_private_pack,
    make_workshop,
    refs,
    statuses,
)
from tests.integration.api.people import EVERYTHING, Api, grant
from tests.integration.api.shapes import assert_shape
from tests.support.eventually import eventually

SUMMARY = {
    "action_params": dict,
    "action_ref": str,
    "created": str,
    "description": str | None,
    "enabled": bool,
    "id": int,
    "label": str,
    "pack_ref": str,
    "permission_set_refs": list | None,
    "ref": str,
    "sensor_worker_affinity": dict,
    "sensor_worker_selector": dict,
    "sensor_worker_tolerations": list,
    "trace_tag_template": str | None,
    "trigger_params": dict,
    "trigger_ref": str,
    "updated": str,
}
RESPONSE = SUMMARY | {
    "action": int | None,
    "conditions": dict,
    "is_adhoc": bool,
    "owner_identity": int | None,
    "pack": int,
    "trigger": int | None,
}


@pytest.fixture
async def shop(api: Api) -> Workshop:
    """A workshop with a trigger `fired` and an action `work`."""
    shop = await make_workshop(api)
    await shop.trigger(param_schema={"every": {"type": "integer", "required": True}})
    await shop.action(
        param_schema={
            "text": {"type": "string", "required": True},
            "count": {"type": "integer", "minimum": 1},
        }
    )
    return shop


def rule_body(shop: Workshop, **fields: Any) -> dict[str, Any]:
    defaults: dict[str, Any] = {
        "action_params": {"text": "hi"},
        "trigger_params": {"every": 5},
    }
    return shop.rule_body(**defaults | fields)


async def make_rule(shop: Workshop, **fields: Any) -> Any:
    return await shop.post("/rules", rule_body(shop, **fields))


async def test_a_new_rule_has_every_field_of_the_contract(shop: Workshop) -> None:
    body = rule_body(
        shop,
        description="When it fires.",
        conditions={"expression": "{{ event.payload.value > 100 }}"},
        action_params={
            "text": "got {{ event.payload.text }}",
            "count": "{{ event.payload.n }}",
        },
        trace_tag_template="{{ event.trigger }}.{{ event.id }}",
        sensor_worker_selector={"zone": "a"},
        permission_set_refs=[],
        enabled=False,
    )

    answer = await shop.send("POST", "/rules", body)

    assert answer.status_code == 201, answer.text
    made = answer.json()["data"]
    assert_shape(made, RESPONSE)
    assert made["is_adhoc"] is True
    assert made["owner_identity"] == shop.who.id
    assert made["pack"] == shop.pack.id
    assert isinstance(made["trigger"], int)
    assert isinstance(made["action"], int)
    for name in body:
        assert made[name] == body[name], name
    assert await shop.get(f"/rules/{made['ref']}") == made


@pytest.mark.parametrize(
    ("conditions", "shown", "mode"),
    [
        (None, {}, "all"),
        ({}, {}, "all"),
        ([], {}, "all"),
        ({"expression": "{{ true }}"}, {"expression": "{{ true }}"}, "all"),
        (["{{ true }}"], {"all": ["{{ true }}"]}, "all"),
        ({"all": ["{{ true }}"]}, {"all": ["{{ true }}"]}, "all"),
        ({"any": ["{{ true }}"]}, {"any": ["{{ true }}"]}, "any"),
    ],
)
async def test_conditions_are_shown_as_an_object(
    shop: Workshop, conditions: Any, shown: Any, mode: str
) -> None:
    made = await make_rule(shop, conditions=conditions)

    assert made["conditions"] == shown
    assert made["condition"] == mode
    again = await shop.put(f"/rules/{made['ref']}", {"conditions": shown})
    assert (again["conditions"], again["condition"]) == (shown, mode)


async def test_rules_are_listed_in_every_way(shop: Workshop) -> None:
    other = await make_workshop(shop.api)
    await other.trigger()
    await other.action()
    await make_rule(shop, ref=f"{shop.pack.ref}.one")
    await make_rule(shop, ref=f"{shop.pack.ref}.two", enabled=False)
    await other.rule("three")
    one, two = f"{shop.pack.ref}.one", f"{shop.pack.ref}.two"
    three = f"{other.pack.ref}.three"

    assert refs(await shop.get("/rules")) == sorted([one, two, three])
    assert refs(await shop.get("/rules", pack_ref=shop.pack.ref)) == [one, two]
    assert refs(await shop.get("/rules", action_ref=f"{shop.pack.ref}.work")) == [
        one,
        two,
    ]
    assert refs(await shop.get("/rules", trigger_ref=f"{other.pack.ref}.fired")) == [
        three
    ]
    assert refs(await shop.get("/rules", enabled=False)) == [two]
    assert refs(await shop.get("/rules", q="three")) == [three]
    assert refs(await shop.get("/rules/enabled")) == sorted([one, three])
    assert refs(await shop.get(f"/packs/{other.pack.ref}/rules")) == [three]
    assert refs(await shop.get(f"/actions/{shop.pack.ref}.work/rules")) == [one, two]
    assert refs(await shop.get(f"/triggers/{other.pack.ref}.fired/rules")) == [three]
    assert_shape((await shop.get("/rules"))["items"][0], SUMMARY)


@pytest.mark.parametrize(
    "path",
    ["/packs/nowhere/rules", "/actions/no.such/rules", "/triggers/no.such/rules"],
)
async def test_rules_of_what_does_not_exist_are_not_found(
    shop: Workshop, path: str
) -> None:
    assert (await shop.send("GET", path)).status_code == 404


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"conditions": {"expression": "{{ event.payload. }}"}}, "conditions"),
        ({"conditions": {"expression": 3}}, "conditions"),
        ({"conditions": [{"field": "a", "operator": "is", "value": 1}]}, "conditions"),
        ({"conditions": {"what": "ever"}}, "conditions"),
        ({"action_params": {"text": "{{ event.payload"}}, "action_params.text"),
        ({"action_params": {"text": "{{ a + }}"}}, "action_params.text"),
        ({"action_params": {"text": 3}}, "action_params"),
        ({"action_params": {}}, "action_params"),
        ({"action_params": {"text": "x", "count": 0}}, "action_params"),
        ({"action_params": {"text": "x", "count": "many"}}, "action_params"),
        ({"trigger_params": {}}, "trigger_params"),
        ({"trigger_params": {"every": "day"}}, "trigger_params"),
        ({"trace_tag_template": "{{ event. }}"}, "trace_tag_template"),
        ({"permission_set_refs": ["no.such"]}, "permission_set_refs"),
        ({"action_params": {"text": "{{ keystore.pack.no.token }}"}}, "no key"),
        ({"action_params": {"text": "{{ keystore.system.none }}"}}, "no key"),
        ({"conditions": ["keystore.a == 'x'"]}, "keystore"),
        ({"action_params": {"text": "{{ [(keystore)][0] }}"}}, "keystore"),
    ],
    ids=str,
)
async def test_a_rule_that_cannot_work_is_refused_with_the_place(
    shop: Workshop, change: dict[str, Any], place: str
) -> None:
    answer = await shop.send("POST", "/rules", rule_body(shop, **change))

    assert answer.status_code == 422, answer.text
    problems = answer.json()["details"]["problems"]
    assert any(place in problem for problem in problems), problems
    assert (await shop.get("/rules"))["items"] == []


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"trigger_ref": "no.such"}, 404),
        ({"action_ref": "no.such"}, 404),
        ({"pack_ref": "nowhere", "ref": "nowhere.when"}, 404),
        ({"ref": "other.when"}, 422),
        ({"ref": "when"}, 422),
        ({"conditions": "yes"}, 422),
        ({"condition": "some"}, 422),
        ({"enabled": "perhaps"}, 422),
    ],
    ids=str,
)
async def test_what_cannot_be_meant_is_refused(
    shop: Workshop, change: dict[str, Any], status: int
) -> None:
    answer = await shop.send("POST", "/rules", rule_body(shop) | change)

    assert answer.status_code == status, answer.text


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


async def test_a_text_about_the_keystore_is_only_a_text(shop: Workshop) -> None:
    made = await make_rule(
        shop, action_params={"text": "the keystore of {{ 'keystore' }}"}
    )

    assert made["action_params"]["text"].startswith("the keystore")


async def test_templates_stand_for_values_of_any_type(shop: Workshop) -> None:
    made = await make_rule(
        shop, action_params={"text": "{{ event.payload.t }}", "count": "{{ 1 }}"}
    )

    assert made["action_params"]["count"] == "{{ 1 }}"


async def test_an_update_checks_the_rule_as_a_whole(shop: Workshop) -> None:
    ref = (await make_rule(shop))["ref"]
    await shop.action(
        "strict", param_schema={"n": {"type": "integer", "required": True}}
    )

    refused = await shop.send(
        "PUT", f"/rules/{ref}", {"action_ref": f"{shop.pack.ref}.strict"}
    )
    moved = await shop.put(
        f"/rules/{ref}",
        {"action_ref": f"{shop.pack.ref}.strict", "action_params": {"n": 1}},
    )
    relabeled = await shop.put(f"/rules/{ref}", {"label": "New", "conditions": None})

    assert refused.status_code == 422
    assert moved["action_ref"] == f"{shop.pack.ref}.strict"
    assert (relabeled["label"], relabeled["action_params"]) == ("New", {"n": 1})


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


async def test_of_fifty_equal_creations_one_succeeds(shop: Workshop) -> None:
    body = rule_body(shop)

    answers = await asyncio.gather(
        *(shop.send_until_served("POST", "/rules", body) for _ in range(50))
    )

    assert statuses(answers) == {201: 1, 409: 49}


@pytest.mark.parametrize(
    ("method", "path", "needs"),
    [
        ("GET", "/rules", "rules:read"),
        ("GET", "/rules/enabled", "rules:read"),
        ("GET", "/rules/x.y", "rules:read"),
        ("POST", "/rules", "rules:create"),
        ("PUT", "/rules/x.y", "rules:update"),
        ("POST", "/rules/x.y/enable", "rules:update"),
        ("POST", "/rules/x.y/disable", "rules:update"),
        ("DELETE", "/rules/x.y", "rules:delete"),
        ("GET", "/triggers/x.y", "triggers:read"),
        ("POST", "/triggers", "triggers:create"),
        ("PUT", "/triggers/x.y", "triggers:update"),
        ("DELETE", "/triggers/x.y", "triggers:delete"),
        ("POST", "/triggers/x.y/webhooks/enable", "triggers:update"),
        ("POST", "/triggers/x.y/webhooks/disable", "triggers:update"),
        ("POST", "/triggers/x.y/webhooks/regenerate", "triggers:update"),
        ("GET", "/events", "events:read"),
        ("GET", "/events/1", "events:read"),
        ("POST", "/events", "events:create"),
        ("GET", "/enforcements", "enforcements:read"),
        ("GET", "/enforcements/1", "enforcements:read"),
    ],
)
async def test_every_route_needs_its_grant(
    api: Api, method: str, path: str, needs: str
) -> None:
    resource, _, action = needs.partition(":")
    others = [
        {**each, "actions": [a for a in each["actions"] if a != action]}
        if each["resource"] == resource
        else each
        for each in EVERYTHING
    ]
    ann = await api.person(others)

    anonymous = await api.client.request(method, f"/api/v1{path}")
    refused = await api.client.request(
        method, f"/api/v1{path}", headers=ann.headers, json={}
    )

    assert anonymous.status_code == 401
    assert refused.status_code == 403
    assert refused.json()["details"]["needs"] == needs


async def matched(shop: Workshop, path: str = "/events") -> bool:
    """Emit an event and tell whether a rule made an enforcement of it."""
    event = await shop.post(
        path, {"trigger_ref": f"{shop.pack.ref}.fired", "payload": {"n": 1}}
    )
    found = await shop.get("/enforcements", event=event["id"])
    return bool(found["items"])


async def test_a_change_of_a_rule_takes_effect_with_its_answer(shop: Workshop) -> None:
    ref = (await make_rule(shop))["ref"]
    path = f"/rules/{ref}"

    assert await matched(shop)
    await shop.post(f"{path}/disable")
    assert not await matched(shop)
    await shop.post(f"{path}/enable")
    assert await matched(shop)
    await shop.put(path, {"conditions": {"expression": "{{ event.payload.n > 1 }}"}})
    assert not await matched(shop)
    await shop.put(path, {"conditions": {}})
    assert await matched(shop)
    await shop.post(f"/triggers/{shop.pack.ref}.fired/disable")
    assert not await matched(shop)
    await shop.post(f"/triggers/{shop.pack.ref}.fired/enable")
    assert await matched(shop)
    await shop.send("DELETE", path)
    assert not await matched(shop)


async def test_a_change_by_plain_sql_takes_effect_soon(
    shop: Workshop, sql: asyncpg.Connection
) -> None:
    ref = (await make_rule(shop))["ref"]
    assert await matched(shop)

    await sql.execute("UPDATE attune.rule SET enabled = false WHERE ref = $1", ref)

    async def is_off() -> bool:
        return not await matched(shop)

    await eventually(is_off, seconds=2)


async def test_a_rule_tells_why_it_cannot_be_evaluated_until_it_is_mended(
    shop: Workshop,
) -> None:
    condition = {"expression": "{{ event.payload.n + 'x' }}"}
    ref = (await make_rule(shop, conditions=condition))["ref"]

    assert not await matched(shop)
    broken = await shop.get(f"/rules/{ref}")
    mended = await shop.put(f"/rules/{ref}", {"conditions": {}})

    assert broken["last_error"]
    assert broken["last_error_at"]
    assert (mended["last_error"], mended["last_error_at"]) == (None, None)
    assert await matched(shop)


async def test_a_rule_whose_action_is_gone_matches_nothing(shop: Workshop) -> None:
    ref = (await make_rule(shop))["ref"]
    await shop.send("DELETE", f"/actions/{shop.pack.ref}.work")

    assert not await matched(shop)
    shown = await shop.get(f"/rules/{ref}")

    assert (shown["action"], shown["action_ref"]) == (None, f"{shop.pack.ref}.work")


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
