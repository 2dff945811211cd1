"""Actions, as the published client makes and reads them."""

from tests.sdk.sdk import Sdk, differences


async def test_an_action_is_made_read_changed_and_removed(sdk: Sdk, pack: str) -> None:
    ref = f"{pack}.greet"
    sent = {
        "ref": ref,
        "pack_ref": pack,
        "label": "Greet",
        "description": "Says hello",
        "entrypoint": "echo hello",
        "runtime_ref": "core.shell",
        "runtime_version_constraint": ">=4",
        "param_schema": {"name": {"type": "string", "required": True}},
        "out_schema": {"greeting": {"type": "string"}},
        "enabled": True,
        "accesses_mcp": True,
        "timeout_seconds": 20,
        "default_execution_permission_set_refs": ["core.viewer"],
        "reference_visibility": "restricted",
        "reference_allowed_pack_refs": ["core"],
        "required_worker_runtimes": {"core.shell": "*"},
        "worker_selector": {"zone": "a"},
        "worker_tolerations": [
            {"key": "gpu", "operator": "equal", "value": "a", "effect": "no_schedule"}
        ],
        "worker_affinity": {
            "required": [
                {
                    "match_expressions": [
                        {"key": "zone", "operator": "in", "values": ["a"]}
                    ]
                }
            ],
            "preferred": [{"preference": {"match_labels": {"disk": "ssd"}}}],
        },
        "log_retention_policy": "days",
        "log_retention_limit": 3,
        "artifact_retention_policy": "versions",
        "artifact_retention_limit": 4,
    }

    made = await sdk.data("actions.create_action", body=sent)

    assert differences(made, sent) == {}
    assert await sdk.data("actions.get_action", ref=ref) == made
    assert await sdk.refs("actions.list_actions_by_pack", pack_ref=pack, q="gre") == [
        ref
    ]
    clear = {"op": "clear"}
    changes = {"label": "Greet all", "enabled": False, "accesses_mcp": False}
    changed = await sdk.data(
        "actions.update_action",
        ref=ref,
        body={
            **changes,
            "timeout_seconds": {"op": "set", "value": 40},
            "runtime_version_constraint": clear,
            "log_retention_policy": clear,
            "log_retention_limit": clear,
            "artifact_retention_limit": {"op": "set", "value": 9},
        },
    )
    patched = {
        "timeout_seconds": 40,
        "runtime_version_constraint": None,
        "log_retention_policy": None,
        "log_retention_limit": None,
        "artifact_retention_limit": 9,
    }
    assert differences(changed, {**sent, **changes, **patched}) == {}
    assert (await sdk.parsed("actions.delete_action", ref=ref))["success"] is True
    await sdk.refused("actions.get_action", 404, ref=ref)


async def test_an_action_may_say_nothing_of_itself(sdk: Sdk, pack: str) -> None:
    sent = {
        "ref": f"{pack}.bare",
        "pack_ref": pack,
        "label": "Bare",
        "entrypoint": "true",
        "runtime_ref": "core.shell",
    }

    made = await sdk.data("actions.create_action", body=sent)

    assert differences(made, {**sent, "enabled": True, "is_adhoc": True}) == {}


async def test_actions_are_listed_and_searched(sdk: Sdk) -> None:
    asked = {"q": "core.", "referencing_pack_ref": "core"}

    listed = await sdk.items(
        "actions.list_actions",
        **asked,
        executable_with_current_access=True,
        page=1,
        page_size=2,
    )
    found = await sdk.items("actions.search_actions", **asked, packs="core")

    assert [each["ref"] for each in listed] == ["core.ask", "core.echo"]
    assert {each["ref"] for each in found} >= {"core.echo", "core.noop", "core.sleep"}
    [echo] = [each for each in found if each["ref"] == "core.echo"]
    expected = {"label": "Echo", "is_workflow": False, "runtime_ref": "core.shell"}
    assert differences(echo, expected) == {}
