"""Policies over HTTP: whole, listed in every way, and only for those who tend them."""

from typing import Any

import pytest

from attune.services.admission import AdmissionService
from tests.integration.api.defining import (
    Workshop,
    make_private_pack,
    make_workshop,
    refs,
)
from tests.integration.api.people import Api, Person, grant
from tests.integration.api.shapes import assert_shape

SUMMARY = {
    "concurrency": dict | None,
    "created": str,
    "description": str | None,
    "enabled": bool,
    "id": int,
    "name": str,
    "priority": int,
    "quotas": list,
    "rate_limit": dict | None,
    "ref": str,
    "scope": dict,
    "tags": list,
    "updated": str,
}
STATS = {
    "action_id": int,
    "action_ref": str,
    "active_count": int,
    "last_updated": str,
    "max_concurrent": int,
    "queue_length": int,
    "total_completed": int,
    "total_enqueued": int,
}


@pytest.fixture
async def shop(api: Api) -> Workshop:
    """A workshop with an action `work` that has a secret."""
    shop = await make_workshop(api)
    schema = {
        "host": {"type": "object", "properties": {"name": {"type": "string"}}},
        "token": {"type": "string", "secret": True},
    }
    await shop.action(param_schema=schema)
    return shop


def body(shop: Workshop, word: str = "calm", **fields: Any) -> dict[str, Any]:
    return {
        "ref": f"{shop.pack.ref}.{word}",
        "name": "Keep calm",
        "scope": {"type": "action", "action_ref": f"{shop.pack.ref}.work"},
        "concurrency": {"limit": 3, "method": "enqueue"},
    } | fields


async def make_policy(shop: Workshop, word: str = "calm", **fields: Any) -> Any:
    return await shop.post("/policies", body(shop, word, **fields))


def of_pack(ref: str) -> dict[str, Any]:
    return {"type": "pack", "pack_ref": ref}


async def test_a_new_policy_has_every_field_of_the_contract(shop: Workshop) -> None:
    sent = body(
        shop,
        description="Not more than three.",
        concurrency={"limit": 3, "method": "cancel", "parameters": ["host.name"]},
        rate_limit={"max_executions": 100, "window_seconds": 3600},
        quotas=[{"quota_type": "running_executions", "limit": 50}],
        tags=["night"],
        priority=-5,
        enabled=False,
    )

    answer = await shop.send("POST", "/policies", sent)

    assert answer.status_code == 201, answer.text
    made = answer.json()["data"]
    assert_shape(made, SUMMARY)
    for name in sent.keys() - {"scope"}:
        assert made[name] == sent[name], name
    assert made["scope"]["type"] == "action"
    assert made["scope"]["action_ref"] == made["action_ref"] == f"{shop.pack.ref}.work"
    assert isinstance(made["scope"]["action"], int)
    assert await shop.get(f"/policies/{made['ref']}") == made


async def test_the_spelling_of_the_data_model_is_understood(shop: Workshop) -> None:
    made = await shop.post(
        "/policies",
        {
            "ref": f"{shop.pack.ref}.seed",
            "action": f"{shop.pack.ref}.work",
            "threshold": 5,
            "method": "cancel",
            "parameters": ["host"],
        },
    )

    expected = {"limit": 5, "method": "cancel", "parameters": ["host"]}
    assert made["concurrency"] == expected
    assert {name: made[name] for name in ("threshold", "method", "parameters")} == {
        "threshold": 5,
        "method": "cancel",
        "parameters": ["host"],
    }
    assert made["scope"]["action_ref"] == f"{shop.pack.ref}.work"


async def test_policies_are_listed_in_every_way(shop: Workshop) -> None:
    own, other = shop.pack.ref, await make_workshop(shop.api)
    await make_policy(shop, "one", tags=["night", "day"])
    await make_policy(shop, "two", scope=of_pack(own), enabled=False)
    await make_policy(shop, "three", scope={"type": "global"})
    await make_policy(other, "four", scope=of_pack(other.pack.ref), name="Find me")
    one, two, three = (f"{own}.{name}" for name in ("one", "two", "three"))
    four = f"{other.pack.ref}.four"

    async def listed(**query: Any) -> list[str]:
        return refs(await shop.get("/policies", **query))

    assert await listed() == sorted([one, two, three, four])
    assert await listed(q="find") == [four]
    assert await listed(pack_ref=own) == [one, two]
    assert await listed(action_ref=f"{own}.work") == [one]
    assert await listed(scope="global") == [three]
    assert await listed(enabled=False) == [two]
    assert await listed(tag="day") == [one]
    assert refs(await shop.get(f"/packs/{own}/policies")) == [one, two]
    assert refs(await shop.get(f"/actions/{own}.work/policies")) == [one]
    assert (await shop.send("GET", "/actions/no.such/policies")).status_code == 404
    assert (await shop.send("GET", "/policies", scope="all")).status_code == 422


