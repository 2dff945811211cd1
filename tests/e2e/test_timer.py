"""Timers fire, through the processes as a user starts them."""

from typing import Any

from tests.e2e.conftest import Names
from tests.support.api import Person
from tests.support.eventually import eventually


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


async def test_an_interval_executes_again_and_again(
    person: Person, names: Names
) -> None:
    pack = names.pack()
    await person.make_pack(pack)
    await _make_timer(person, f"{pack}.tick", "interval", unit="seconds", interval=1)

    async def fired() -> bool:
        return len(await person.executions_of(f"{pack}.tick")) >= 3

    await eventually(fired, seconds=20)
    payloads = await _payloads(person, f"{pack}.tick")
    assert [each["execution_count"] for each in payloads[:3]] == [1, 2, 3]
    # Or it would keep the stack busy for all tests that follow.
    await person.http.delete(f"/api/v1/rules/{pack}.tick")
