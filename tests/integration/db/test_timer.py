"""Table triggers keep the timer of a rule, whoever changes the rule."""

import pytest

from attune.domain.timer import TIMER_TRIGGERS
from tests.integration.db.plain_sql import (
    Row,
    Sql,
    count,
    delete,
    fetch_by_ref,
    insert,
    insert_action,
    insert_pack,
    insert_rule,
    insert_trigger,
    update,
)

EVERY_MINUTE = {"unit": "seconds", "interval": 60}


@pytest.fixture
async def rule(sql: Sql) -> Row:
    """A rule of `deploy` on the interval trigger of the core pack."""
    await insert_pack(sql, "core")
    await insert_trigger(sql, "core.intervaltimer")
    await insert_pack(sql, "deploy")
    await insert(sql, "runtime", ref="deploy.sh", name="Sh", pack_ref="deploy")
    await insert_action(sql, runtime_ref="deploy.sh", entrypoint="echo")
    return await insert_rule(
        sql, trigger_ref="core.intervaltimer", trigger_params=EVERY_MINUTE
    )


async def timer(sql: Sql) -> Row | None:
    found = await sql.fetchrow("SELECT * FROM attune.timer")
    return None if found is None else dict(found)


async def said(sql: Sql) -> list[int]:
    """Return of which rules Temporal is to be told, and forget it."""
    rows = await sql.fetch(
        "DELETE FROM attune.outbox WHERE kind = 'set_timer' RETURNING payload ->> 'rule_id'"
    )
    return [int(row[0]) for row in rows]


async def is_active(sql: Sql) -> bool | None:
    found = await timer(sql)
    return None if found is None else found["active"]


async def test_a_rule_on_a_timer_trigger_has_a_timer(sql: Sql, rule: Row) -> None:
    found = await timer(sql)

    assert found is not None
    assert (found["rule"], found["active"]) == (rule["id"], True)
    assert found["changed_at"] == found["done_until"] == rule["created"]
    assert found["fingerprint"] is None
    assert await said(sql) == [rule["id"]]


async def test_the_triggers_of_timers_are_those_of_the_domain(sql: Sql) -> None:
    body = await sql.fetchval("SELECT prosrc FROM pg_proc WHERE proname = 'is_timer'")

    assert sorted(
        word.strip("',") for word in body.split() if "core." in word
    ) == sorted(TIMER_TRIGGERS)


async def test_a_rule_on_another_trigger_has_none(sql: Sql, rule: Row) -> None:
    await said(sql)
    await insert_trigger(sql, "deploy.pushed")

    other = await insert_rule(sql, "deploy.on_other")

    assert await count(sql, "timer") == 1
    assert await said(sql) == []
    assert other["id"] != rule["id"]


@pytest.mark.parametrize(
    ("table", "ref"),
    [("rule", "deploy.on_push"), ("trigger", "core.intervaltimer"), ("pack", "deploy")],
)
async def test_what_is_switched_off_and_on_takes_its_timers_along(
    sql: Sql, rule: Row, table: str, ref: str
) -> None:
    await said(sql)
    before = await timer(sql)
    switch = await fetch_by_ref(sql, table, ref)

    await update(sql, table, switch["id"], enabled=False)
    off = await timer(sql)
    await update(sql, table, switch["id"], enabled=True)
    on = await timer(sql)

    assert before
    assert off
    assert on
    assert (off["active"], on["active"]) == (False, True)
    assert off["done_until"] == before["done_until"]
    # What was due in between is not made up for, and intervals keep their beat.
    assert on["done_until"] > before["done_until"]
    assert on["changed_at"] == before["changed_at"]
    assert await said(sql) == [rule["id"]] * 2


async def test_changed_times_are_noted_with_their_moment(sql: Sql, rule: Row) -> None:
    await said(sql)
    before = await timer(sql)

    await update(sql, "rule", rule["id"], trigger_params={"interval": 5})

    after = await timer(sql)
    assert before
    assert after
    assert after["changed_at"] > before["changed_at"]
    assert after["done_until"] == before["done_until"]
    assert await said(sql) == [rule["id"]]


async def test_what_does_not_bear_on_times_is_not_said(sql: Sql, rule: Row) -> None:
    await said(sql)

    await update(sql, "rule", rule["id"], description="x", last_error="y")

    assert await said(sql) == []


async def test_a_deleted_trigger_stops_its_timers_until_it_is_back(
    sql: Sql, rule: Row
) -> None:
    trigger = await fetch_by_ref(sql, "trigger", "core.intervaltimer")

    await delete(sql, "trigger", trigger["id"])
    gone = await is_active(sql)
    await insert_trigger(sql, "core.intervaltimer")

    assert (gone, await is_active(sql)) == (False, True)
    assert set(await said(sql)) == {rule["id"]}


async def test_a_rule_that_goes_takes_its_timer_and_says_so(
    sql: Sql, rule: Row
) -> None:
    await said(sql)

    await delete(sql, "rule", rule["id"])

    assert await timer(sql) is None
    assert await said(sql) == [rule["id"]]


async def test_a_pack_that_goes_takes_its_timers_along(sql: Sql, rule: Row) -> None:
    await said(sql)
    pack = await fetch_by_ref(sql, "pack", "deploy")

    await delete(sql, "pack", pack["id"])

    assert await timer(sql) is None
    assert await said(sql) == [rule["id"]]


async def test_a_rule_that_listens_elsewhere_is_no_timer_any_more(
    sql: Sql, rule: Row
) -> None:
    await said(sql)
    other = await insert_trigger(sql, "deploy.pushed")

    await update(
        sql, "rule", rule["id"], trigger=other["id"], trigger_ref="deploy.pushed"
    )

    assert await timer(sql) is None
    assert await said(sql) == [rule["id"]]
