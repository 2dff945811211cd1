"""Workflows over HTTP: each with its action, every problem told, nobody sees others'."""

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
from tests.integration.api.people import EVERYTHING, Api, grant
from tests.integration.api.shapes import assert_shape
from tests.support.builders import make_pack, make_runtime

SUMMARY = {
    "created": str,
    "description": str | None,
    "id": int,
    "label": str,
    "pack_ref": str,
    "ref": str,
    "tags": list,
    "updated": str,
    "version": str,
}
RESPONSE = SUMMARY | {
    "definition": dict,
    "out_schema": dict,
    "pack": int,
    "param_schema": dict,
}
SHARED = ("label", "description", "param_schema", "out_schema", "tags")


@pytest.fixture
async def shop(api: Api) -> Workshop:
    async with api.database.transaction() as tx:
        core = await make_pack(tx, ref="core")
        engine = {"ref": "core.builtin", "name": "Builtin", "execution_config": {}}
        await make_runtime(tx, core, **engine)
    made = await make_workshop(api)
    await made.action(param_schema={"n": {"type": "integer"}})
    return made


def tasks(*found: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"tasks": list(found), **more}


def problems_in(answer: Any) -> list[str]:
    assert answer.status_code == 422, answer.text
    listed: list[str] = answer.json()["details"]["problems"]
    return listed


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


class TestUpdates:
    async def test_only_what_is_given_changes(self, shop: Workshop) -> None:
        before = await shop.workflow(description="Old", tags=["a"])

        after = await shop.put(
            f"/workflows/{before['ref']}",
            {
                "definition": None,
                "param_schema": None,
                "out_schema": None,
                "label": "New",
                "version": "2",
                "description": {"op": "clear"},
            },
        )

        changed = {name for name in before if before[name] != after[name]}
        assert changed == {"label", "version", "description", "updated"}
        action = await shop.get(f"/actions/{before['ref']}")
        assert (action["label"], action["description"]) == ("New", None)

    async def test_the_action_takes_what_its_workflow_takes(
        self, shop: Workshop
    ) -> None:
        ref = (await shop.workflow())["ref"]
        schema = {"n": {"type": "integer"}}

        await shop.put(f"/workflows/{ref}", {"param_schema": schema, "enabled": False})

        action = await shop.get(f"/actions/{ref}")
        assert action["param_schema"] == schema
        assert action["enabled"] is False

    async def test_what_is_changed_of_the_action_is_changed_of_the_workflow(
        self, shop: Workshop
    ) -> None:
        ref = (await shop.workflow())["ref"]
        changes = {
            "label": "New",
            "description": "New",
            "tags": ["new"],
            "param_schema": {"n": {"type": "integer"}},
            "out_schema": {"m": {"type": "integer"}},
            "runtime_ref": "core.builtin",
            "timeout_seconds": 5,
        }

        action = await shop.put(f"/actions/{ref}", changes)

        workflow = await shop.get(f"/workflows/{ref}")
        assert changes.items() <= action.items()
        assert {n: workflow[n] for n in SHARED} == {n: changes[n] for n in SHARED}

    async def test_a_schema_is_checked_with_the_workflow_whichever_way_it_comes(
        self, shop: Workshop
    ) -> None:
        ref = (await shop.workflow(**_adding()))["ref"]
        broken = {"param_schema": {"n": {"type": "numberish"}}}

        refused = [
            await shop.send("PUT", f"/{kind}/{ref}", broken)
            for kind in ("workflows", "actions")
        ]
        lacking = await shop.put(f"/workflows/{ref}", {"param_schema": {"m": {}}})

        for answer in refused:
            assert "param_schema.n.type" in problems_in(answer)[0]
        assert lacking["warnings"] == [
            "tasks[0].input.n: the workflow has no parameter 'n'"
        ]

    async def test_an_action_stays_the_workflow_that_it_is(
        self, shop: Workshop
    ) -> None:
        flow = (await shop.workflow())["ref"]

        code = await shop.send(
            "PUT", f"/actions/{flow}", {"runtime_ref": shop.runtime.ref}
        )
        engine = await shop.send(
            "PUT", f"/actions/{shop.pack.ref}.work", {"runtime_ref": "core.builtin"}
        )
        new = await shop.send(
            "POST", "/actions", shop.action_body("new", runtime_ref="core.builtin")
        )

        assert statuses([code, engine, new]) == {422: 3}
        assert "POST /api/v1/workflows" in new.json()["error"]

    async def test_parallel_changes_of_both_lose_nothing(self, shop: Workshop) -> None:
        ref = (await shop.workflow())["ref"]
        changes: list[tuple[str, dict[str, Any]]] = [
            ("workflows", {"version": "2"}),
            ("actions", {"label": "New"}),
            ("workflows", {"description": "New"}),
            ("actions", {"tags": ["new"]}),
        ]

        answers = await asyncio.gather(
            *(shop.send("PUT", f"/{kind}/{ref}", body) for kind, body in changes * 8)
        )

        assert statuses(answers) == {200: 32}
        after = await shop.get(f"/workflows/{ref}")
        for _, change in changes:
            assert change.items() <= after.items()


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


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"pack_ref": "nowhere", "ref": "nowhere.flow"}, 404),
        ({"ref": ""}, 422),
        ({"ref": "other.flow"}, 422),
        ({"ref": "no-dot"}, 422),
        ({"ref": "Upper.Case"}, 422),
        ({"label": ""}, 422),
        ({"label": " "}, 422),
        ({"version": ""}, 422),
        ({"version": " "}, 422),
        ({"version": None}, 422),
        ({"version": 1}, 422),
        ({"definition": None}, 422),
        ({"definition": []}, 422),
        ({"definition": {}}, 422),
        ({"definition": {"tasks": []}}, 422),
        ({"definition": {"tasks": {}}}, 422),
        ({"definition": {"tasks": [{"name": "a"}]}}, 422),
        ({"param_schema": {"n": {"type": "number-ish"}}}, 422),
        ({"out_schema": {"n": "not a schema"}}, 422),
        ({"timeout_seconds": 0}, 422),
        ({"reference_visibility": "secret"}, 422),
        ({"tags": "a,b"}, 422),
    ],
    ids=lambda value: str(value)[:60],
)
async def test_what_cannot_be_meant_is_refused(
    shop: Workshop, change: dict[str, Any], status: int
) -> None:
    answer = await shop.send("POST", "/workflows", shop.workflow_body() | change)

    assert answer.status_code == status, answer.text
    assert answer.json()["error"]
    assert (await shop.get("/workflows"))["items"] == []
    assert refs(await shop.get("/actions")) == [f"{shop.pack.ref}.work"]


