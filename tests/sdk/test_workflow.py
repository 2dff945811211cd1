"""Workflows, as the published client makes, reads and changes them."""

from typing import Any

from tests.e2e.conftest import Names
from tests.sdk.sdk import Sdk, differences, upload_of
from tests.support.packs import pack_archive

FLOW = """
    version: "2"
    tasks: [{name: a, action: core.echo, input: {message: hello}}]
"""
GREET: dict[str, Any] = {
    "version": "1.0.0",
    "vars": {"greeting": "Hello"},
    "tasks": [
        {
            "name": "greet",
            "action": "core.echo",
            "input": {"message": "{{ vars.greeting }} {{ parameters.who }}"},
            "next": [{"when": "{{ succeeded() }}", "do": ["rest"]}],
        },
        {"name": "rest", "action": "core.noop"},
    ],
    "output_map": {"who": "{{ parameters.who }}"},
}


async def test_a_workflow_is_made_read_changed_and_removed(sdk: Sdk, pack: str) -> None:
    ref = f"{pack}.greet"
    sent = {"ref": ref, **workflow(pack), "tags": ["a", "b"], "description": "Greets"}

    made = await sdk.data("workflows.create_workflow", body=sent)

    assert differences(made, sent) == {}
    assert await sdk.data("workflows.get_workflow", ref=ref) == made
    by = {"pack_ref": pack, "tags": "b,c", "search": "greet", "page": 1}
    assert await sdk.refs("workflows.list_workflows", **by, page_size=10) == [ref]
    assert await sdk.refs("workflows.list_workflows_by_pack", pack_ref=pack) == [ref]
    action = await sdk.data("actions.get_action", ref=ref)
    assert differences(action, {"workflow_def": made["id"], "label": "Greet"}) == {}
    unchanged = dict.fromkeys(("definition", "param_schema", "out_schema"))
    changes = {"label": "Greet all", "version": "2.0.0", "tags": []}
    changed = await sdk.data(
        "workflows.update_workflow", ref=ref, body={**unchanged, **changes}
    )
    assert differences(changed, {**sent, **changes}) == {}
    gone = await sdk.parsed("workflows.delete_workflow", ref=ref)
    assert gone["success"] is True
    await sdk.refused("workflows.get_workflow", 404, ref=ref)
    await sdk.refused("actions.get_action", 404, ref=ref)


async def test_a_workflow_is_saved_by_its_name(sdk: Sdk, pack: str) -> None:
    sent = {
        **workflow(pack),
        "name": "greet",
        "out_schema": None,
        "enabled": False,
        "reference_visibility": "restricted",
        "reference_allowed_pack_refs": ["friend"],
    }
    path = {"pack_ref": pack}

    made = await sdk.data("workflows.save_workflow_file", **path, body=sent)
    changed = await sdk.data(
        "workflows.update_workflow_file",
        ref=made["ref"],
        body={**sent, "version": "2.0.0", "enabled": True},
    )

    assert made["ref"] == f"{pack}.greet"
    assert differences(made, {**workflow(pack), "out_schema": {}}) == {}
    assert changed["version"] == "2.0.0"
    action = await sdk.data("actions.get_action", ref=made["ref"])
    expected = {
        "enabled": True,
        "reference_visibility": "restricted",
        "reference_allowed_pack_refs": ["friend"],
    }
    assert differences(action, expected) == {}


async def test_everything_that_is_wrong_is_told(sdk: Sdk, pack: str) -> None:
    tasks = [{"name": "a", "action": "core.ekko"}, {"name": "b"}]
    sent = {**workflow(pack), "ref": f"{pack}.x", "definition": {"tasks": tasks}}

    refused = await sdk.refused("workflows.create_workflow", 422, body=sent)

    assert len(refused["details"]["problems"]) == 2


async def test_the_workflows_of_a_packs_files_are_checked_and_read_again(
    sdk: Sdk, names: Names
) -> None:
    ref = names.pack()
    files = {
        "pack.yaml": f"ref: {ref}\nversion: 1.0.0\n",
        "workflows/flow.yaml": FLOW,
    }
    await sdk.data("packs.upload_pack", body={"pack": upload_of(pack_archive(files))})
    await sdk.parsed("workflows.delete_workflow", ref=f"{ref}.flow")

    found = await sdk.data("packs.validate_pack_workflows", ref=ref)
    synced = await sdk.data("packs.sync_pack_workflows", ref=ref)

    validated = {"pack_ref": ref, "validated_count": 1, "error_count": 0}
    assert differences(found, validated) == {}
    flow = await sdk.data("workflows.get_workflow", ref=f"{ref}.flow")
    counts = {"loaded_count": 1, "registered_count": 1, "errors": []}
    assert differences(synced, {"pack_ref": ref, **counts}) == {}
    [one] = synced["workflows"]
    expected = {"ref_name": flow["ref"], "workflow_def_id": flow["id"]}
    assert differences(one, {**expected, "created": True, "warnings": []}) == {}


def workflow(pack: str) -> dict[str, Any]:
    """Return what a workflow has to say."""
    return {
        "label": "Greet",
        "pack_ref": pack,
        "version": "1.0.0",
        "definition": GREET,
        "param_schema": {"who": {"type": "string", "default": "world"}},
        "out_schema": {"who": {"type": "string"}},
    }
