"""Timers fire once for each time that is due, whoever wakes them and however often."""

import asyncio
import json
from datetime import timedelta

import asyncpg
import pytest

from attune.db.database import Database
from attune.domain.errors import InvalidInput
from attune.messages.timer import TimerFired, TimerWake
from attune.security.encryption import Encryption
from attune.services.timer.fire import FireService
from tests.support.timers import age, fired, make_timer, row_of

Sql = asyncpg.Connection


@pytest.fixture
def firing(database: Database) -> FireService:
    return FireService(database, Encryption("k" * 32))


async def test_a_timer_fires_what_is_due_and_nothing_before(
    database: Database, sql: Sql, firing: FireService
) -> None:
    wake = await make_timer(database, unit="seconds", interval=60)

    early = await firing.fire(wake)
    await age(sql, wake, 61)
    due = await firing.fire(wake)
    again = await firing.fire(wake)

    assert [each.fired_count for each in (early, due, again)] == [0, 1, 0]
    row = await row_of(sql, wake)
    assert await fired(sql, wake) == [row["anchor"] + timedelta(seconds=60)]
    assert row["next_due_at"] == row["anchor"] + timedelta(seconds=120)
    assert (row["fired_count"], row["missed_count"]) == (1, 0)


async def test_the_event_is_for_that_rule_and_starts_its_action(
    database: Database, sql: Sql, firing: FireService
) -> None:
    wake = await make_timer(database, unit="seconds", interval=60)
    await make_timer(database, unit="seconds", interval=60)
    await age(sql, wake, 61)

    await firing.fire(wake)

    event = await sql.fetchrow("SELECT * FROM attune.event")
    assert event is not None
    assert (event["rule"], event["rule_ref"]) == (wake.rule_id, wake.rule_ref)
    assert event["source_ref"] == "timer"
    assert event["idempotency_key"].startswith(f"timer:{wake.rule_id}:20")
    payload = json.loads(event["payload"])
    assert payload["type"] == "interval"
    assert payload["execution_count"] == 1
    executions = await sql.fetch("SELECT rule_ref FROM attune.execution")
    assert [row["rule_ref"] for row in executions] == [wake.rule_ref]


async def test_many_that_wake_it_at_once_fire_each_time_once(
    database: Database, sql: Sql, firing: FireService
) -> None:
    wake = await make_timer(database, unit="seconds", interval=2, misfire="all")
    other = FireService(database, Encryption("k" * 32))
    await age(sql, wake, 61)

    answers = await asyncio.gather(
        *(each.fire(wake) for each in (firing, other) for _ in range(20))
    )

    times = await fired(sql, wake)
    assert len(times) == sum(each.fired_count for each in answers) >= 30
    assert len(set(times)) == len(times)
    assert times == sorted(times)


async def test_what_was_missed_fires_as_the_rule_says(
    database: Database, sql: Sql, firing: FireService
) -> None:
    once = await make_timer(database, unit="seconds", interval=2)
    skip = await make_timer(database, unit="seconds", interval=60, misfire="skip")
    for wake in (once, skip):
        await age(sql, wake, 75)
        await firing.fire(wake)

    assert len(await fired(sql, once)) == 1
    assert (await row_of(sql, once))["missed_count"] >= 36
    assert await fired(sql, skip) == []
    assert (await row_of(sql, skip))["missed_count"] == 1
    event = await sql.fetchrow("SELECT config FROM attune.event")
    assert event is not None
    assert json.loads(event["config"])["missed_count"] >= 36


async def test_a_long_backlog_comes_in_steps(
    database: Database, sql: Sql, firing: FireService
) -> None:
    wake = await make_timer(database, "cron", expression="* * * * * *")
    await age(sql, wake, 250)

    first = await firing.fire(wake)
    second = await firing.fire(wake)

    assert (first.fired_count, first.again_in_seconds) == (100, 0)
    assert second.fired_count == 100


async def test_a_time_that_was_fired_for_before_is_not_again(
    database: Database, sql: Sql, firing: FireService
) -> None:
    """Even where the row forgot it, as after a restored backup."""
    wake = await make_timer(database, unit="seconds", interval=60)
    await age(sql, wake, 61)
    await firing.fire(wake)
    await sql.execute("UPDATE attune.timer SET done_until = changed_at")

    answer = await firing.fire(wake)

    assert len(await fired(sql, wake)) == 1
    assert answer.fired_count == 1


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE attune.rule SET enabled = false",
        "UPDATE attune.trigger SET enabled = false",
        "UPDATE attune.pack SET enabled = false",
        "DELETE FROM attune.trigger",
        "DELETE FROM attune.rule",
        """UPDATE attune.rule SET trigger_params = '{"unit": "hours", "interval": 1}'""",
        """UPDATE attune.rule SET trigger_params = '{"interval": "soon"}'""",
    ],
)
async def test_a_rule_that_is_not_what_it_was_fires_nothing(
    database: Database, sql: Sql, firing: FireService, change: str
) -> None:
    """Plain SQL, and nobody has told Temporal."""
    wake = await make_timer(database, unit="seconds", interval=60)
    await firing.fire(wake)
    await age(sql, wake, 61)
    await sql.execute(change)

    answer = await firing.fire(wake)

    assert answer == TimerFired()
    assert await fired(sql, wake) == []


async def test_a_change_and_a_firing_do_not_overtake_each_other(
    database: Database, sql: Sql, firing: FireService
) -> None:
    wake = await make_timer(database, unit="seconds", interval=60)
    await age(sql, wake, 61)
    switching = sql.transaction()
    await switching.start()
    await sql.execute("UPDATE attune.rule SET enabled = false")
    waiting = asyncio.create_task(firing.fire(wake))
    done, _ = await asyncio.wait([waiting], timeout=0.3)

    await switching.commit()

    assert not done
    assert (await waiting).fired_count == 0
    assert await fired(sql, wake) == []


