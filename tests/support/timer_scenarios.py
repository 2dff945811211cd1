"""Every path through the timer workflow, with an activity that plays the database."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from temporalio.client import Client, WorkflowHandle
from temporalio.exceptions import ApplicationError
from temporalio.worker import Worker

from activities.timer import TimerActivities
from attune.domain.errors import Unavailable
from attune.messages.timer import TimerFired, TimerReport, TimerWake
from workflows.timer import TimerWorkflow

Handle = WorkflowHandle[TimerWorkflow, TimerReport]


@dataclass
class FakeTimers:
    """Plays the rows: answers each look, and counts them."""

    answers: list[TimerFired | ApplicationError]
    look_count: int = 0

    async def fire(self, wake: TimerWake) -> TimerFired:
        del wake
        self.look_count += 1
        answer = self.answers.pop(0)
        if isinstance(answer, ApplicationError):
            raise answer
        return answer


@dataclass(frozen=True)
class TimerScenario:
    """One path: what each look finds, what happens meanwhile, how much is fired."""

    name: str
    answers: Sequence[TimerFired | ApplicationError]
    fired_count: int
    sleeps: bool = False
    meanwhile: Callable[[Handle, FakeTimers], Awaitable[None]] | None = None


@dataclass
class PlayedTimer:
    """What a scenario left behind."""

    handle: Handle
    report: TimerReport
    timers: FakeTimers = field(repr=False)


async def _change_while_it_sleeps(handle: Handle, timers: FakeTimers) -> None:
    while not timers.look_count:  # noqa: ASYNC110 - the fake has no event to wait for
        await asyncio.sleep(0.01)
    await handle.signal(TimerWorkflow.changed)


def _found(count: int, again: float | None = None) -> TimerFired:
    return TimerFired(fired_count=count, again_in_seconds=again)


_GONE = ApplicationError(Unavailable.code, type=Unavailable.code)

TIMER_SCENARIOS = (
    TimerScenario("timer_due", [_found(1)], 1),
    TimerScenario("timer_switched_off", [_found(0)], 0),
    TimerScenario("timer_with_backlog", [_found(100, 0.0), _found(3)], 103),
    TimerScenario("timer_woken_early", [_found(0, 0.1), _found(1)], 1),
    TimerScenario("timer_without_database", [_GONE, _found(1)], 1),
    TimerScenario(
        "timer_that_sleeps", [_found(0, 0.1), _found(1, 0.1), _found(1)], 2, sleeps=True
    ),
    TimerScenario(
        "timer_changed_while_it_sleeps",
        [_found(0, 3600), _found(0)],
        0,
        sleeps=True,
        meanwhile=_change_while_it_sleeps,
    ),
)


async def play_timer(client: Client, scenario: TimerScenario, run: str) -> PlayedTimer:
    """Run the scenario on the server behind `client`, under a queue of its own."""
    queue = f"{scenario.name}-{run}"
    timers = FakeTimers(list(scenario.answers))
    handle = await client.start_workflow(
        TimerWorkflow.run,
        TimerWake(rule_id=1, rule_ref="demo.tick", sleeps=scenario.sleeps),
        id=queue,
        task_queue=queue,
    )
    async with Worker(
        client,
        task_queue=queue,
        workflows=[TimerWorkflow],
        activities=[TimerActivities(timers).fire],
    ):
        if scenario.meanwhile:
            await scenario.meanwhile(handle, timers)
        report = await asyncio.wait_for(handle.result(), 90)
    return PlayedTimer(handle, report, timers)
