"""Actions over HTTP: every field, every refusal, nobody sees what is not theirs."""

import asyncio
from typing import Any

import pytest

from tests.integration.api.defining import (
    Workshop,
    make_private_pack,
    make_workshop,
    refs,
    statuses,
)
from tests.integration.api.people import Api, grant
from tests.integration.api.shapes import assert_shape
from tests.support.builders import make_permission_set

SUMMARY = {
    "accesses_mcp": bool,
    "artifact_retention_limit": int | None,
    "artifact_retention_policy": str | None,
    "created": str,
    "default_execution_permission_set_refs": list,
    "description": str | None,
    "enabled": bool,
    "entrypoint": str,
    "id": int,
    "label": str,
    "log_retention_limit": int | None,
    "log_retention_policy": str | None,
    "pack_ref": str,
    "ref": str,
    "reference_allowed_pack_refs": list,
    "reference_visibility": str,
    "required_worker_runtimes": dict,
    "runtime": int | None,
    "runtime_ref": str | None,
    "runtime_version_constraint": str | None,
    "timeout_seconds": int | None,
    "updated": str,
    "worker_affinity": dict,
    "worker_selector": dict,
    "worker_tolerations": list,
    "workflow_def": int | None,
}
RESPONSE = SUMMARY | {
    "is_adhoc": bool,
    "out_schema": dict,
    "pack": int,
    "param_schema": dict,
}
HIT = {
    "accesses_mcp": bool,
    "description": str | None,
    "is_workflow": bool,
    "label": str,
    "pack_ref": str,
    "ref": str,
    "reference_visibility": str,
    "runtime_ref": str | None,
}


@pytest.fixture
async def shop(api: Api) -> Workshop:
    return await make_workshop(api)


async def test_a_new_action_has_every_field_of_the_contract(shop: Workshop) -> None:
    async with shop.api.database.transaction() as tx:
        permset = await make_permission_set(tx)
    body = shop.action_body(
        description="Works.",
        param_schema={"n": {"type": "integer", "required": True}},
        out_schema={"sum": {"type": "integer"}},
        timeout_seconds=30,
        worker_selector={"zone": "a"},
        worker_tolerations=[{"key": "gpu", "operator": "exists"}],
        worker_affinity={"required": [{"match_labels": {"zone": "a"}}]},
        default_execution_permission_set_refs=[permset.ref],
        log_retention_policy="days",
        log_retention_limit=3,
        unknown="ignored",
    )

    answer = await shop.send("POST", "/actions", body)

    assert answer.status_code == 201
    made = answer.json()["data"]
    assert_shape(made, RESPONSE)
    assert made["is_adhoc"] is True
    assert made["pack"] == shop.pack.id
    assert made["runtime"] == shop.runtime.id
    assert made["enabled"] is True
    for name in body.keys() - {"unknown"}:
        assert made[name] == body[name], name
    assert await shop.get(f"/actions/{made['ref']}") == made


async def test_lists_show_summaries_by_ref_with_pages(shop: Workshop) -> None:
    for name in ("b", "a", "c"):
        await shop.action(name, description=f"About {name}")

    listed = await shop.get("/actions", page_size=2)
    rest = await shop.get("/actions", page_size=2, page=2)
    found = await shop.get("/actions", q="about B")

    assert refs(listed) == [f"{shop.pack.ref}.a", f"{shop.pack.ref}.b"]
    assert refs(rest) == [f"{shop.pack.ref}.c"]
    assert refs(found) == [f"{shop.pack.ref}.b"]
    assert_shape(listed["items"][0], SUMMARY)
    assert listed["pagination"] == {
        "page": 1,
        "page_size": 2,
        "total_items": 3,
        "total_pages": 2,
        "has_previous": False,
        "has_next": True,
    }


async def test_the_actions_of_a_pack_are_listed(shop: Workshop) -> None:
    other = await make_workshop(shop.api)
    await shop.action()
    await other.action()

    listed = await shop.get(f"/packs/{shop.pack.ref}/actions")
    unknown = await shop.send("GET", "/packs/nowhere/actions")

    assert refs(listed) == [f"{shop.pack.ref}.work"]
    assert unknown.status_code == 404


async def test_search_shows_what_is_needed_to_choose(shop: Workshop) -> None:
    other = await make_workshop(shop.api)
    await shop.action(description="Sends mail")
    await other.action(description="Sends mail")

    found = await shop.get("/actions/search", q="mail", packs=f"{shop.pack.ref}, none")

    assert refs(found) == [f"{shop.pack.ref}.work"]
    assert_shape(found["items"][0], HIT)
    assert found["items"][0]["is_workflow"] is False


