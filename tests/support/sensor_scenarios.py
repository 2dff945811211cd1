"""Every path through the workflow of a sensor, with activities that play a part."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from temporalio import activity
from temporalio.client import Client, WorkflowHandle
from temporalio.exceptions import ApplicationError
from temporalio.worker import Worker

from activities.sensor import SensorActivities, SensorRecordActivities
from attune.domain.sensor import StepKind
from attune.messages.sensor import (
    SensorOrder,
    SensorOutcome,
    SensorQuestion,
    SensorRun,
    SensorWatch,
)
from tests.support.eventually import eventually
from tests.support.scenarios import OFTEN
from workflows.sensor import SensorWorkflow

Handle = WorkflowHandle[SensorWorkflow, None]
Asked = tuple[int | None, bool]
"""The generation that the workflow carries, and whether a worker had no room."""

REF = "watch.disk"
RUN = SensorOrder(kind=StepKind.RUN, generation=7)
KEEP = SensorOrder(kind=StepKind.KEEP)
END = SensorOrder(kind=StepKind.END)
STOP = SensorOrder(kind=StepKind.STOP)
WAIT_SHORTLY = SensorOrder(kind=StepKind.WAIT, wait_seconds=0.2)
WAIT_LONG = SensorOrder(kind=StepKind.WAIT, wait_seconds=300)


@dataclass
class FakeHost:
    """Plays the worker: says how each run of the sensor ends."""

    play: Callable[["FakeHost", SensorRun], Awaitable[SensorOutcome]]
    run_count: int = 0
    may_end: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self, request: SensorRun) -> SensorOutcome:
        self.run_count += 1
        return await self.play(self, request)


@dataclass
class FakeRecords:
    """Plays the database: gives its orders in turn, and remembers the questions."""

    orders: list[SensorOrder]
    asked: list[Asked] = field(default_factory=list)

    async def next_order(self, question: SensorQuestion) -> SensorOrder:
        self.asked.append((question.carried, question.declined))
        order = self.orders.pop(0) if self.orders else STOP
        queue = f"{activity.info().task_queue}-sensors"
        return order.model_copy(update={"queue": queue})


@dataclass(frozen=True)
class SensorScenario:
    """One path: what is ordered, what the worker does, what has to be asked."""

    name: str
    orders: tuple[SensorOrder, ...]
    asked: tuple[Asked, ...]
    host: Callable[[FakeHost, SensorRun], Awaitable[SensorOutcome]] | None = None
    meanwhile: Callable[[Handle, FakeHost, FakeRecords], Awaitable[None]] | None = None


async def _ends(host: FakeHost, request: SensorRun) -> SensorOutcome:
    del host
    return SensorOutcome(sensor_ref=request.sensor_ref)


async def _declines_once(host: FakeHost, request: SensorRun) -> SensorOutcome:
    return SensorOutcome(sensor_ref=request.sensor_ref, declined=host.run_count == 1)


async def _is_lost(host: FakeHost, request: SensorRun) -> SensorOutcome:
    del host, request
    raise ApplicationError("LOST", non_retryable=True)


async def _until_cancelled(host: FakeHost, request: SensorRun) -> SensorOutcome:
    while not host.may_end.is_set():
        activity.heartbeat()
        try:
            await asyncio.sleep(0.1)
        except asyncio.CancelledError:
            break
    return SensorOutcome(sensor_ref=request.sensor_ref)


async def _wake_while_it_runs(
    handle: Handle, host: FakeHost, records: FakeRecords
) -> None:
    del records
    await eventually(lambda: host.run_count == 1)
    await handle.signal(SensorWorkflow.wake)


async def _wake_and_let_it_end(
    handle: Handle, host: FakeHost, records: FakeRecords
) -> None:
    await _wake_while_it_runs(handle, host, records)
    await eventually(lambda: (7, False) in records.asked)
    host.may_end.set()


async def _wake_while_it_waits(
    handle: Handle, host: FakeHost, records: FakeRecords
) -> None:
    del host
    await eventually(lambda: len(records.asked) == 1)
    await handle.signal(SensorWorkflow.wake)


NOTHING: Asked = (None, False)
DECLINED: Asked = (None, True)
CARRIED: Asked = (7, False)

SENSOR_SCENARIOS = (
    SensorScenario("sensor_not_wanted", (STOP,), (NOTHING,)),
    SensorScenario("sensor_ends", (RUN, STOP), (NOTHING, NOTHING), _ends),
    SensorScenario(
        "sensor_rests_and_starts_again",
        (RUN, WAIT_SHORTLY, RUN, STOP),
        (NOTHING, NOTHING, NOTHING, NOTHING),
        _ends,
    ),
    SensorScenario(
        "sensor_declined",
        (RUN, WAIT_SHORTLY, RUN, STOP),
        (NOTHING, DECLINED, NOTHING, NOTHING),
        _declines_once,
    ),
    SensorScenario("sensor_lost", (RUN, STOP), (NOTHING, NOTHING), _is_lost),
    SensorScenario(
        "sensor_no_longer_wanted",
        (RUN, END, STOP),
        (NOTHING, CARRIED, NOTHING),
        _until_cancelled,
        _wake_while_it_runs,
    ),
    SensorScenario(
        "sensor_woken_and_kept",
        (RUN, KEEP, STOP),
        (NOTHING, CARRIED, NOTHING),
        _until_cancelled,
        _wake_and_let_it_end,
    ),
    SensorScenario(
        "sensor_woken_from_its_rest",
        (WAIT_LONG, STOP),
        (NOTHING, NOTHING),
        meanwhile=_wake_while_it_waits,
    ),
)


@dataclass(frozen=True)
class PlayedSensor:
    """What a scenario left behind."""

    handle: Handle
    asked: tuple[Asked, ...]


async def play_sensor(
    client: Client, scenario: SensorScenario, run: str
) -> PlayedSensor:
    """Run the scenario on the server behind `client`, under queues of its own."""
    queue = f"{scenario.name}-{run}"
    host = FakeHost(scenario.host or _ends)
    records = FakeRecords(list(scenario.orders))
    handle: Any = await client.start_workflow(
        SensorWorkflow.run, SensorWatch(sensor_ref=REF), id=queue, task_queue=queue
    )
    workflows = Worker(
        client,
        task_queue=queue,
        workflows=[SensorWorkflow],
        activities=[SensorRecordActivities(records).order_sensor],
    )
    sensors = Worker(
        client,
        task_queue=f"{queue}-sensors",
        activities=[SensorActivities(host).run_sensor],
        default_heartbeat_throttle_interval=OFTEN,
        max_heartbeat_throttle_interval=OFTEN,
    )
    async with workflows, sensors:
        if scenario.meanwhile:
            await scenario.meanwhile(handle, host, records)
        await asyncio.wait_for(handle.result(), 30)
    return PlayedSensor(handle, tuple(records.asked))