async def test_what_is_given_is_changed_and_the_rest_stays(shop: Workshop) -> None:
    made = await make_policy(shop, description="Old", tags=["a"])
    path = f"/policies/{made['ref']}"

    same = await shop.put(path, dict.fromkeys(("concurrency", "quotas", "name")))
    changed = await shop.put(
        path,
        {
            "name": "Calmer",
            "description": {"op": "clear"},
            "priority": 7,
            "concurrency": {"limit": 1, "method": "cancel", "parameters": ["host"]},
            "rate_limit": {"max_executions": 5, "window_seconds": 60},
            "tags": [],
        },
    )
    less = await shop.put(path, {"concurrency": {"op": "clear"}, "enabled": False})
    lowered = await shop.put(path, {"threshold": 2})

    assert same | {"updated": ""} == made | {"updated": ""}
    assert changed["name"] == "Calmer"
    assert (changed["description"], changed["priority"]) == (None, 7)
    assert changed["concurrency"]["limit"] == 1
    assert changed["tags"] == []
    assert (less["concurrency"], less["enabled"]) == (None, False)
    assert less["rate_limit"] == {"max_executions": 5, "window_seconds": 60}
    expected = {"limit": 2, "method": "cancel", "parameters": ["host"]}
    assert lowered["concurrency"] == expected


async def test_the_last_limit_stays(shop: Workshop) -> None:
    made = await make_policy(shop)

    answer = await shop.send(
        "PUT", f"/policies/{made['ref']}", {"concurrency": {"op": "clear"}}
    )

    assert answer.status_code == 422
    assert "at least one limit" in answer.text
    assert await shop.get(f"/policies/{made['ref']}") == made


async def test_a_deleted_policy_is_gone(shop: Workshop) -> None:
    made = await make_policy(shop)

    answer = await shop.send("DELETE", f"/policies/{made['ref']}")

    assert answer.json()["data"]["success"] is True
    assert (await shop.send("GET", f"/policies/{made['ref']}")).status_code == 404
    assert (await shop.send("DELETE", f"/policies/{made['ref']}")).status_code == 404


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"concurrency": None}, "at least one limit"),
        ({"scope": {"type": "action"}}, "scope.action_ref"),
        ({"scope": {"type": "pack"}}, "scope.pack_ref"),
        ({"scope": {"type": "planet"}}, "scope"),
        ({"ref": "Nothing"}, "ref"),
        ({"name": " "}, "name"),
        ({"concurrency": {"limit": -1}}, "concurrency.limit"),
        ({"concurrency": {"limit": 2**31}}, "concurrency.limit"),
        ({"concurrency": {"limit": 1, "method": "ask"}}, "concurrency.method"),
        ({"concurrency": {"limit": 1, "parameters": ["a", "a"]}}, "twice"),
        ({"concurrency": {"limit": 1, "parameters": ["a..b"]}}, "a..b"),
        ({"concurrency": {"limit": 1, "parameters": ["token"]}}, "'token' is secret"),
        ({"concurrency": {"limit": 1, "parameters": ["token.x"]}}, "is secret"),
        ({"concurrency": {"limit": 1, "parameters": [*"abcdefghijk"]}}, "parameters"),
        ({"rate_limit": {"max_executions": 0, "window_seconds": 1}}, "rate_limit"),
        ({"rate_limit": {"max_executions": 1, "window_seconds": 10**9}}, "rate_limit"),
        ({"quotas": [{"quota_type": "disk", "limit": 1}]}, "known: running_executions"),
        ({"quotas": [{"quota_type": "running_executions", "limit": 1}] * 2}, "twice"),
        ({"priority": 2**40}, "priority"),
    ],
)
async def test_what_cannot_be_meant_is_refused_with_its_place(
    shop: Workshop, fields: dict[str, Any], says: str
) -> None:
    answer = await shop.send("POST", "/policies", body(shop, **fields))

    assert answer.status_code == 422, answer.text
    assert says in answer.text


async def test_a_secret_of_any_action_in_the_pack_forms_no_group(
    shop: Workshop,
) -> None:
    by_token = {"limit": 1, "parameters": ["token"]}

    answers = [
        await shop.send(
            "POST", "/policies", body(shop, scope=scope, concurrency=by_token)
        )
        for scope in (of_pack(shop.pack.ref), {"type": "global"})
    ]

    assert [answer.status_code for answer in answers] == [422, 422]


async def test_what_it_limits_has_to_be_there_and_its_name_free(shop: Workshop) -> None:
    await make_policy(shop)
    missing = {"type": "action", "action_ref": "no.such"}

    answers = [
        await shop.send("POST", "/policies", sent)
        for sent in (body(shop), body(shop, "b", scope=missing))
    ]

    assert [answer.status_code for answer in answers] == [409, 404]


