"""Workflows in the files of packs: checked with what is installed, and read again."""

from collections.abc import Mapping
from typing import Any

import httpx

from tests.integration.api.installing import get, refs_of, upload
from tests.integration.api.people import Api, Person, grant
from tests.integration.api.shapes import assert_shape
from tests.support.packs import MANIFEST

FLOW = """
    label: Flow
    version: "2"
    description: Flows.
    tags: [a]
    timeout: 60
    parameters:
      who: {type: string, default: world}
    vars: {note: null}
    tasks:
      - name: greet
        action: greet
        input: {who: "{{ parameters.who }}", note: null}
    output_map: {who: "{{ parameters.who }}"}
    cancellation_policy: cancel_running
"""
GREET = """
    entry_point: echo hello
    parameters: {who: {type: string, required: true}}
"""
FILES = {**MANIFEST, "actions/greet.yaml": GREET, "workflows/flow.yaml": FLOW}


async def send(
    api: Api, who: Person, method: str, path: str, body: Any = None
) -> httpx.Response:
    return await api.client.request(
        method, f"/api/v1{path}", json=body, headers=who.headers
    )


async def entity(api: Api, who: Person, path: str) -> Any:
    answer = await get(api, who, path)
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


async def install(api: Api, who: Person, files: Mapping[str, str]) -> Any:
    answer = await upload(api, who, files, force="true")
    assert answer.status_code == 201, answer.text
    return answer.json()["data"]


def problems_in(answer: httpx.Response) -> str:
    assert answer.status_code == 422, answer.text
    return "\n".join(answer.json()["details"]["problems"])


