"""Every path through the execution workflow, with activities that play a part.

The integration tests assert how each path ends; `tests/replay/record_histories.py`
keeps the history of each.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta

from temporalio import activity
from temporalio.client import Client, WorkflowHandle
from temporalio.exceptions import ApplicationError
from temporalio.worker import Worker

from activities.action import ActionActivities
from activities.execution import ExecutionActivities
from attune.domain.execution import ExecutionKind
from attune.domain.execution import ExecutionStatus as Status
from attune.domain.settlement import Loss
from attune.messages.execution import (
    ActionOutcome,
    ActionRun,
    CancelRequest,
    ExecutionEnded,
    ExecutionOrder,
    ExecutionReport,
    ExecutionRequest,
    InquiryOpened,
    InquiryOpening,
    Settlement,
    SettlementResult,
)
from workflows.execution import ExecutionWorkflow

Handle = WorkflowHandle[ExecutionWorkflow, ExecutionReport]

OFTEN = timedelta(seconds=0.2)
"""How often heartbeats go out, which bring the news of a cancellation."""


@dataclass
class FakeWorker:
    """Plays the worker: says how each run of an action ends."""

    play: Callable[[ActionRun, int], Awaitable[ActionOutcome]]
    run_count: dict[int, int] = field(default_factory=dict)

    async def run(self, request: ActionRun) -> ActionOutcome:
        count = self.run_count.get(request.execution_id, 0) + 1
        self.run_count[request.execution_id] = count
        return await self.play(request, count)


@dataclass
class FakeRecords:
    """Plays the database: answers what was settled, and remembers the causes."""

    answers: list[SettlementResult] = field(default_factory=list)
    causes: list[Loss] = field(default_factory=list)

    async def settle(self, settlement: Settlement) -> SettlementResult:
        self.causes.append(settlement.cause)
        if self.answers:
            return self.answers.pop(0)
        return SettlementResult(
            execution_id=settlement.execution_id, status=Status.CANCELLED
        )


@dataclass
class FakeInquiries:
    """Plays the inquiries: every question is put, and answered by signal."""

    opened: list[int] = field(default_factory=list)

    async def open(self, opening: InquiryOpening) -> InquiryOpened:
        self.opened.append(opening.execution_id)
        return InquiryOpened(execution_id=opening.execution_id, status=Status.RUNNING)


@dataclass(frozen=True)
class Scenario:
    """One path: who plays what, what happens meanwhile, how it has to end."""

    name: str
    expected: dict[int, Status]
    worker: Callable[[ActionRun, int], Awaitable[ActionOutcome]]
    answers: tuple[SettlementResult, ...] = ()
    causes: tuple[Loss, ...] = ()
    meanwhile: Callable[[Handle, FakeWorker], Awaitable[None]] | None = None
    cancel_first: tuple[int, ...] = ()
    kind: ExecutionKind = ExecutionKind.ACTION


def _ends(
    status: Status | None,
) -> Callable[[ActionRun, int], Awaitable[ActionOutcome]]:
    async def play(request: ActionRun, count: int) -> ActionOutcome:
        del count
        return ActionOutcome(execution_id=request.execution_id, status=status)

    return play


async def _lost_once(request: ActionRun, count: int) -> ActionOutcome:
    if count == 1:
        raise ApplicationError("LOST", non_retryable=True)
    return ActionOutcome(execution_id=request.execution_id, status=Status.COMPLETED)


async def _until_cancelled(request: ActionRun, count: int) -> ActionOutcome:
    del count
    try:
        while True:
            activity.heartbeat()
            await asyncio.sleep(0.1)
    except asyncio.CancelledError:
        return ActionOutcome(execution_id=request.execution_id, status=Status.CANCELLED)


async def _dies_of_cancel(request: ActionRun, count: int) -> ActionOutcome:
    del count, request
    while True:
        activity.heartbeat()
        await asyncio.sleep(0.1)


async def _answer(handle: Handle, worker: FakeWorker) -> None:
    del worker
    await handle.signal(ExecutionWorkflow.ended, ExecutionEnded(execution_id=1))


async def _answer_when_it_ran(handle: Handle, worker: FakeWorker) -> None:
    while not worker.run_count:  # noqa: ASYNC110 - the fake has no event to wait for
        await asyncio.sleep(0.01)
    await handle.signal(ExecutionWorkflow.ended, ExecutionEnded(execution_id=1))


async def _cancel_when_running(handle: Handle, worker: FakeWorker) -> None:
    while not worker.run_count:  # noqa: ASYNC110 - the fake has no event to wait for
        await asyncio.sleep(0.01)
    await handle.signal(ExecutionWorkflow.cancel, CancelRequest(execution_id=1))


def _settled(status: Status, **more: object) -> SettlementResult:
    return SettlementResult.model_validate(
        {"execution_id": 1, "status": status, **more}
    )


SCENARIOS = (
    Scenario("completed", {1: Status.COMPLETED}, _ends(Status.COMPLETED)),
    Scenario("failed", {1: Status.FAILED}, _ends(Status.FAILED)),
    Scenario("timed_out", {1: Status.TIMEOUT}, _ends(Status.TIMEOUT)),
    Scenario(
        "hosted",
        {1: Status.COMPLETED, 2: Status.COMPLETED, 3: Status.COMPLETED},
        _ends(Status.COMPLETED),
    ),
    Scenario(
        "lost_before_start",
        {1: Status.COMPLETED},
        _lost_once,
        answers=(_settled(Status.SCHEDULED, run_again=True),),
        causes=(Loss.LOST,),
    ),
    Scenario(
        "abandoned",
        {1: Status.ABANDONED},
        _lost_once,
        answers=(_settled(Status.ABANDONED),),
        causes=(Loss.LOST,),
    ),
    Scenario(
        "asked_again",
        {1: Status.COMPLETED},
        _ends(None),
        answers=(
            _settled(Status.RUNNING, ask_again_seconds=0.1),
            _settled(Status.COMPLETED),
        ),
        causes=(Loss.REFUSED, Loss.REFUSED),
    ),
    Scenario(
        "cancelled_before_start",
        {1: Status.CANCELLED},
        _ends(Status.COMPLETED),
        causes=(Loss.CANCELLED,),
        cancel_first=(1,),
    ),
    Scenario(
        "cancelled_while_running",
        {1: Status.CANCELLED},
        _until_cancelled,
        meanwhile=_cancel_when_running,
    ),
    Scenario(
        "cancelled_and_not_recorded",
        {1: Status.CANCELLED},
        _dies_of_cancel,
        causes=(Loss.CANCELLED,),
        meanwhile=_cancel_when_running,
    ),
    Scenario(
        "asked_and_answered",
        {1: Status.COMPLETED},
        _ends(Status.COMPLETED),
        answers=(_settled(Status.COMPLETED),),
        causes=(Loss.REFUSED,),
        meanwhile=_answer,
        kind=ExecutionKind.INQUIRY,
    ),
    Scenario(
        "answered_after_it_ran",
        {1: Status.COMPLETED},
        _ends(Status.RUNNING),
        answers=(_settled(Status.COMPLETED),),
        causes=(Loss.REFUSED,),
        meanwhile=_answer_when_it_ran,
    ),
    Scenario(
        "answered_after_the_worker_was_lost",
        {1: Status.COMPLETED},
        _lost_once,
        answers=(_settled(Status.RUNNING), _settled(Status.COMPLETED)),
        causes=(Loss.LOST, Loss.REFUSED),
        meanwhile=_answer_when_it_ran,
    ),
)


@dataclass(frozen=True)
class Played:
    """What a scenario left behind."""

    handle: Handle
    report: ExecutionReport
    causes: tuple[Loss, ...]


async def play(client: Client, scenario: Scenario, run: str) -> Played:
    """Run the scenario on the server behind `client`, under queues of its own."""
    queue = f"{scenario.name}-{run}"
    worker = FakeWorker(scenario.worker)
    records = FakeRecords(list(scenario.answers))
    handle = await client.start_workflow(
        ExecutionWorkflow.run,
        _request(scenario, f"{queue}-actions"),
        id=queue,
        task_queue=queue,
    )
    for execution_id in scenario.cancel_first:
        signal = CancelRequest(execution_id=execution_id)
        await handle.signal(ExecutionWorkflow.cancel, signal)
    async with _workers(client, queue, worker, records):
        if scenario.meanwhile:
            await scenario.meanwhile(handle, worker)
        report = await asyncio.wait_for(handle.result(), 30)
    return Played(handle, report, tuple(records.causes))


def _request(scenario: Scenario, queue: str) -> ExecutionRequest:
    orders = [
        ExecutionOrder(
            execution_id=execution_id,
            action_ref="core.noop",
            queue=queue,
            limit_seconds=60,
            kind=scenario.kind,
        )
        for execution_id in scenario.expected
    ]
    return ExecutionRequest(executions=orders)


class _workers:  # noqa: N801 - reads as the function it stands for
    """Both Temporal workers of a scenario, for the length of a block."""

    def __init__(
        self, client: Client, queue: str, worker: FakeWorker, records: FakeRecords
    ) -> None:
        activities = ExecutionActivities(records, FakeInquiries())
        self._workers = (
            Worker(
                client,
                task_queue=queue,
                workflows=[ExecutionWorkflow],
                activities=[
                    activities.settle,
                    activities.pause,
                    activities.open_inquiry,
                ],
            ),
            Worker(
                client,
                task_queue=f"{queue}-actions",
                activities=[ActionActivities(worker).run_action],
                default_heartbeat_throttle_interval=OFTEN,
                max_heartbeat_throttle_interval=OFTEN,
            ),
        )

    async def __aenter__(self) -> None:
        for worker in self._workers:
            await worker.__aenter__()

    async def __aexit__(self, *error: object) -> None:
        for worker in self._workers:
            await worker.__aexit__(None, None, None)
