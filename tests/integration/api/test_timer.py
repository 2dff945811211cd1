"""Timers over HTTP: checked when rules are saved, listed with what comes next."""

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.integration.api.defining import Workshop, make_workshop
from tests.integration.api.people import Api, grant
from tests.integration.api.shapes import assert_shape
from tests.support.builders import make_pack, make_trigger

TIMER = {
    "rule": int,
    "rule_ref": str,
    "trigger_ref": str,
    "type": str,
    "schedule": str,
    "enabled": bool,
    "active": bool,
    "misfire": str,
    "misfire_limit": int,
    "next_fire_at": str,
    "firings": list,
    "last_fired_at": str | None,
    "last_scheduled_at": str | None,
    "execution_count": int,
    "missed_count": int,
    "problem": str | None,
}


@pytest.fixture
async def shop(api: Api) -> Workshop:
    """A workshop beside the timer triggers of the core pack."""
    async with api.database.transaction() as tx:
        core = await make_pack(tx, ref="core")
        for kind in ("interval", "cron", "datetime", "rrule"):
            await make_trigger(tx, core, ref=f"core.{kind}timer")
    shop = await make_workshop(api)
    await shop.action()
    return shop


async def make_timer(
    shop: Workshop, name: str = "tick", kind: str = "interval", **params: Any
) -> Any:
    return await shop.rule(name, trigger_ref=f"core.{kind}timer", trigger_params=params)


async def test_a_timer_shows_when_it_fires_next(shop: Workshop) -> None:
    made = await make_timer(shop, unit="hours", interval=2)

    shown = await shop.get(f"/rules/{made['ref']}/firings", count=3)

    assert_shape(shown, TIMER)
    assert (shown["rule"], shown["rule_ref"]) == (made["id"], made["ref"])
    assert shown["schedule"] == "every 2 hours"
    assert (shown["type"], shown["misfire"]) == ("interval", "once")
    times = [datetime.fromisoformat(each) for each in shown["firings"]]
    assert [b - a for a, b in itertools.pairwise(times)] == [timedelta(hours=2)] * 2
    assert shown["next_fire_at"] == shown["firings"][0]
    assert times[0] > datetime.now(UTC)


async def test_timers_are_listed_the_next_to_fire_first(
    shop: Workshop, api: Api
) -> None:
    for name, hours in (("late", 9), ("soon", 1), ("never", 5)):
        await make_timer(shop, name, unit="hours", interval=hours)
    await shop.send("POST", f"/rules/{shop.pack.ref}.never/disable")
    async with api.database.transaction() as tx:
        for name, hours in (("late", 9), ("soon", 1)):
            rule = await tx.rules.get_by_ref(f"{shop.pack.ref}.{name}")
            timer = await tx.timers.view(rule.id)
            assert timer is not None
            found = await tx.timers.lock_for_rule(rule.id)
            assert found is not None
            due = datetime.now(UTC) + timedelta(hours=hours)
            await tx.timers.write(found.id, {"next_due_at": due})

    listed = await shop.get("/timers", count=2)

    names = [each["rule_ref"].partition(".")[2] for each in listed["items"]]
    assert names == ["soon", "late", "never"]
    assert [len(each["firings"]) for each in listed["items"]] == [2, 2, 0]
    assert listed["items"][2]["active"] is False
    assert (await shop.get("/timers", page_size=1))["pagination"]["has_next"]


async def test_other_rules_have_no_firings(shop: Workshop) -> None:
    await shop.trigger()
    rule = await shop.rule()

    answer = await shop.send("GET", f"/rules/{rule['ref']}/firings")

    assert answer.status_code == 404
    assert (await shop.get("/timers"))["items"] == []


