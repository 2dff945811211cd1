"""Rules, and what they make of events, as the published client works with them."""

from typing import Any

import pytest

from tests.e2e.conftest import Names
from tests.sdk.sdk import Sdk, differences, upload_of
from tests.support.packs import pack_archive

LISTED = """
    trigger_ref: arrived
    action_ref: core.noop
    condition: any
    conditions:
      - {field: who, operator: equals, value: Ada}
      - {field: who, operator: equals, value: Bo}
"""


@pytest.fixture
async def trigger(sdk: Sdk, pack: str) -> str:
    """A trigger of the pack."""
    ref = f"{pack}.arrived"
    body = {"ref": ref, "label": "Arrived", "pack_ref": pack}
    await sdk.data("triggers.create_trigger", body=body)
    return ref


async def test_a_rule_is_made_read_changed_and_removed(
    sdk: Sdk, pack: str, trigger: str
) -> None:
    ref = f"{pack}.greet"
    sent = {
        **rule(ref, trigger),
        "description": "Greets",
        "conditions": {"expression": "{{ event.payload.visits > 2 }}"},
        "action_params": {"message": "Hello {{ event.payload.who }}"},
        "trigger_params": {"door": "front"},
        "enabled": True,
        "permission_set_refs": ["core.viewer"],
        "trace_tag_template": "visit.{{ event.payload.who }}",
        "sensor_worker_selector": {"zone": "a"},
        "sensor_worker_tolerations": [{"key": "gpu", "operator": "exists"}],
        "sensor_worker_affinity": {"required": [{"match_labels": {"zone": "a"}}]},
    }

    made = await sdk.data("rules.create_rule", body=sent)

    assert differences(made, {**sent, "is_adhoc": True}) == {}
    assert await sdk.data("rules.get_rule", ref=ref) == made
    by = {"pack_ref": pack, "action_ref": "core.echo", "trigger_ref": trigger}
    assert await sdk.refs("rules.list_rules", **by, q="greet", enabled=True) == [ref]
    assert await sdk.refs("rules.list_rules_by_pack", pack_ref=pack) == [ref]
    assert await sdk.refs("rules.list_rules_by_trigger", trigger_ref=trigger) == [ref]
    assert ref in await sdk.refs("rules.list_rules_by_action", action_ref="core.echo")
    changes = {
        "label": "Greet all",
        "conditions": {"expression": "{{ true }}"},
        "sensor_worker_selector": {"zone": "b"},
        "permission_set_refs": [],
    }
    unchanged = dict.fromkeys(
        (
            "action_params",
            "trigger_params",
            "sensor_worker_affinity",
            "sensor_worker_tolerations",
        )
    )
    changed = await sdk.data(
        "rules.update_rule", ref=ref, body={**unchanged, **changes}
    )
    assert differences(changed, {**sent, **changes}) == {}
    assert (await sdk.parsed("rules.delete_rule", ref=ref))["success"] is True
    await sdk.refused("rules.get_rule", 404, ref=ref)


async def test_a_rule_is_switched_off_and_on(sdk: Sdk, pack: str, trigger: str) -> None:
    ref = f"{pack}.greet"
    await sdk.data("rules.create_rule", body=rule(ref, trigger))

    off = await sdk.data("rules.disable_rule", ref=ref)
    listed = await sdk.refs("rules.list_enabled_rules", page_size=100)
    on = await sdk.data("rules.enable_rule", ref=ref)

    assert off["enabled"] is False
    assert ref not in listed
    assert on["enabled"] is True
    assert ref in await sdk.refs("rules.list_enabled_rules", page_size=100)


