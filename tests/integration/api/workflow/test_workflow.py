"""Workflows over HTTP: each with its action, and nobody sees others'."""

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
from tests.integration.api.people import grant
from tests.integration.api.shapes import assert_shape
from tests.integration.api.workflow.definitions import (
    RESPONSE,
    SUMMARY,
)

SHARED = ("label", "description", "param_schema", "out_schema", "tags")


async def test_a_new_workflow_has_every_field_of_the_contract(shop: Workshop) -> None:
    body = shop.workflow_body(
        description="Works.",
        param_schema={"n": {"type": "integer", "required": True}},
        out_schema={"sum": {"type": "integer"}},
        tags=["a", "b"],
        unknown="ignored",
    )
    body["definition"] |= {
        "vars": {"kept": None},
        "cancellation_policy": "allow_finish",
    }

    answer = await shop.send("POST", "/workflows", body)

    assert answer.status_code == 201, answer.text
    made = answer.json()["data"]
    assert_shape(made, RESPONSE)
    assert made["pack"] == shop.pack.id
    assert made["is_adhoc"] is True
    for name in body.keys() - {"unknown"}:
        assert made[name] == body[name], name
    assert await shop.get(f"/workflows/{made['ref']}") == made


async def test_a_workflow_comes_with_the_action_that_runs_it(shop: Workshop) -> None:
    made = await shop.workflow(
        param_schema={"n": {"type": "integer"}},
        tags=["a"],
        enabled=False,
        timeout_seconds=60,
        reference_visibility="private",
    )

    action = await shop.get(f"/actions/{made['ref']}")
    [hit] = (await shop.get("/actions/search", q="flow"))["items"]

    assert action["workflow_def"] == made["id"]
    assert action["runtime_ref"] == "core.builtin"
    assert action["is_adhoc"] is True
    assert action["enabled"] is False
    assert action["timeout_seconds"] == 60
    assert action["reference_visibility"] == "private"
    assert {name: action[name] for name in SHARED} == {
        name: made[name] for name in SHARED
    }
    assert hit["is_workflow"] is True


async def test_a_workflow_is_executed_as_its_action(shop: Workshop) -> None:
    ref = (await shop.workflow(param_schema={"n": {"type": "integer"}}))["ref"]

    body = {"action_ref": ref, "parameters": {"n": 1}}
    requested = await shop.post("/executions/execute", body)
    read = await shop.get(f"/executions/{requested['id']}")

    assert requested["status"] == "requested"
    assert "timeout_seconds" not in read


async def test_a_rule_starts_a_workflow(shop: Workshop) -> None:
    ref = (await shop.workflow())["ref"]
    await shop.trigger()
    rule = await shop.rule(action_ref=ref)

    await shop.post("/events", {"trigger_ref": f"{shop.pack.ref}.fired"})

    [execution] = (await shop.get("/executions", rule_ref=rule["ref"]))["items"]
    assert (execution["action_ref"], execution["status"]) == (ref, "requested")
    assert "timeout_seconds" not in execution


class TestLists:
    async def test_they_show_summaries_by_ref_with_pages(self, shop: Workshop) -> None:
        for name in ("b", "a", "c"):
            await shop.workflow(name)

        listed = await shop.get("/workflows", page_size=2)
        rest = await shop.get("/workflows", page_size=2, page=2)

        assert refs(listed) == [f"{shop.pack.ref}.a", f"{shop.pack.ref}.b"]
        assert refs(rest) == [f"{shop.pack.ref}.c"]
        assert_shape(listed["items"][0], SUMMARY)
        assert "definition" not in listed["items"][0]
        assert listed["pagination"]["total_items"] == 3

    @pytest.mark.parametrize(
        ("query", "names"),
        [
            ({"search": "about B"}, ["b"]),
            ({"q": "about B"}, ["b"]),
            ({"search": "%"}, []),
            ({"tags": "red"}, ["a", "b"]),
            ({"tags": "green, blue"}, ["b"]),
            ({"tags": "nothing"}, []),
            ({"tags": " , "}, ["a", "b"]),
            ({"tags": "red", "search": "about a"}, ["a"]),
            ({"pack_ref": "nowhere"}, []),
        ],
        ids=str,
    )
    async def test_they_are_narrowed(
        self, shop: Workshop, query: dict[str, str], names: list[str]
    ) -> None:
        await shop.workflow("a", description="About A", tags=["red"])
        await shop.workflow("b", description="About B", tags=["red", "blue"])

        listed = await shop.get("/workflows", **query)

        assert refs(listed) == [f"{shop.pack.ref}.{name}" for name in names]

    async def test_those_of_a_pack_are_listed(self, shop: Workshop) -> None:
        other = await make_workshop(shop.api)
        await other.action()
        await shop.workflow()
        await other.workflow()

        of_pack = await shop.get(f"/packs/{shop.pack.ref}/workflows")
        narrowed = await shop.get("/workflows", pack_ref=shop.pack.ref)
        unknown = await shop.send("GET", "/packs/nowhere/workflows")

        assert refs(of_pack) == refs(narrowed) == [f"{shop.pack.ref}.flow"]
        assert unknown.status_code == 404