async def test_only_who_tends_a_thing_limits_it(shop: Workshop) -> None:
    own = shop.pack.ref
    work = f"{own}.work"
    reader = await shop.api.person([grant("actions", "read")])
    of_work = [grant("actions", "read"), grant("actions", "update", refs=[work])]
    of_all = [grant("actions", "read", "update", pack_refs=[own])]
    keeper, editor = await shop.api.person(of_work), await shop.api.person(of_all)
    scopes = {"a": {"type": "action", "action_ref": work}, "p": of_pack(own)}
    scopes["g"] = {"type": "global"}

    async def attempts(who: Any, prefix: str) -> list[int]:
        return [
            (
                await shop.send(
                    *("POST", "/policies", body(shop, prefix + name, scope=scope)),
                    who=who,
                )
            ).status_code
            for name, scope in scopes.items()
        ]

    assert await attempts(reader, "r") == [403, 403, 403]
    assert await attempts(keeper, "k") == [201, 403, 403]
    assert await attempts(editor, "e") == [201, 201, 403]
    for method, sent in (("PUT", {"priority": 1}), ("DELETE", None)):
        for ref, who, expected in (
            (f"{own}.ka", reader, 403),
            (f"{own}.ep", keeper, 403),
            (f"{own}.ka", keeper, 200),
        ):
            answer = await shop.send(method, f"/policies/{ref}", sent, who=who)
            assert answer.status_code == expected, (method, ref)


async def test_the_names_of_a_pack_are_for_who_tends_it(shop: Workshop) -> None:
    other = await make_workshop(shop.api)
    editor = await shop.api.person(
        [grant("actions", "read"), grant("actions", "update", pack_refs=[own_of(shop)])]
    )

    async def attempt(ref: str) -> int:
        sent = body(shop) | {"ref": ref}
        return (await shop.send("POST", "/policies", sent, who=editor)).status_code

    assert await attempt(f"{other.pack.ref}.squat") == 403
    assert await attempt("nobodys.name") == 201


def own_of(shop: Workshop) -> str:
    return str(shop.pack.ref)


async def test_policies_of_a_hidden_pack_do_not_exist(shop: Workshop) -> None:
    owner = await shop.api.administrator()
    pack = await make_private_pack(shop.api, owner)
    sent = body(shop) | {"ref": f"{pack.ref}.mine", "scope": of_pack(pack.ref)}
    await shop.send("POST", "/policies", sent, who=owner)

    assert (await shop.send("GET", f"/policies/{pack.ref}.mine")).status_code == 404
    assert refs(await shop.get("/policies")) == []
    assert (await shop.send("POST", "/policies", sent)).status_code == 404
    seen = await shop.send("GET", f"/policies/{pack.ref}.mine", who=owner)
    assert seen.status_code == 200


async def test_the_queue_of_an_action_is_told(shop: Workshop) -> None:
    ref = f"{shop.pack.ref}.work"
    free = await shop.get(f"/actions/{ref}/queue-stats")
    light = await make_policy(shop, "light")
    two = {"limit": 2, "method": "enqueue"}
    heavy = await make_policy(
        shop, "heavy", scope=of_pack(shop.pack.ref), priority=1, concurrency=two
    )
    wish = {"action_ref": ref, "parameters": {}}
    ids = [(await shop.post("/executions/execute", wish))["id"] for _ in range(4)]

    await AdmissionService(shop.api.database).admit()

    told = await shop.get(f"/actions/{ref}/queue-stats")
    assert_shape(told, STATS | {"oldest_enqueued_at": str})
    numbers = ("active_count", "max_concurrent", "queue_length", "total_enqueued")
    assert [told[name] for name in numbers] == [2, 2, 2, 4]
    assert told["total_completed"] == 0
    await shop.post(f"/executions/{ids[0]}/cancel")
    assert (await shop.get(f"/actions/{ref}/queue-stats"))["total_completed"] == 1
    assert told["policies"] == [heavy["ref"], light["ref"]]
    assert_shape(free, STATS)
    assert [free[name] for name in numbers] == [0, 2**31 - 1, 0, 0]
    assert "oldest_enqueued_at" not in free
    assert (await shop.send("GET", "/actions/no.such/queue-stats")).status_code == 404


async def test_the_queue_of_a_shared_action_shows_nothing_of_others(
    shop: Workshop,
) -> None:
    ref = f"{shop.pack.ref}.work"
    await make_policy(shop, "light")
    rights = [
        grant("packs", "read"),
        grant("actions", "read", "execute"),
        grant("executions", "read", "cancel", owner="self"),
    ]
    ann, bob = [await shop.api.person(rights) for _ in range(2)]
    wish = {"action_ref": ref, "parameters": {}}
    made = await shop.send("POST", "/executions/execute", wish, who=ann)
    assert made.status_code == 201, made.text
    execution_id = made.json()["id"]
    await AdmissionService(shop.api.database).admit()

    async def queue(who: Person) -> Any:
        answer = await shop.send("GET", f"/actions/{ref}/queue-stats", who=who)
        told = answer.json()["data"]
        return [told[each] for each in ("active_count", "queue_length")]

    assert sum(await queue(ann)) == 1
    assert await queue(bob) == [0, 0]
    for verb in ("cancel", "pause", "resume", "rerun"):
        path = f"/executions/{execution_id}/{verb}"
        refused = await shop.send("POST", path, {}, who=bob)
        assert refused.status_code == 404, verb
    stopped = f"/executions/{execution_id}/cancel"
    assert (await shop.send("POST", stopped, who=ann)).status_code == 200
