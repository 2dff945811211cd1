"""Policies, as the published client makes, reads and changes them."""

from typing import Any

import pytest

from tests.sdk.sdk import Sdk, differences
from tests.support.eventually import eventually


@pytest.fixture
async def action(sdk: Sdk, pack: str) -> str:
    """An action of the pack that does nothing."""
    ref = f"{pack}.work"
    body = {
        "ref": ref,
        "label": "Work",
        "pack_ref": pack,
        "entrypoint": "true",
        "runtime_ref": "core.shell",
    }
    await sdk.data("actions.create_action", body=body)
    return ref


async def test_a_policy_is_made_read_changed_and_removed(
    sdk: Sdk, pack: str, action: str
) -> None:
    ref = f"{pack}.calm"
    sent: dict[str, Any] = {
        "ref": ref,
        "name": "Keep calm",
        "description": "At most two for each customer.",
        "scope": {"type": "action", "action_ref": action},
        "concurrency": {"limit": 2, "method": "enqueue", "parameters": ["customer.id"]},
        "rate_limit": {"max_executions": 100, "window_seconds": 3600},
        "quotas": [{"quota_type": "running_executions", "limit": 50}],
        "priority": 10,
        "enabled": True,
        "tags": ["night"],
    }

    made = await sdk.data("policies.create_policy", body=sent)

    assert differences(made, {k: v for k, v in sent.items() if k != "scope"}) == {}
    assert differences(made["scope"], sent["scope"]) == {}
    assert await sdk.data("policies.get_policy", ref=ref) == made
    by = {"pack_ref": pack, "action_ref": action, "scope": "action", "tag": "night"}
    listed = "policies.list_policies"
    assert await sdk.refs(listed, **by, enabled=True, page=1, page_size=5) == [ref]
    assert await sdk.refs(listed, pack_ref=pack, enabled=False) == []
    assert await sdk.refs("policies.list_policies_by_pack", pack_ref=pack) == [ref]
    of_action = "policies.list_policies_by_action"
    assert await sdk.refs(of_action, action_ref=action) == [ref]
    changes = {
        "name": "Calmer",
        "concurrency": {"limit": 1, "method": "cancel", "parameters": []},
        "enabled": False,
        "tags": [],
    }
    unchanged = dict.fromkeys(("description", "priority", "quotas", "rate_limit"))
    changed = await sdk.data(
        "policies.update_policy", ref=ref, body={**unchanged, **changes}
    )
    kept = {name: made[name] for name in unchanged}
    assert differences(changed, {**kept, **changes}) == {}
    gone = await sdk.data("policies.delete_policy", ref=ref)
    assert gone["success"] is True
    await sdk.refused("policies.get_policy", 404, ref=ref)


async def test_a_policy_may_limit_a_pack_or_everything(sdk: Sdk, pack: str) -> None:
    whole = {"type": "pack", "pack_ref": pack}
    # No smaller than what the other tests run at once: they share the stack.
    rate = {"max_executions": 100_000, "window_seconds": 1}
    body = {"name": "Calm", "rate_limit": rate}

    of_pack = await sdk.data(
        "policies.create_policy", body={**body, "ref": f"{pack}.a", "scope": whole}
    )
    of_all = await sdk.data(
        "policies.create_policy",
        body={**body, "ref": f"{pack}.b", "scope": {"type": "global"}},
    )

    assert differences(of_pack["scope"], whole) == {}
    assert of_all["scope"]["type"] == "global"
    assert of_all["concurrency"] is None
    await sdk.data("policies.delete_policy", ref=f"{pack}.b")


async def test_what_a_policy_refuses_is_cancelled_and_counted(
    sdk: Sdk, pack: str, action: str
) -> None:
    ref = f"{pack}.never"
    body = {
        "ref": ref,
        "name": "Never",
        "scope": {"type": "action", "action_ref": action},
        "concurrency": {"limit": 0, "method": "enqueue"},
    }
    await sdk.data("policies.create_policy", body=body)
    wish = {"action_ref": action, "parameters": {}, "env_vars": {}}
    made = await sdk.flat("executions.create_execution", body=wish)
    await status(sdk, made["id"], "scheduling")

    waiting = await sdk.data("actions.get_queue_stats", ref=action)
    cancel = {"limit": 0, "method": "cancel", "parameters": []}
    await sdk.data("policies.update_policy", ref=ref, body={"concurrency": cancel})

    ended = await status(sdk, made["id"], "cancelled")
    assert ended["result"]["policy"] == ref
    expected = {"active_count": 0, "max_concurrent": 0, "queue_length": 1}
    assert differences(waiting, {**expected, "action_ref": action}) == {}
    assert (await sdk.data("actions.get_queue_stats", ref=action))["queue_length"] == 0


async def status(sdk: Sdk, execution_id: int, wanted: str) -> dict[str, Any]:
    """Wait until the execution stands there."""
    found: dict[str, Any] = {}

    async def stands() -> bool:
        nonlocal found
        found = await sdk.data("executions.get_execution", id=execution_id)
        return bool(found["status"] == wanted)

    await eventually(stands)
    return found