async def test_what_plain_sql_broke_says_so(
    database: Database, sql: Sql, firing: FireService
) -> None:
    wake = await make_timer(database, "cron", expression="61 * * * *")

    await firing.fire(wake)

    row = await row_of(sql, wake)
    assert "'61' in the minutes" in row["problem"]
    assert row["next_due_at"] is None


async def test_what_nobody_foresaw_is_shown_until_it_works_again(
    database: Database, sql: Sql, firing: FireService
) -> None:
    wake = await make_timer(database, unit="seconds", interval=60)
    await age(sql, wake, 61)
    await sql.execute("ALTER TABLE attune.event ADD CONSTRAINT never CHECK (false)")
    try:
        with pytest.raises(InvalidInput):
            await firing.fire(wake)
    finally:
        await sql.execute("ALTER TABLE attune.event DROP CONSTRAINT never")
    problem = (await row_of(sql, wake))["problem"]

    answer = await firing.fire(wake)

    assert "never" in problem
    assert answer.fired_count == 1
    assert (await row_of(sql, wake))["problem"] is None


async def test_switched_on_again_it_keeps_its_beat_and_makes_up_for_nothing(
    database: Database, sql: Sql, firing: FireService
) -> None:
    wake = await make_timer(database, unit="seconds", interval=7)
    await firing.fire(wake)
    await age(sql, wake, 70)
    before = await row_of(sql, wake)
    await sql.execute("UPDATE attune.rule SET enabled = false")
    await sql.execute("UPDATE attune.rule SET enabled = true")

    await firing.fire(wake)

    after = await row_of(sql, wake)
    assert await fired(sql, wake) == []
    assert after["anchor"] == before["anchor"]
    assert (after["next_due_at"] - before["anchor"]) % timedelta(
        seconds=7
    ) == timedelta()


async def test_other_times_begin_with_the_change(
    database: Database, sql: Sql, firing: FireService
) -> None:
    wake = await make_timer(database, unit="seconds", interval=7)
    await firing.fire(wake)
    await age(sql, wake, 70)
    await sql.execute(
        """UPDATE attune.rule SET trigger_params = '{"unit": "seconds", "interval": 5}'"""
    )

    await firing.fire(wake)

    row = await row_of(sql, wake)
    assert await fired(sql, wake) == []
    assert row["next_due_at"] == row["anchor"] + timedelta(seconds=5)
    assert abs(row["anchor"] - row["changed_at"]) <= timedelta(milliseconds=500)


async def test_a_run_that_sleeps_is_told_how_long(
    database: Database, sql: Sql, firing: FireService
) -> None:
    wake = await make_timer(database, "rrule", rule="FREQ=DAILY")
    sleeper = wake.model_copy(update={"sleeps": True})

    asleep = await firing.fire(sleeper)
    awake = await firing.fire(wake)
    await sql.execute(
        """
        UPDATE attune.rule
        SET trigger_params = '{"rule": "FREQ=DAILY;UNTIL=20200101T000000Z"}'
        """
    )
    ended = await firing.fire(sleeper)

    assert asleep.again_in_seconds == pytest.approx(86_400, abs=30)
    assert awake.again_in_seconds is None
    assert ended.again_in_seconds is None


async def test_a_run_that_sleeps_for_what_a_schedule_does_ends(
    database: Database, firing: FireService
) -> None:
    wake = await make_timer(database, unit="hours", interval=1)

    answer = await firing.fire(wake.model_copy(update={"sleeps": True}))

    assert answer.again_in_seconds is None


async def test_woken_a_moment_early_it_is_told_to_look_again(
    database: Database, firing: FireService
) -> None:
    wake = await make_timer(database, unit="seconds", interval=1)

    answer = await firing.fire(wake)

    assert answer.fired_count == 0
    assert answer.again_in_seconds is not None
    assert 0 < answer.again_in_seconds < 2


async def test_a_date_fires_once_and_then_nothing_is_left(
    database: Database, sql: Sql, firing: FireService
) -> None:
    wake = await make_timer(database, "datetime", fire_at="2090-01-01T00:00:00Z")
    await firing.fire(wake)
    await sql.execute("UPDATE attune.timer SET told = 'x'")
    # The date comes: as if it had been made for a date of today.
    await _let_it_come(sql, wake)
    await sql.execute("DELETE FROM attune.outbox")

    answer = await firing.fire(wake)

    assert (answer.fired_count, answer.again_in_seconds) == (1, None)
    assert (await row_of(sql, wake))["next_due_at"] is None
    assert await sql.fetchval("SELECT count(*) FROM attune.outbox") == 1


async def _let_it_come(sql: Sql, wake: TimerWake) -> None:
    await sql.execute(
        """
        UPDATE attune.rule
        SET trigger_params = jsonb_build_object('fire_at', now() - interval '1 minute')
        WHERE id = $1
        """,
        wake.rule_id,
    )
    await sql.execute(
        """
        UPDATE attune.timer
        SET
            changed_at = changed_at - interval '1 hour',
            done_until = done_until - interval '1 hour'
        """
    )


async def test_a_date_in_the_past_fires_nothing(
    database: Database, sql: Sql, firing: FireService
) -> None:
    wake = await make_timer(database, "datetime", fire_at="2020-01-01T00:00:00Z")

    answer = await firing.fire(wake)

    assert answer == TimerFired()
    assert await fired(sql, wake) == []
