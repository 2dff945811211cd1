"""Timers of every kind, through the processes as a user starts them."""

from datetime import timedelta
from typing import Any

from attune.clock import utc_now
from tests.e2e.conftest import Names
from tests.support.api import Person
from tests.support.database import connected
from tests.support.eventually import eventually

KEYS = {
    "interval": {"interval_seconds", "execution_count"},
    "cron": {
        "scheduled_at",
        "expression",
        "timezone",
        "next_fire_at",
        "execution_count",
    },
    "one_shot": {"fire_at", "timezone", "delay_ms"},
    "rrule": {"scheduled_at", "delay_ms", "execution_count"},
}
"""What payloads hold beside what all of them do (contract, g.2)."""


async def _make_timer(
    person: Person, ref: str, kind: str, **params: Any
) -> dict[str, Any]:
    answer = await person.post(
        "/api/v1/rules",
        {
            "ref": ref,
            "label": "Timer",
            "pack_ref": ref.partition(".")[0],
            "trigger_ref": f"core.{kind}timer",
            "action_ref": "core.noop",
            "trigger_params": params,
        },
    )
    data: dict[str, Any] = answer["data"]
    return data


async def _payloads(person: Person, ref: str) -> list[dict[str, Any]]:
    """Return the payloads of a rule's events, the first of them first."""
    found = await person.get("/api/v1/events", rule_ref=ref, per_page=100)
    events = [
        (await person.get(f"/api/v1/events/{each['id']}"))["data"]
        for each in found["items"]
    ]
    return [event["payload"] for event in reversed(events)]


async def _count(person: Person, ref: str) -> int:
    found = await person.get(
        "/api/v1/events", rule_ref=ref, per_page=1, include_total="true"
    )
    return int(found["pagination"]["total_items"])


async def _fires(person: Person, ref: str, times: int = 1) -> None:
    """Wait until the rule has fired so many more times."""
    wanted = await _count(person, ref) + times

    async def fired() -> bool:
        return await _count(person, ref) >= wanted

    await eventually(fired, seconds=60)


async def test_every_kind_of_timer_fires_with_its_payload(
    person: Person, names: Names
) -> None:
    pack = names.pack()
    await person.make_pack(pack)
    soon = (utc_now() + timedelta(seconds=3)).isoformat()
    each_second = {"expression": "* * * * * *"}
    for name, kind, params in (
        ("tick", "interval", {"unit": "seconds", "interval": 1}),
        ("utc", "cron", each_second),
        ("berlin", "cron", {**each_second, "timezone": "Europe/Berlin"}),
        ("date", "datetime", {"fire_at": soon}),
        ("rrule", "rrule", {"rule": "FREQ=SECONDLY"}),
    ):
        await _make_timer(person, f"{pack}.{name}", kind, **params)

    for name in ("tick", "utc", "berlin", "rrule"):
        await _fires(person, f"{pack}.{name}", 2)
        first, second = (await _payloads(person, f"{pack}.{name}"))[:2]
        assert (first["execution_count"], second["execution_count"]) == (1, 2)
        assert first.keys() == KEYS[first["type"]] | {"type", "fired_at", "sensor_ref"}

    async def date_fired() -> bool:
        return await _count(person, f"{pack}.date") == 1

    await eventually(date_fired, seconds=30)
    [date] = await _payloads(person, f"{pack}.date")
    assert date.keys() == KEYS["one_shot"] | {"type", "fired_at", "sensor_ref"}
    assert date["delay_ms"] >= 0
    [execution] = await person.executions_of(f"{pack}.date")
    assert (await person.ends(execution["id"]))["status"] == "completed"
    timers = (await person.get("/api/v1/timers"))["items"]
    ours = [each for each in timers if each["rule_ref"].startswith(f"{pack}.")]
    assert len(ours) == 5
    for each in ours:
        await person.http.delete(f"/api/v1/rules/{each['rule_ref']}")


async def test_a_changed_rule_fires_as_it_is_now_and_a_stopped_one_no_more(
    person: Person, names: Names
) -> None:
    """Another timer tells when enough time has passed for those to have fired."""
    pack = names.pack()
    await person.make_pack(pack)
    every_second = {"unit": "seconds", "interval": 1}
    for name in ("witness", "disabled", "slowed", "deleted", "sql"):
        await _make_timer(person, f"{pack}.{name}", "interval", **every_second)
    silent = [f"{pack}.{name}" for name in ("disabled", "slowed", "deleted", "sql")]
    for ref in silent:
        await _fires(person, ref)

    await person.post(f"/api/v1/rules/{pack}.disabled/disable")
    slow = {"trigger_params": {"unit": "hours", "interval": 1}}
    await person.http.put(f"/api/v1/rules/{pack}.slowed", json=slow)
    await person.http.delete(f"/api/v1/rules/{pack}.deleted")
    async with connected(person.stack.database_url) as sql:
        await sql.execute(
            "UPDATE attune.rule SET enabled = false WHERE ref = $1", f"{pack}.sql"
        )
    stopped = [await _count(person, ref) for ref in silent]
    await _fires(person, f"{pack}.witness", 4)

    assert [await _count(person, ref) for ref in silent] == stopped
    await person.post(f"/api/v1/rules/{pack}.disabled/enable")
    await person.http.put(
        f"/api/v1/rules/{pack}.slowed", json={"trigger_params": every_second}
    )
    await _fires(person, f"{pack}.disabled")
    await _fires(person, f"{pack}.slowed")
    for name in ("witness", "disabled", "slowed", "sql"):
        await person.http.delete(f"/api/v1/rules/{pack}.{name}")
