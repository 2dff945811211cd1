"""Every problem of a workflow is told, each with its place."""

from typing import Any

import pytest

from tests.integration.api.defining import (
    Workshop,
    make_private_pack,
    make_workshop,
    refs,
)
from tests.integration.api.people import grant
from tests.integration.api.shapes import assert_shape
from tests.integration.api.workflow.definitions import (
    RESPONSE,
    problems_in,
    tasks,
)


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


def _file(shop: Workshop, **fields: Any) -> dict[str, Any]:
    body = shop.workflow_body() | {"name": "flow", "out_schema": None}
    del body["ref"]
    return body | fields