async def test_only_actions_that_may_be_referred_to_are_listed(shop: Workshop) -> None:
    await shop.action("open")
    await shop.action("closed", reference_visibility="private")
    await shop.action(
        "some",
        reference_visibility="restricted",
        reference_allowed_pack_refs=["friend"],
    )

    ours = await shop.get("/actions", referencing_pack_ref=shop.pack.ref)
    friend = await shop.get("/actions", referencing_pack_ref="friend")
    stranger = await shop.get("/actions/search", referencing_pack_ref="stranger")

    assert len(refs(ours)) == 3
    assert refs(friend) == [f"{shop.pack.ref}.open", f"{shop.pack.ref}.some"]
    assert refs(stranger) == [f"{shop.pack.ref}.open"]


async def test_only_actions_that_the_caller_may_execute_are_listed(
    shop: Workshop,
) -> None:
    await shop.action("first")
    await shop.action("second")
    await shop.action("off", enabled=False)
    reads = grant("actions", "read")
    runs = grant("actions", "execute", refs=[f"{shop.pack.ref}.second"])
    runs_off = grant("actions", "execute", refs=[f"{shop.pack.ref}.off"])
    ann = await shop.api.person([reads, runs, runs_off])

    every = await shop.send("GET", "/actions", who=ann)
    executable = await shop.send(
        "GET", "/actions", who=ann, executable_with_current_access=True
    )

    assert len(refs(every.json())) == 3
    assert refs(executable.json()) == [f"{shop.pack.ref}.second"]
    assert executable.json()["pagination"]["total_items"] == 1


async def test_an_update_changes_only_what_is_given(shop: Workshop) -> None:
    before = await shop.action(
        description="Old", timeout_seconds=30, runtime_version_constraint=">=1"
    )

    after = await shop.put(
        f"/actions/{before['ref']}",
        {
            "label": "New",
            "param_schema": None,
            "timeout_seconds": {"op": "clear"},
            "runtime_version_constraint": {"op": "set", "value": ">=2"},
            "log_retention_limit": 5,
            "worker_tolerations": [{"key": "gpu"}],
        },
    )

    changed = {k for k in before if before[k] != after[k]}
    assert changed == {
        "label",
        "timeout_seconds",
        "runtime_version_constraint",
        "log_retention_limit",
        "worker_tolerations",
        "updated",
    }
    assert after["timeout_seconds"] is None
    assert after["runtime_version_constraint"] == ">=2"


async def test_a_runtime_can_be_named_by_id_and_changed(shop: Workshop) -> None:
    other = await make_workshop(shop.api)
    body = shop.action_body(runtime=shop.runtime.id)
    del body["runtime_ref"]

    made = await shop.post("/actions", body)
    moved = await shop.put(
        f"/actions/{made['ref']}", {"runtime_ref": other.runtime.ref}
    )

    assert made["runtime_ref"] == shop.runtime.ref
    assert (moved["runtime"], moved["runtime_ref"]) == (
        other.runtime.id,
        other.runtime.ref,
    )


async def test_parallel_updates_lose_no_field(shop: Workshop) -> None:
    ref = (await shop.action())["ref"]
    changes: list[dict[str, Any]] = [
        {"label": "New"},
        {"description": "New"},
        {"entrypoint": "echo new"},
        {"timeout_seconds": 7},
        {"tags": ["new"]},
        {"accesses_mcp": True},
        {"enabled": False},
        {"worker_selector": {"new": "yes"}},
    ]

    answers = await asyncio.gather(
        *(shop.send("PUT", f"/actions/{ref}", change) for change in changes * 6)
    )

    assert statuses(answers) == {200: 48}
    after = await shop.get(f"/actions/{ref}")
    for change in changes:
        assert change.items() <= after.items()


async def test_a_deleted_action_is_gone(shop: Workshop) -> None:
    ref = (await shop.action())["ref"]

    answer = await shop.send("DELETE", f"/actions/{ref}")
    again = await shop.send("DELETE", f"/actions/{ref}")

    assert answer.status_code == 200
    assert answer.json()["success"] is True
    assert answer.json()["message"]
    assert again.status_code == 404
    assert (await shop.send("GET", f"/actions/{ref}")).status_code == 404