class TestInstallation:
    async def test_a_workflow_keeps_everything_that_it_says(
        self, api: Api, admin: Person
    ) -> None:
        installed = await install(api, admin, FILES)

        workflow = await entity(api, admin, "/workflows/demo.flow")
        action = await entity(api, admin, "/actions/demo.flow")
        assert installed["warnings"] == []
        assert workflow["version"] == "2"
        assert workflow["is_adhoc"] is False
        assert workflow["definition"] == {
            "version": "2",
            "vars": {"note": None},
            "tasks": [
                {
                    "name": "greet",
                    "action": "greet",
                    "input": {"who": "{{ parameters.who }}", "note": None},
                }
            ],
            "output_map": {"who": "{{ parameters.who }}"},
            "cancellation_policy": "cancel_running",
        }
        assert action["workflow_def"] == workflow["id"]
        assert action["runtime_ref"] == "core.builtin"
        assert action["timeout_seconds"] == 60
        for name in ("label", "description", "tags", "param_schema"):
            assert action[name] == workflow[name], name

    async def test_an_action_can_name_the_file_of_its_graph(
        self, api: Api, admin: Person
    ) -> None:
        files = {
            **MANIFEST,
            "actions/greet.yaml": GREET,
            "actions/flow.yaml": "label: Mine\ntimeout: 5\n"
            "workflow_file: workflows/flow.workflow.yaml",
            "actions/workflows/flow.workflow.yaml": FLOW,
        }

        await install(api, admin, files)

        workflow = await entity(api, admin, "/workflows/demo.flow")
        action = await entity(api, admin, "/actions/demo.flow")
        assert action["label"] == "Mine"
        assert action["timeout_seconds"] == 5
        assert action["param_schema"] == workflow["param_schema"] != {}
        assert action["description"] == "Flows."

    async def test_what_the_files_no_longer_have_goes_with_its_action(
        self, api: Api, admin: Person
    ) -> None:
        await install(api, admin, FILES)

        await install(api, admin, {**MANIFEST, "actions/greet.yaml": GREET})

        assert await refs_of(api, admin, "/packs/demo/workflows") == []
        assert await refs_of(api, admin, "/packs/demo/actions") == ["demo.greet"]

    async def test_what_was_made_through_the_api_stays(
        self, api: Api, admin: Person
    ) -> None:
        await install(api, admin, {**MANIFEST, "actions/greet.yaml": GREET})
        made = {
            "ref": "demo.flow",
            "pack_ref": "demo",
            "label": "Mine",
            "version": "1",
            "definition": {"tasks": [{"name": "a", "action": "core.noop"}]},
        }
        await send(api, admin, "POST", "/workflows", made)
        code = {
            "ref": "demo.other",
            "pack_ref": "demo",
            "label": "Mine",
            "entrypoint": "echo mine",
            "runtime_ref": "core.shell",
        }
        await send(api, admin, "POST", "/actions", code)

        installed = await install(api, admin, {**FILES, "workflows/other.yaml": FLOW})

        assert installed["warnings"] == [
            "demo.flow was made through the API and stays as it is",
            "demo.other was made through the API and stays as it is",
        ]
        assert (await entity(api, admin, "/workflows/demo.flow"))["label"] == "Mine"
        assert (await entity(api, admin, "/actions/demo.other"))["workflow_def"] is None
        assert await refs_of(api, admin, "/workflows") == ["demo.flow"]

    async def test_every_problem_is_told_with_its_file_and_place(
        self, api: Api, admin: Person
    ) -> None:
        answer = await upload(
            api,
            admin,
            {
                **FILES,
                "workflows/a.yaml": "tasks: [{name: a, action: gret}]",
                "workflows/b.yaml": "tasks: [{name: a, action: greet, join: 4}]\n"
                "cancellation_policy: sometimes",
                "workflows/c.yaml": "version: 1.0\ntasks: []",
                "actions/d.yaml": "runner_type: core.builtin",
            },
        )

        found = problems_in(answer)
        for said in (
            "workflows/a.yaml: tasks[0].action: ",
            "demo.greet",
            "workflows/b.yaml: tasks[0]",
            "workflows/b.yaml: cancellation_policy",
            "workflows/c.yaml: version",
            "actions/d.yaml: runner_type",
        ):
            assert said in found, (said, found)

    async def test_actions_of_other_packs_must_be_there_and_fit(
        self, api: Api, admin: Person
    ) -> None:
        answer = await upload(
            api,
            admin,
            {
                **MANIFEST,
                "workflows/a.yaml": "tasks: [{name: a, action: core.ekko}]",
                "workflows/b.yaml": "tasks: [{name: a, action: else.where}]",
                "workflows/c.yaml": "tasks: [{name: a, action: core.sleep,"
                " input: {seconds: [long]}}]",
            },
        )

        found = problems_in(answer)
        assert "workflows/a.yaml: tasks[0].action" in found
        assert "core.echo" in found  # what was perhaps meant
        assert "workflows/b.yaml: tasks[0].action" in found
        assert "workflows/c.yaml: tasks[0].input.seconds" in found
        assert await refs_of(api, admin, "/workflows") == []

    async def test_a_pack_that_is_depended_on_may_come_later(
        self, api: Api, admin: Person
    ) -> None:
        manifest = MANIFEST["pack.yaml"] + "dependencies: [other>=1.0]\n"
        flow = "tasks: [{name: a, action: other.work, input: {n: 1}}]"
        files = {"pack.yaml": manifest, "workflows/flow.yaml": flow}

        before = await install(api, admin, files)
        other = {"pack.yaml": "ref: other\nversion: 1.0.0\n"}
        await install(api, admin, other)
        without = await upload(api, admin, files, force="true")

        assert before["warnings"] == [
            (
                "workflows/flow.yaml: tasks: there is no other.work before the pack other"
                " is installed"
            )
        ]
        assert "other.work" in problems_in(without)

    async def test_only_what_the_installer_may_execute_is_started(
        self, api: Api, admin: Person
    ) -> None:
        del admin
        installer = await api.person(
            [grant("packs", "read", "install"), grant("actions", "read")]
        )
        flow = "tasks: [{name: a, action: core.noop}]"

        answer = await upload(api, installer, {**MANIFEST, "workflows/f.yaml": flow})

        assert answer.status_code == 403


SYNC = {
    "pack_ref": str,
    "loaded_count": int,
    "registered_count": int,
    "workflows": list,
    "errors": list,
}


