"""Timers on a real Temporal: the workflow's paths, schedules, and runs that sleep."""

from datetime import timedelta
from itertools import count
from uuid import uuid4

import pytest
from temporalio.client import Client, WorkflowExecutionStatus

from attune.clock import utc_now
from attune.domain.alarm import CalendarAlarm, EveryAlarm, alarm_of
from attune.domain.timer_text import read_timer
from attune.messages.names import timer_name
from attune.messages.timer import TimerWake
from attune.temporal.timer_gateway import TimerGateway
from tests.support.eventually import eventually
from tests.support.timer_scenarios import TIMER_SCENARIOS, TimerScenario, play_timer

_rules = count(900_000)


@pytest.fixture
def gateway(temporal_client: Client) -> TimerGateway:
    return TimerGateway(temporal_client)


@pytest.fixture
def wake() -> TimerWake:
    return TimerWake(rule_id=next(_rules), rule_ref="demo.tick")


@pytest.mark.parametrize("scenario", TIMER_SCENARIOS, ids=lambda s: s.name)
async def test_each_path_ends_as_it_must(
    temporal_client: Client, scenario: TimerScenario
) -> None:
    played = await play_timer(temporal_client, scenario, uuid4().hex[:8])

    assert played.report.fired_count == scenario.fired_count
    assert played.timers.look_count == len(scenario.answers)


async def test_a_schedule_is_made_replaced_and_removed(
    temporal_client: Client, gateway: TimerGateway, wake: TimerWake
) -> None:
    every = EveryAlarm(timedelta(hours=7), timedelta(hours=2))
    handle = temporal_client.get_schedule_handle(timer_name(wake.rule_id))

    await gateway.schedule(wake, every, "every 7 hours", "one")
    first = await handle.describe()
    await gateway.schedule(wake, EveryAlarm(timedelta(days=1), timedelta()), "x", "two")
    second = await handle.describe()

    assert first.schedule.state.note == "every 7 hours [one]"
    assert (second.info.next_action_times[0].hour, second.schedule.state.note) == (
        0,
        "x [two]",
    )
    await gateway.unschedule(wake.rule_id)
    await gateway.unschedule(wake.rule_id)

    async def is_gone() -> bool:
        return wake.rule_id not in await gateway.marks()

    await eventually(is_gone)


@pytest.mark.parametrize(
    ("kind", "params"),
    [
        ("cron", {"expression": "30 */20 8-17 * * MON-FRI"}),
        ("cron", {"expression": "0 0 1,15 * SUN"}),
        ("cron", {"expression": "0 0 29 2 *"}),
        ("interval", {"unit": "minutes", "interval": 7}),
    ],
)
async def test_a_schedule_has_the_times_that_are_computed_here(
    temporal_client: Client,
    gateway: TimerGateway,
    wake: TimerWake,
    kind: str,
    params: dict[str, str],
) -> None:
    timer = read_timer(f"core.{kind}timer", dict(params))
    handle = temporal_client.get_schedule_handle(timer_name(wake.rule_id))
    anchor = utc_now().replace(microsecond=0)
    alarm = alarm_of(timer, anchor)
    assert isinstance(alarm, EveryAlarm | CalendarAlarm)

    await gateway.schedule(wake, alarm, "x", "y")

    theirs = (await handle.describe()).info.next_action_times
    ours = timer.due_after(theirs[0] - timedelta(microseconds=1), anchor)
    assert [each for each, _ in zip(ours, theirs, strict=False)] == list(theirs)
    await gateway.unschedule(wake.rule_id)


async def test_a_run_sleeps_once_and_is_told_of_changes(
    temporal_client: Client, gateway: TimerGateway, wake: TimerWake
) -> None:
    sleeper = wake.model_copy(update={"sleeps": True})

    await gateway.sleep(sleeper)
    await gateway.sleep(sleeper)
    await gateway.rouse(wake.rule_id)

    handle = temporal_client.get_workflow_handle(timer_name(wake.rule_id))
    described = await handle.describe()
    assert described.status is WorkflowExecutionStatus.RUNNING
    assert await described.static_summary() == "sleeps for demo.tick"
    history = await handle.fetch_history()
    signals = [
        e
        for e in history.events
        if e.HasField("workflow_execution_signaled_event_attributes")
    ]
    assert len(signals) == 3

    async def is_listed() -> bool:
        return wake.rule_id in await gateway.sleeping()

    await eventually(is_listed)
    await handle.terminate()


async def test_nobody_who_sleeps_is_roused_without_harm(
    gateway: TimerGateway, wake: TimerWake
) -> None:
    await gateway.rouse(wake.rule_id)


async def test_an_overdue_timer_is_woken_once_at_a_time(
    temporal_client: Client, gateway: TimerGateway, wake: TimerWake
) -> None:
    await gateway.wake(wake)
    await gateway.wake(wake)

    handle = temporal_client.get_workflow_handle(f"{timer_name(wake.rule_id)}-overdue")
    await handle.terminate()
    await gateway.wake(wake)
    described = await handle.describe()
    assert described.status is WorkflowExecutionStatus.RUNNING
    await handle.terminate()
