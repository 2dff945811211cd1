"""Triggers and their webhooks, as the published client makes and reads them."""

from tests.sdk.sdk import Sdk, differences


async def test_a_trigger_is_made_read_changed_and_removed(sdk: Sdk, pack: str) -> None:
    ref = f"{pack}.arrived"
    sent = {
        "ref": ref,
        "pack_ref": pack,
        "label": "Arrived",
        "description": "Somebody is at the door",
        "enabled": True,
        "param_schema": {"door": {"type": "string"}},
        "out_schema": {"who": {"type": "string"}},
        "reference_visibility": "restricted",
        "reference_allowed_pack_refs": ["core"],
    }

    made = await sdk.data("triggers.create_trigger", body=sent)

    assert differences(made, {**sent, "webhook_enabled": False}) == {}
    read = await sdk.data("triggers.get_trigger", ref=ref, referencing_pack_ref="core")
    assert read == made
    assert await sdk.refs("triggers.list_triggers", q=ref) == [ref]
    assert await sdk.refs("triggers.list_triggers_by_pack", pack_ref=pack) == [ref]
    changed = await sdk.data(
        "triggers.update_trigger",
        ref=ref,
        body={
            "out_schema": {"name": {"type": "string"}},
            "param_schema": None,
            "label": "Here",
            "description": {"op": "set", "value": "Somebody is in"},
        },
    )
    changes = {
        "label": "Here",
        "description": "Somebody is in",
        "out_schema": {"name": {"type": "string"}},
    }
    assert differences(changed, {**sent, **changes}) == {}
    assert (await sdk.parsed("triggers.delete_trigger", ref=ref))["success"] is True
    await sdk.refused("triggers.get_trigger", 404, ref=ref)


async def test_a_trigger_is_switched_off_and_on(sdk: Sdk, pack: str) -> None:
    ref = await make_trigger(sdk, pack)

    off = await sdk.data("triggers.disable_trigger", ref=ref)
    listed = await sdk.refs("triggers.list_enabled_triggers", q=ref)
    on = await sdk.data("triggers.enable_trigger", ref=ref)

    assert off["enabled"] is False
    assert listed == []
    assert on["enabled"] is True
    assert await sdk.refs("triggers.list_enabled_triggers", q=ref) == [ref]


async def test_a_webhook_is_opened_used_and_closed(sdk: Sdk, pack: str) -> None:
    ref = await make_trigger(sdk, pack)

    opened = await sdk.flat("webhooks.enable_webhook", ref=ref)
    renewed = await sdk.flat("webhooks.regenerate_webhook_key", ref=ref)

    first, second = opened["webhook_key"], renewed["webhook_key"]
    assert opened["webhook_enabled"] is True
    assert first != second
    delivery = {
        "payload": {"who": "Ada", "bags": [1, 2]},
        "headers": {"x-relay": "front door"},
        "source_ip": "192.0.2.7",
        "user_agent": "door/1",
    }
    received = await sdk.flat(
        "webhooks.receive_webhook", webhook_key=second, token="", body=delivery
    )
    assert received["trigger_ref"] == ref
    event = await sdk.data("events.get_event", id=received["event_id"])
    assert event["payload"] == delivery["payload"]
    await sdk.refused(
        "webhooks.receive_webhook", 404, webhook_key=first, token="", body=delivery
    )
    closed = await sdk.flat("webhooks.disable_webhook", ref=ref)
    assert closed["webhook_enabled"] is False
    await sdk.refused(
        "webhooks.receive_webhook", 404, webhook_key=second, token="", body=delivery
    )


async def make_trigger(sdk: Sdk, pack: str) -> str:
    """Make a trigger that says nothing of itself and return its ref."""
    sent = {"ref": f"{pack}.happened", "label": "Happened", "pack_ref": pack}
    made = await sdk.data("triggers.create_trigger", body=sent)
    assert differences(made, {**sent, "enabled": True}) == {}
    return sent["ref"]
