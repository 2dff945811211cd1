"""What wakes timers is what their rows say, however it came to differ."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import asyncpg
import pytest

from attune.db.database import Database
from attune.db.listener import Listener
from attune.domain.alarm import CalendarAlarm, EveryAlarm, SleepAlarm
from attune.domain.errors import InvalidInput, Unavailable
from attune.messages.timer import TimerWake
from attune.services.timer.alarm import SLEEPING, AlarmService
from attune.worker import timers
from attune.worker.timers import Timers
from tests.support.eventually import eventually
from tests.support.timers import age, make_timer, row_of

Sql = asyncpg.Connection


@dataclass
class FakeClockwork:
    """Plays Temporal: remembers what it was told, or does not answer."""

    is_gone: bool = False
    refused: set[int] = field(default_factory=set)
    schedules: dict[int, str] = field(default_factory=dict)
    sleepers: set[int] = field(default_factory=set)
    woken: list[int] = field(default_factory=list)

    def _answer(self) -> None:
        if self.is_gone:
            raise Unavailable("Temporal does not answer just now")

    async def schedule(
        self, wake: TimerWake, alarm: EveryAlarm | CalendarAlarm, text: str, mark: str
    ) -> None:
        del alarm, text
        self._answer()
        if wake.rule_id in self.refused:
            raise InvalidInput("Temporal does not take it")
        self.schedules[wake.rule_id] = mark

    async def unschedule(self, rule_id: int) -> None:
        self._answer()
        self.schedules.pop(rule_id, None)

    async def sleep(self, wake: TimerWake) -> None:
        self._answer()
        self.sleepers.add(wake.rule_id)

    async def rouse(self, rule_id: int) -> None:
        self._answer()
        self.sleepers.discard(rule_id)

    async def wake(self, wake: TimerWake) -> None:
        self._answer()
        self.woken.append(wake.rule_id)

    async def marks(self) -> dict[int, list[str]]:
        self._answer()
        return {rule_id: [mark] for rule_id, mark in self.schedules.items()}

    async def sleeping(self) -> list[int]:
        return sorted(self.sleepers)


@pytest.fixture
def alarms(database: Database) -> AlarmService:
    return AlarmService(database)


@asynccontextmanager
async def running(
    alarms: AlarmService, clockwork: FakeClockwork, url: str
) -> AsyncIterator[None]:
    """Let one orchestrator keep the timers."""
    listener = Listener(url, ["attune_dispatch"])
    keeping = asyncio.create_task(
        Timers(alarms, clockwork, listener, look_seconds=0.2).run()
    )
    try:
        yield
    finally:
        keeping.cancel()
        with pytest.raises(asyncio.CancelledError):
            await keeping


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timers, "PAUSE_SECONDS", 0.1)
    monkeypatch.setattr(timers, "OVERDUE_EVERY_SECONDS", 0.1)


async def test_each_kind_of_timer_gets_what_wakes_it(
    database: Database, alarms: AlarmService
) -> None:
    interval = await make_timer(database, unit="seconds", interval=5)
    berlin = await make_timer(
        database, "cron", expression="* * * * *", timezone="Europe/Berlin"
    )
    past = await make_timer(database, "datetime", fire_at="2020-01-01T00:00:00Z")
    broken = await make_timer(database, "cron", expression="nonsense")

    orders = [
        await alarms.order(each.rule_id) for each in (interval, berlin, past, broken)
    ]

    kinds = [type(order.alarm) for order in orders]
    assert kinds == [EveryAlarm, SleepAlarm, type(None), type(None)]
    assert orders[1].wake.sleeps
    assert orders[0].text == "every 5 seconds"


async def test_a_timer_that_cannot_be_read_says_so_on_its_rule(
    database: Database, sql: Sql, alarms: AlarmService
) -> None:
    wake = await make_timer(database, "cron", expression="nonsense")

    await alarms.order(wake.rule_id)

    error = await sql.fetchval("SELECT last_error FROM attune.rule")
    assert "trigger_params.expression" in error
    assert (await row_of(sql, wake))["problem"] == error


async def test_every_change_reaches_what_wakes_it(
    database: Database, sql: Sql, alarms: AlarmService, database_url: str
) -> None:
    clockwork = FakeClockwork()
    async with running(alarms, clockwork, database_url):
        wake = await make_timer(database, unit="seconds", interval=5)
        await eventually(lambda: wake.rule_id in clockwork.schedules)
        first = clockwork.schedules[wake.rule_id]

        await sql.execute(
            """UPDATE attune.rule SET trigger_params = '{"interval": 9}'"""
        )
        await eventually(lambda: clockwork.schedules[wake.rule_id] != first)

        await sql.execute("UPDATE attune.rule SET enabled = false")
        await eventually(lambda: not clockwork.schedules)

        await sql.execute("UPDATE attune.rule SET enabled = true")
        await eventually(lambda: wake.rule_id in clockwork.schedules)

        await sql.execute("DELETE FROM attune.rule")
        await eventually(lambda: not clockwork.schedules)
        await eventually(lambda: sql.fetchval("SELECT count(*) = 0 FROM attune.outbox"))


async def test_a_timer_moves_between_schedule_and_sleep(
    database: Database, sql: Sql, alarms: AlarmService, database_url: str
) -> None:
    clockwork = FakeClockwork()
    async with running(alarms, clockwork, database_url):
        wake = await make_timer(database, "cron", expression="* * * * *")
        await eventually(lambda: wake.rule_id in clockwork.schedules)

        await sql.execute("""
            UPDATE attune.rule SET trigger_params = trigger_params
                || '{"timezone": "Europe/Berlin"}'
        """)

        await eventually(lambda: wake.rule_id in clockwork.sleepers)
        assert not clockwork.schedules


async def test_what_changed_without_temporal_is_told_when_it_is_back(
    database: Database, sql: Sql, alarms: AlarmService, database_url: str
) -> None:
    clockwork = FakeClockwork(is_gone=True)
    async with running(alarms, clockwork, database_url):
        wake = await make_timer(database, unit="seconds", interval=2)
        await eventually(
            lambda: sql.fetchval("SELECT max(attempt_count) FROM attune.outbox")
        )
        await age(sql, wake, 60)

        clockwork.is_gone = False

        await eventually(lambda: wake.rule_id in clockwork.schedules)
        # What was due since it was made is not left to its next time.
        await eventually(lambda: wake.rule_id in clockwork.woken)


async def test_what_nobody_woke_is_woken(
    database: Database, sql: Sql, alarms: AlarmService, database_url: str
) -> None:
    wake = await make_timer(database, unit="seconds", interval=60)
    await alarms.order(wake.rule_id)
    await sql.execute("DELETE FROM attune.outbox")
    clockwork = FakeClockwork()
    async with running(alarms, clockwork, database_url):
        await age(sql, wake, 70)

        await eventually(lambda: clockwork.woken == [wake.rule_id])


async def test_a_schedule_that_temporal_refuses_keeps_no_other_from_being_set(
    database: Database, sql: Sql, alarms: AlarmService, database_url: str
) -> None:
    poison = await make_timer(database, unit="seconds", interval=60)
    other = await make_timer(database, unit="seconds", interval=60)
    clockwork = FakeClockwork(refused={poison.rule_id})
    async with running(alarms, clockwork, database_url):
        await eventually(lambda: other.rule_id in clockwork.schedules)
        await eventually(lambda: sql.fetchval("SELECT count(*) = 0 FROM attune.outbox"))
        await age(sql, poison, 70)

        await eventually(lambda: poison.rule_id in clockwork.woken)


async def test_what_stays_overdue_is_woken_less_and_less_often(
    database: Database, sql: Sql, alarms: AlarmService
) -> None:
    wake = await make_timer(database, unit="seconds", interval=60)
    await alarms.order(wake.rule_id)
    await sql.execute(
        """
        UPDATE attune.timer
        SET next_due_at = now() - interval '2 minutes', look_at = now()
        """
    )

    assert await alarms.overdue() == [wake]
    assert await alarms.overdue() == []

    pause = await sql.fetchval("SELECT look_at - now() FROM attune.timer")
    assert 100 < pause.total_seconds() < 140
    await alarms.give_back([wake])
    assert await alarms.overdue() == [wake]


async def test_a_lost_schedule_comes_back_and_an_orphan_goes(
    database: Database, sql: Sql, alarms: AlarmService, database_url: str
) -> None:
    kept = await make_timer(database, unit="seconds", interval=60)
    lost = await make_timer(database, unit="seconds", interval=60)
    sleeper = await make_timer(database, "rrule", rule="FREQ=DAILY")
    clockwork = FakeClockwork()
    async with running(alarms, clockwork, database_url):
        await eventually(lambda: len(clockwork.schedules) == 2 and clockwork.sleepers)
        await eventually(lambda: sql.fetchval("SELECT count(*) = 0 FROM attune.outbox"))
    del clockwork.schedules[lost.rule_id]
    clockwork.sleepers.clear()
    clockwork.schedules[987_654] = "orphan"

    async with running(alarms, clockwork, database_url):
        await eventually(lambda: 987_654 not in clockwork.schedules)
        await eventually(lambda: lost.rule_id in clockwork.schedules)
        await eventually(lambda: clockwork.sleepers == {sleeper.rule_id})

    assert kept.rule_id in clockwork.schedules


async def test_reconciling_what_agrees_says_nothing(
    database: Database, alarms: AlarmService
) -> None:
    wake = await make_timer(database, "rrule", rule="FREQ=DAILY")
    order = await alarms.order(wake.rule_id)
    await alarms.told(order, [])

    assert await alarms.reconcile({wake.rule_id: [SLEEPING]}) == []
    assert await alarms.reconcile({wake.rule_id: [SLEEPING, "x"]}) == [wake.rule_id]
    assert await alarms.reconcile({}) == [wake.rule_id]