class TestProblems:
    async def test_all_of_them_are_told_at_once_with_their_places(
        self, shop: Workshop
    ) -> None:
        pack = shop.pack.ref
        definition = tasks(
            {"name": "a", "action": f"{pack}.wrok", "next": [{"do": ["nowhere"]}]},
            {"name": "b", "action": f"{pack}.work", "input": {"n": "many"}},
            {"name": "c", "action": f"{pack}.work", "input": {"n": "{{ 1 + }}"}},
            {"name": "c", "action": f"{pack}.work", "join": 3},
            cancellation_policy="sometimes",
        )
        schema = {"n": {"type": "numberish"}}

        answer = await shop.send(
            "POST",
            "/workflows",
            shop.workflow_body(definition=definition, param_schema=schema),
        )

        found = "\n".join(problems_in(answer))
        for said in (
            "param_schema",
            f"{pack}.wrok",
            "nowhere",
            "tasks[1]",
            "tasks[2]",
            "tasks[3]",
            "cancellation_policy",
        ):
            assert said in found, (said, found)
        assert f"{pack}.work" in found  # what was perhaps meant

    async def test_a_draft_is_checked_and_not_stored(self, shop: Workshop) -> None:
        body = {
            "pack_ref": shop.pack.ref,
            "definition": tasks({"name": "a", "action": "nowhere.x"}),
        }
        good = {
            "pack_ref": shop.pack.ref,
            "definition": shop.workflow_body()["definition"],
        }

        broken = await shop.post("/workflows/validate", body)
        sound = await shop.post("/workflows/validate", good)
        lost = await shop.send(
            "POST", "/workflows/validate", {**good, "pack_ref": "nowhere"}
        )

        assert broken["valid"] is False
        assert any("nowhere.x" in each for each in broken["problems"])
        assert sound == {"valid": True, "problems": [], "warnings": []}
        assert lost.status_code == 404
        assert (await shop.get("/workflows"))["items"] == []

    async def test_an_action_without_a_dot_is_one_of_the_pack(
        self, shop: Workshop
    ) -> None:
        definition = tasks({"name": "a", "action": "work", "input": {"n": 1}})

        made = await shop.workflow(definition=definition)

        assert made["definition"] == definition

    async def test_a_workflow_may_run_itself(self, shop: Workshop) -> None:
        ref = f"{shop.pack.ref}.flow"
        definition = tasks({"name": "a", "action": ref, "when": "{{ false }}"})

        made = await shop.workflow(definition=definition)

        await shop.put(f"/workflows/{made['ref']}", {"definition": definition})

    async def test_an_action_that_is_switched_off_is_only_a_warning(
        self, shop: Workshop
    ) -> None:
        work = f"{shop.pack.ref}.work"
        await shop.put(f"/actions/{work}", {"enabled": False})

        made = await shop.workflow()
        read = await shop.get(f"/workflows/{made['ref']}")

        assert made["warnings"] == [f"tasks: {work} is disabled"]
        assert "warnings" not in read

    async def test_an_action_says_who_may_refer_to_it(self, shop: Workshop) -> None:
        other = await make_workshop(shop.api)
        await other.action(reference_visibility="private")
        closed = f"{other.pack.ref}.work"

        answer = await shop.send(
            "POST",
            "/workflows",
            shop.workflow_body(definition=tasks({"name": "a", "action": closed})),
        )

        [problem] = problems_in(answer)
        assert closed in problem

    async def test_what_is_hidden_does_not_exist(self, shop: Workshop) -> None:
        owner = await shop.api.administrator()
        pack = await make_private_pack(shop.api, owner)
        hidden = f"{pack.ref}.work"
        action = shop.action_body(ref=hidden, pack_ref=pack.ref)
        await shop.send("POST", "/actions", action, who=owner)
        body = shop.workflow_body(definition=tasks({"name": "a", "action": hidden}))

        refused = await shop.send("POST", "/workflows", body)
        made = await shop.send("POST", "/workflows", body, who=owner)

        assert hidden in problems_in(refused)[0]
        assert made.status_code == 201, made.text

    async def test_nobody_makes_a_workflow_of_what_they_may_not_execute(
        self, shop: Workshop
    ) -> None:
        ann = await shop.api.person([grant("actions", "read", "create")])

        answer = await shop.send("POST", "/workflows", shop.workflow_body(), who=ann)

        assert answer.status_code == 403
        assert answer.json()["details"]["needs"] == "actions:execute"