async def test_a_timer_that_plain_sql_broke_is_shown_with_its_problem(
    shop: Workshop, api: Api
) -> None:
    made = await make_timer(shop, unit="hours", interval=2)
    async with api.database.transaction() as tx:
        rule = await tx.rules.get_by_ref(made["ref"])
        rule.trigger_params = {"interval": "soon"}

    shown = await shop.get(f"/rules/{made['ref']}/firings")

    assert "trigger_params.interval" in shown["problem"]
    assert (shown["firings"], shown["schedule"]) == ([], None)
    assert (await shop.get("/timers"))["items"][0]["problem"] == shown["problem"]


@pytest.mark.parametrize(
    ("kind", "params", "place"),
    [
        ("interval", {"unit": "seconds", "interval": 0}, "trigger_params.interval"),
        ("cron", {"expression": "99 * * * * *"}, "trigger_params.expression"),
        (
            "cron",
            {"expression": "* * * * *", "timezone": "Moon"},
            "trigger_params.timezone",
        ),
        ("datetime", {"fire_at": "yesterday"}, "trigger_params.fire_at"),
        ("rrule", {"rule": "FREQ=NEVER"}, "trigger_params.freq"),
        ("interval", {"interval": "{{ 5 }}"}, "trigger_params.interval"),
    ],
)
async def test_a_mistake_is_found_when_the_rule_is_saved(
    shop: Workshop, kind: str, params: dict[str, Any], place: str
) -> None:
    body = shop.rule_body(trigger_ref=f"core.{kind}timer", trigger_params=params)

    made = await shop.send("POST", "/rules", body)
    good = await make_timer(shop, unit="hours", interval=1)
    changed = await shop.send(
        "PUT",
        f"/rules/{good['ref']}",
        {"trigger_ref": f"core.{kind}timer", "trigger_params": params},
    )

    for answer in (made, changed):
        assert answer.status_code == 422, answer.text
        assert place in str(answer.json()["details"])


async def test_a_preview_tells_without_making_anything(shop: Workshop) -> None:
    shown = await shop.post(
        "/timers/preview",
        {
            "trigger_ref": "core.crontimer",
            "trigger_params": {"expression": "0 9 * * *", "timezone": "Asia/Tokyo"},
            "count": 3,
        },
    )

    assert shown["schedule"] == "0 9 * * * (Asia/Tokyo)"
    assert [each[11:19] for each in shown["firings"]] == ["00:00:00"] * 3
    assert (await shop.get("/timers"))["items"] == []


@pytest.mark.parametrize(
    "body",
    [
        {"trigger_ref": "core.crontimer", "trigger_params": {"expression": "x"}},
        {"trigger_ref": "core.webhook"},
        {"trigger_ref": "core.crontimer", "count": 10**6},
    ],
)
async def test_a_preview_of_nonsense_is_refused(
    shop: Workshop, body: dict[str, Any]
) -> None:
    assert (await shop.send("POST", "/timers/preview", body)).status_code == 422


async def test_timers_are_seen_by_those_who_see_their_rules(
    shop: Workshop, api: Api
) -> None:
    made = await make_timer(shop, unit="hours", interval=2)
    blind = await api.person()
    reader = await api.person([grant("rules", "read")])
    stranger = await api.person([grant("rules", "read", pack_refs=["elsewhere"])])

    path = f"/rules/{made['ref']}/firings"
    seen = [
        (await shop.send("GET", path, who=who)).status_code
        for who in (blind, reader, stranger)
    ]

    assert seen == [403, 200, 404]
    listed = await shop.send("GET", "/timers", who=stranger)
    assert listed.json()["items"] == []


async def test_timers_of_a_private_pack_stay_private(shop: Workshop, api: Api) -> None:
    await make_timer(shop, unit="hours", interval=2)
    async with api.database.transaction() as tx:
        pack = await tx.packs.get(shop.pack.id)
        pack.owner_identity_id = shop.who.id
    other = await api.person([grant("rules", "read")])

    listed = await shop.send("GET", "/timers", who=other)

    assert listed.json()["items"] == []
