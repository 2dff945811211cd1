"""Rules over HTTP: checked as a whole, listed in every way, effective at once."""

import asyncio
from typing import Any

import asyncpg
import pytest

from tests.integration.api.defining import (
    Workshop,
    make_workshop,
    refs,
    statuses,
)
from tests.integration.api.rule.making import make_rule, rule_body
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


async def test_of_fifty_equal_creations_one_succeeds(shop: Workshop) -> None:
    body = rule_body(shop)

    answers = await asyncio.gather(
        *(shop.send_until_served("POST", "/rules", body) for _ in range(50))
    )

    assert statuses(answers) == {201: 1, 409: 49}


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