class TestSync:
    async def test_what_was_changed_or_deleted_is_as_its_file_says(
        self, api: Api, admin: Person
    ) -> None:
        await install(api, admin, {**FILES, "workflows/more.yaml": FLOW})
        before = await entity(api, admin, "/workflows/demo.flow")
        await send(api, admin, "PUT", "/workflows/demo.flow", {"label": "Changed"})
        await send(api, admin, "DELETE", "/workflows/demo.more")

        answer = await send(api, admin, "POST", "/packs/demo/workflows/sync")

        assert answer.status_code == 200, answer.text
        synced = answer.json()["data"]
        assert_shape(synced, SYNC)
        assert (synced["loaded_count"], synced["registered_count"]) == (2, 2)
        assert synced["errors"] == []
        more = await entity(api, admin, "/workflows/demo.more")
        after = await entity(api, admin, "/workflows/demo.flow")
        assert synced["workflows"] == [
            {
                "ref_name": "demo.flow",
                "created": False,
                "workflow_def_id": before["id"],
                "warnings": [],
            },
            {
                "ref_name": "demo.more",
                "created": True,
                "workflow_def_id": more["id"],
                "warnings": [],
            },
        ]
        assert (after["label"], after["definition"]) == ("Flow", before["definition"])
        action = await entity(api, admin, "/actions/demo.more")
        assert (action["workflow_def"], action["is_adhoc"]) == (more["id"], False)

    async def test_what_is_as_its_file_says_is_left_alone(
        self, api: Api, admin: Person
    ) -> None:
        await install(api, admin, FILES)
        before = await entity(api, admin, "/workflows/demo.flow")
        await send(api, admin, "PUT", "/actions/demo.flow", {"enabled": False})

        await send(api, admin, "POST", "/packs/demo/workflows/sync")

        assert await entity(api, admin, "/workflows/demo.flow") == before
        assert (await entity(api, admin, "/actions/demo.flow"))["enabled"] is False

    async def test_what_no_longer_holds_together_is_told(
        self, api: Api, admin: Person
    ) -> None:
        await install(api, admin, FILES)
        await send(api, admin, "DELETE", "/actions/demo.greet")

        synced = await send(api, admin, "POST", "/packs/demo/workflows/sync")
        found = await send(api, admin, "POST", "/packs/demo/workflows/validate")

        data = synced.json()["data"]
        assert (data["loaded_count"], data["registered_count"]) == (1, 0)
        assert data["errors"][0].startswith("demo.flow: tasks[0].action")
        validation = found.json()["data"]
        assert (validation["validated_count"], validation["error_count"]) == (1, 1)
        assert "demo.greet" in validation["errors"]["demo.flow"][0]

    async def test_a_pack_without_files_has_nothing_to_read(
        self, api: Api, admin: Person
    ) -> None:
        pack = {"ref": "empty", "label": "Empty", "version": "1.0.0"}
        await send(api, admin, "POST", "/packs", pack)

        synced = await send(api, admin, "POST", "/packs/empty/workflows/sync")
        found = await send(api, admin, "POST", "/packs/empty/workflows/validate")
        unknown = await send(api, admin, "POST", "/packs/nowhere/workflows/sync")
        lost = await send(api, admin, "POST", "/packs/nowhere/workflows/validate")

        assert synced.json()["data"]["loaded_count"] == 0
        assert found.json()["data"]["validated_count"] == 0
        assert (unknown.status_code, lost.status_code) == (404, 404)

    async def test_what_was_made_through_the_api_is_checked_and_left_alone(
        self, api: Api, admin: Person
    ) -> None:
        await install(api, admin, FILES)
        made = {
            "ref": "demo.mine",
            "pack_ref": "demo",
            "label": "Mine",
            "version": "1",
            "definition": {"tasks": [{"name": "a", "action": "greet"}]},
        }
        await send(api, admin, "POST", "/workflows", made)

        synced = await send(api, admin, "POST", "/packs/demo/workflows/sync")
        found = await send(api, admin, "POST", "/packs/demo/workflows/validate")

        assert synced.json()["data"]["loaded_count"] == 1
        assert found.json()["data"]["validated_count"] == 2
        assert found.json()["data"]["errors"] == {}

    async def test_whoever_syncs_may_make_and_change(
        self, api: Api, admin: Person
    ) -> None:
        await install(api, admin, FILES)
        elsewhere = grant("actions", "create", "update", pack_refs=["other"])
        reads = grant("actions", "read", "execute")
        await send(api, admin, "PUT", "/packs/demo", {"is_standard": True})
        ann = await api.person([reads, elsewhere, grant("packs", "read")])

        answer = await send(api, ann, "POST", "/packs/demo/workflows/sync")

        assert answer.status_code == 403