async def test_of_fifty_equal_creations_one_succeeds(shop: Workshop) -> None:
    body = shop.action_body()

    answers = await asyncio.gather(
        *(shop.send_until_served("POST", "/actions", body) for _ in range(50))
    )

    assert statuses(answers) == {201: 1, 409: 49}
    assert {a.json().get("code") for a in answers} == {None, "CONFLICT"}


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"pack_ref": "nowhere", "ref": "nowhere.work"}, 404),
        ({"ref": "other.work"}, 422),
        ({"ref": "no-dot"}, 422),
        ({"ref": "Upper.Case"}, 422),
        ({"label": ""}, 422),
        ({"label": " "}, 422),
        ({"label": "a\u202eb"}, 422),
        ({"entrypoint": ""}, 422),
        ({"entrypoint": "x" * 300_000}, 422),
        ({"runtime_ref": "core.nothing"}, 404),
        ({"runtime": 2**62}, 404),
        ({"runtime": -1}, 422),
        ({"param_schema": {"n": {"type": "number-ish"}}}, 422),
        ({"param_schema": {"n": "not a schema"}}, 422),
        ({"param_schema": []}, 422),
        ({"out_schema": {"n": {"$ref": "http://example.org/schema"}}}, 422),
        ({"runtime_version_constraint": "about three"}, 422),
        ({"required_worker_runtimes": {"python": "about three"}}, 422),
        ({"timeout_seconds": 0}, 422),
        ({"timeout_seconds": 2**63}, 422),
        ({"timeout_seconds": "30"}, 422),
        ({"log_retention_policy": "for ever"}, 422),
        ({"reference_visibility": "secret"}, 422),
        ({"worker_tolerations": [{"operator": "exists"}]}, 422),
    ],
    ids=lambda value: str(value)[:60],
)
async def test_what_cannot_be_meant_is_refused(
    shop: Workshop, change: dict[str, Any], status: int
) -> None:
    answer = await shop.send("POST", "/actions", shop.action_body() | change)

    assert answer.status_code == status, answer.text
    assert answer.json()["error"]
    assert answer.json()["code"]
    assert (await shop.get("/actions"))["items"] == []


async def test_a_wrong_schema_is_refused_with_its_place(shop: Workshop) -> None:
    ref = (await shop.action())["ref"]

    answer = await shop.send(
        "PUT", f"/actions/{ref}", {"param_schema": {"n": {"type": "numberish"}}}
    )

    assert answer.status_code == 422
    assert "param_schema" in answer.text


async def test_a_private_packs_actions_do_not_exist_for_another_administrator(
    shop: Workshop,
) -> None:
    owner = await shop.api.administrator()
    pack = await make_private_pack(shop.api, owner)
    body = shop.action_body(ref=f"{pack.ref}.work", pack_ref=pack.ref)

    refused = await shop.send("POST", "/actions", body)
    made = await shop.send("POST", "/actions", body, who=owner)
    path = f"/actions/{pack.ref}.work"

    assert refused.status_code == 404
    assert made.status_code == 201
    for method, change in (("GET", None), ("PUT", {"label": "x"}), ("DELETE", None)):
        assert (await shop.send(method, path, change)).status_code == 404
    assert (await shop.send("GET", f"/packs/{pack.ref}/actions")).status_code == 404
    listed = await shop.get("/actions")
    assert (listed["items"], listed["pagination"]["total_items"]) == ([], 0)
    assert (await shop.send("GET", path, who=owner)).status_code == 200


async def test_a_grant_for_one_pack_reaches_no_other(shop: Workshop) -> None:
    other = await make_workshop(shop.api)
    await shop.action()
    await other.action()
    ann = await shop.api.person(
        [
            grant(
                "actions",
                "read",
                "create",
                "update",
                "delete",
                pack_refs=[shop.pack.ref],
            )
        ]
    )

    made = await shop.send("POST", "/actions", shop.action_body("more"), who=ann)
    refused = await shop.send("POST", "/actions", other.action_body("more"), who=ann)
    unseen = await shop.send("PUT", f"/actions/{other.pack.ref}.work", {}, who=ann)
    listed = await shop.send("GET", "/actions", who=ann)

    assert made.status_code == 201
    assert refused.status_code == 403
    assert unseen.status_code == 404
    assert refs(listed.json()) == [f"{shop.pack.ref}.more", f"{shop.pack.ref}.work"]
