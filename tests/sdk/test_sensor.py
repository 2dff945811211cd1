"""Sensors and their logs, as the published client makes and reads them."""

import json
from typing import Any

from tests.sdk.sdk import Sdk, differences
from tests.support.eventually import eventually


async def test_a_sensor_is_made_read_changed_and_removed(sdk: Sdk, pack: str) -> None:
    sent = await make_sensor(sdk, pack)
    ref = sent["ref"]

    read = await sdk.data("sensors.get_sensor", ref=ref)
    assert differences(read, sent) == {}
    assert read["trigger"] > 0
    assert await sdk.refs("sensors.list_sensors", q=ref) == [ref]
    assert await sdk.refs("sensors.list_sensors_by_pack", pack_ref=pack) == [ref]
    by_trigger = {"trigger_ref": sent["trigger_ref"]}
    assert await sdk.refs("sensors.list_sensors_by_trigger", **by_trigger) == [ref]
    changed = await sdk.data(
        "sensors.update_sensor",
        ref=ref,
        body={
            "label": "Look",
            "param_schema": None,
            "log_retention_limit": {"op": "set", "value": 2},
            "log_retention_policy": {"op": "set", "value": "versions"},
        },
    )
    changes = {"label": "Look", "log_retention_limit": 2}
    assert differences(changed, {**sent, **changes}) == {}
    assert (await sdk.parsed("sensors.delete_sensor", ref=ref))["success"] is True
    await sdk.refused("sensors.get_sensor", 404, ref=ref)


async def test_a_sensor_is_switched_off_and_on(sdk: Sdk, pack: str) -> None:
    ref = (await make_sensor(sdk, pack))["ref"]

    off = await sdk.data("sensors.disable_sensor", ref=ref)
    enabled = await enabled_refs(sdk)
    on = await sdk.data("sensors.enable_sensor", ref=ref)

    assert off["enabled"] is False
    assert ref not in enabled
    assert on["enabled"] is True
    assert ref in await enabled_refs(sdk)


async def test_what_a_sensor_writes_is_read(sdk: Sdk, pack: str) -> None:
    sensor = await make_sensor(sdk, pack)
    await sdk.data(
        "rules.create_rule",
        body={
            "ref": f"{pack}.rule",
            "pack_ref": pack,
            "label": "Rule",
            "trigger_ref": sensor["trigger_ref"],
            "action_ref": "core.noop",
        },
    )
    log = {"sensor_ref": sensor["ref"], "stream": "stdout"}

    async def has_written() -> bool:
        return "it watches" in await sdk.text("sensors.get_sensor_log", **log)

    await eventually(has_written, seconds=30)
    listed = await sdk.text("sensors.list_sensor_logs", sensor_ref=sensor["ref"])
    found = json.loads(listed)
    assert found["sensor_ref"] == sensor["ref"]
    assert {each["stream"] for each in found["logs"]} == {"stdout", "stderr"}
    await sdk.refused("sensors.get_sensor_log", 422, **{**log, "stream": "other"})
    await sdk.data("rules.disable_rule", ref=f"{pack}.rule")


async def enabled_refs(sdk: Sdk) -> list[str]:
    return await sdk.refs("sensors.list_enabled_sensors", page_size=1000)


async def make_sensor(sdk: Sdk, pack: str) -> dict[str, Any]:
    """Make a sensor with its trigger; returns what was sent."""
    trigger = {"ref": f"{pack}.fired", "pack_ref": pack, "label": "Fired"}
    await sdk.data("triggers.create_trigger", body=trigger)
    sent: dict[str, Any] = {
        "ref": f"{pack}.watch",
        "pack_ref": pack,
        "label": "Watch",
        "description": "Looks at things",
        "enabled": True,
        "entrypoint": "echo it watches; while :; do sleep 1; done",
        "runtime_ref": "core.shell",
        "trigger_ref": trigger["ref"],
        "param_schema": {"depth": {"type": "integer"}},
        "config": {"depth": 2},
    }
    made = await sdk.data("sensors.create_sensor", body=sent)
    assert differences(made, sent) == {}
    return sent