@pytest.mark.parametrize("kind", ["workflows", "actions"])
async def test_what_is_deleted_is_gone_with_its_other_half(
    shop: Workshop, kind: str
) -> None:
    ref = (await shop.workflow())["ref"]

    answer = await shop.send("DELETE", f"/{kind}/{ref}")

    assert (answer.status_code, answer.json()["success"]) == (200, True)
    for path in (f"/workflows/{ref}", f"/actions/{ref}"):
        assert (await shop.send("GET", path)).status_code == 404
        assert (await shop.send("DELETE", path)).status_code == 404
    assert (await shop.workflow())["ref"] == ref


async def test_of_fifty_equal_creations_one_succeeds(shop: Workshop) -> None:
    body = shop.workflow_body()

    answers = await asyncio.gather(
        *(shop.send_until_served("POST", "/workflows", body) for _ in range(50))
    )

    assert statuses(answers) == {201: 1, 409: 49}
    assert {a.json().get("code") for a in answers} == {None, "CONFLICT"}


async def test_a_name_is_either_an_action_or_a_workflow(shop: Workshop) -> None:
    await shop.workflow()

    as_flow = await shop.send("POST", "/workflows", shop.workflow_body("work"))
    as_action = await shop.send("POST", "/actions", shop.action_body("flow"))

    assert statuses([as_flow, as_action]) == {409: 2}
    assert (await shop.get(f"/actions/{shop.pack.ref}.work"))["workflow_def"] is None


async def test_a_private_packs_workflows_do_not_exist_for_another_administrator(
    shop: Workshop,
) -> None:
    owner = await shop.api.administrator()
    pack = await make_private_pack(shop.api, owner)
    ref = f"{pack.ref}.flow"
    body = shop.workflow_body(ref=ref, pack_ref=pack.ref)

    refused = await shop.send("POST", "/workflows", body)
    made = await shop.send("POST", "/workflows", body, who=owner)

    assert (refused.status_code, made.status_code) == (404, 201)
    for method, path, sent in (
        ("GET", f"/workflows/{ref}", None),
        ("PUT", f"/workflows/{ref}", {"label": "x"}),
        ("PUT", f"/workflows/{ref}/file", _file(shop, pack_ref=pack.ref)),
        ("DELETE", f"/workflows/{ref}", None),
        ("GET", f"/packs/{pack.ref}/workflows", None),
        ("POST", f"/packs/{pack.ref}/workflows/sync", None),
        ("POST", f"/packs/{pack.ref}/workflows/validate", None),
    ):
        answer = await shop.send(method, path, sent)
        assert answer.status_code == 404, (method, path, answer.text)
    listed = await shop.get("/workflows")
    assert (listed["items"], listed["pagination"]["total_items"]) == ([], 0)
    assert (await shop.send("GET", f"/workflows/{ref}", who=owner)).status_code == 200


async def test_a_grant_reaches_as_far_as_for_the_action(shop: Workshop) -> None:
    first, second = await shop.workflow("one"), await shop.workflow("two")
    action_id = (await shop.get(f"/actions/{first['ref']}"))["id"]
    acts = ("read", "update", "delete", "execute", "create")
    by_id = await shop.api.person([grant("actions", *acts, ids=[action_id])])
    by_ref = await shop.api.person([grant("actions", *acts, refs=[first["ref"]])])
    elsewhere = await shop.api.person([grant("actions", *acts, pack_refs=["x"])])

    for who in (by_id, by_ref):
        seen = (await shop.send("GET", "/workflows", who=who)).json()
        assert refs(seen) == [first["ref"]]
        own, other = [
            await shop.send("PUT", f"/workflows/{ref}", {"label": "New"}, who=who)
            for ref in (first["ref"], second["ref"])
        ]
        assert (own.status_code, other.status_code) == (200, 404)
    made = await shop.send("POST", "/workflows", shop.workflow_body(), who=elsewhere)
    assert made.status_code == 403


def _file(shop: Workshop, **fields: Any) -> dict[str, Any]:
    body = shop.workflow_body() | {"name": "flow", "out_schema": None}
    del body["ref"]
    return body | fields