class TestWorkflowFiles:
    async def test_one_is_made_by_its_name(self, shop: Workshop) -> None:
        body = _file(shop, enabled=False, reference_visibility="restricted")
        body["reference_allowed_pack_refs"] = ["friend"]

        made = await shop.post(f"/packs/{shop.pack.ref}/workflow-files", body)
        again = await shop.send("POST", f"/packs/{shop.pack.ref}/workflow-files", body)

        assert made["ref"] == f"{shop.pack.ref}.flow"
        assert_shape(made, RESPONSE)
        action = await shop.get(f"/actions/{made['ref']}")
        assert action["enabled"] is False
        assert action["reference_visibility"] == "restricted"
        assert action["reference_allowed_pack_refs"] == ["friend"]
        assert again.status_code == 409

    async def test_one_is_changed_by_its_ref(self, shop: Workshop) -> None:
        ref = (await shop.workflow())["ref"]

        changed = await shop.put(
            f"/workflows/{ref}/file", _file(shop, version="2", enabled=False)
        )

        assert changed["version"] == "2"
        assert (await shop.get(f"/actions/{ref}"))["enabled"] is False

    @pytest.mark.parametrize(
        "other", [{"name": "else"}, {"pack_ref": "else"}, {"name": ""}]
    )
    async def test_its_name_stays(self, shop: Workshop, other: dict[str, str]) -> None:
        ref = (await shop.workflow())["ref"]

        answer = await shop.send("PUT", f"/workflows/{ref}/file", _file(shop) | other)

        assert answer.status_code == 422

    async def test_it_is_made_in_the_pack_of_the_path(self, shop: Workshop) -> None:
        path = "/packs/{}/workflow-files"

        other = await shop.send("POST", path.format("else"), _file(shop))
        unknown = await shop.send(
            "POST", path.format("nowhere"), _file(shop, pack_ref="nowhere")
        )

        assert (other.status_code, unknown.status_code) == (422, 404)


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


@pytest.mark.parametrize(
    ("method", "path", "needs"),
    [
        ("GET", "/workflows", "actions:read"),
        ("GET", "/workflows/x.y", "actions:read"),
        ("POST", "/workflows", "actions:create"),
        ("POST", "/workflows/validate", "actions:read"),
        ("PUT", "/workflows/x.y", "actions:update"),
        ("DELETE", "/workflows/x.y", "actions:delete"),
        ("PUT", "/workflows/x.y/file", "actions:update"),
        ("GET", "/packs/xx/workflows", "actions:read"),
        ("POST", "/packs/xx/workflow-files", "actions:create"),
        ("POST", "/packs/xx/workflows/sync", "actions:update"),
        ("POST", "/packs/xx/workflows/validate", "actions:read"),
    ],
)
async def test_every_route_needs_its_grant(
    api: Api, method: str, path: str, needs: str
) -> None:
    resource, _, action = needs.partition(":")
    others = [
        {
            "resource": each["resource"],
            "actions": [
                a
                for a in each["actions"]
                if (each["resource"], a) != (resource, action)
            ],
        }
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


def _adding() -> dict[str, Any]:
    """Return a workflow that hands on its parameter."""
    task = {"name": "a", "action": "work", "input": {"n": "{{ parameters.n }}"}}
    return {"definition": tasks(task), "param_schema": {"n": {"type": "integer"}}}


def _file(shop: Workshop, **fields: Any) -> dict[str, Any]:
    body = shop.workflow_body() | {"name": "flow", "out_schema": None}
    del body["ref"]
    return body | fields