async def test_an_event_is_emitted_and_found(sdk: Sdk, pack: str, trigger: str) -> None:
    its = await sdk.data("rules.create_rule", body=rule(f"{pack}.greet", trigger))
    sent: dict[str, Any] = {
        "trigger_ref": trigger,
        "payload": {"who": "Ada", "visits": 3, "note": None},
        "config": {"door": "front"},
        "trace_tag": f"{trigger}.1",
    }

    made = await sdk.data(
        "events.create_event",
        body={**sent, "trigger_instance_id": f"rule_{its['id']}"},
    )

    door = sent.pop("config")
    assert differences(made, {**sent, "rule": its["id"]}) == {}
    assert differences(made["config"], door) == {}
    read = await sdk.data(
        "events.get_event", id=made["id"], include_secret_values=False
    )
    assert differences(read, sent) == {}
    found = await sdk.parsed(
        "events.list_events",
        trigger=made["trigger"],
        trigger_ref=trigger,
        rule_ref=its["ref"],
        trace_tag=sent["trace_tag"],
        include_total=True,
        page=1,
        per_page=5,
    )
    assert [each["id"] for each in found["items"]] == [made["id"]]
    assert found["items"][0]["has_payload"] is True
    assert found["pagination"]["total_items"] == 1
    bare = await sdk.data("events.create_event", body={"trigger_ref": trigger})
    assert differences(bare, {"payload": {}}) == {}
    newest = await sdk.parsed("events.list_events", trigger_ref=trigger)
    assert [each["id"] for each in newest["items"]] == [bare["id"], made["id"]]
    assert "total_items" not in newest["pagination"]


async def test_an_event_becomes_an_enforcement_and_an_execution(
    sdk: Sdk, pack: str, trigger: str
) -> None:
    ref = f"{pack}.greet"
    conditions = {"expression": "{{ event.payload.visits > 2 }}"}
    parameters = {"message": "Hello {{ event.payload.who }}"}
    details = {"conditions": conditions, "action_params": parameters}
    made = await sdk.data("rules.create_rule", body={**rule(ref, trigger), **details})
    payload = {"who": "Ada", "visits": 3}

    event = await sdk.data(
        "events.create_event", body={"trigger_ref": trigger, "payload": payload}
    )

    [found] = await sdk.items(
        "enforcements.list_enforcements",
        rule=made["id"],
        event=event["id"],
        trigger_ref=trigger,
        rule_ref=ref,
        status="processed",
        include_total=True,
        page=1,
        per_page=5,
    )
    enforcement = await sdk.data(
        "enforcements.get_enforcement", id=found["id"], include_secret_values=False
    )
    expected = {
        "rule": made["id"],
        "event": event["id"],
        "rule_ref": ref,
        "trigger_ref": trigger,
        "status": "processed",
        "condition": "all",
        "conditions": conditions,
        "payload": payload,
        "config": {"message": "Hello Ada"},
    }
    assert differences(enforcement, expected) == {}
    assert differences(found, {"event": event["id"], "rule": made["id"]}) == {}
    [execution] = await sdk.items(
        "executions.list_executions_by_enforcement", enforcement_id=found["id"]
    )
    of_rule = {
        "action_ref": "core.echo",
        "rule_ref": ref,
        "trigger_ref": trigger,
        "enforcement": found["id"],
    }
    assert differences(execution, of_rule) == {}
    assert [
        each["id"]
        for each in await sdk.items(
            "executions.list_executions",
            rule_ref=ref,
            trigger_ref=trigger,
            enforcement=found["id"],
        )
    ] == [execution["id"]]


def rule(ref: str, trigger: str) -> dict[str, Any]:
    """Return what a rule has to say."""
    return {
        "ref": ref,
        "label": "Greet",
        "pack_ref": ref.split(".", maxsplit=1)[0],
        "trigger_ref": trigger,
        "action_ref": "core.echo",
    }


async def test_a_list_of_conditions_is_read(sdk: Sdk, names: Names) -> None:
    """The client can only read an object, and only write one."""
    ref = names.pack()
    files = {
        "pack.yaml": f"ref: {ref}\nlabel: Listed\nversion: 1.0.0\n",
        "triggers/arrived.yaml": "label: Arrived\n",
        "rules/greet.yaml": LISTED,
    }
    await sdk.data("packs.upload_pack", body={"pack": upload_of(pack_archive(files))})

    read = await sdk.data("rules.get_rule", ref=f"{ref}.greet")
    event = await sdk.data(
        "events.create_event",
        body={"trigger_ref": f"{ref}.arrived", "payload": {"who": "Ada"}},
    )

    [found] = await sdk.items("enforcements.list_enforcements", event=event["id"])
    enforcement = await sdk.data("enforcements.get_enforcement", id=found["id"])
    assert enforcement["condition"] == "any"
    assert enforcement["conditions"] == read["conditions"]
