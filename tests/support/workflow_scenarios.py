"""Every path through the run of a pack's workflow, with a script for `advance`.

The integration tests assert how each path ends and what was asked on the way;
`tests/replay/record_histories.py` keeps the history of each.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from temporalio import activity
from temporalio.client import Client, WorkflowHandle
from temporalio.worker import Worker

from activities.action import ActionActivities
from activities.execution import ExecutionActivities
from activities.workflow import WorkflowActivities
from attune.domain.execution import ExecutionKind
from attune.domain.execution import ExecutionStatus as Status
from attune.messages.execution import (
    ActionOutcome,
    ActionRun,
    CancelRequest,
    ExecutionEnded,
    ExecutionOrder,
    WakeRequest,
)
from attune.messages.workflow import (
    Advance,
    Orders,
    TimerOrder,
    WorkflowReport,
    WorkflowRequest,
)
from tests.support.scenarios import OFTEN, FakeInquiries, FakeRecords, FakeWorker
from workflows.workflow import PackWorkflow

Handle = WorkflowHandle[PackWorkflow, WorkflowReport]

WORKFLOW = 100
"""The execution that the workflow is."""


@dataclass
class ScriptedAdvance:
    """Plays the database: gives one answer after the other, and remembers questions."""

    answers: list[Orders]
    questions: list[Advance] = field(default_factory=list)

    async def advance(self, question: Advance) -> Orders:
        self.questions.append(question)
        return self.answers.pop(0)


Meanwhile = Callable[[Handle, ScriptedAdvance, FakeWorker], Awaitable[None]]


@dataclass(frozen=True)
class WorkflowScenario:
    """One path: what `advance` answers, what happens meanwhile, what it is asked."""

    name: str
    answers: tuple[Orders, ...]
    asked: tuple[tuple[list[int], list[int], bool], ...]
    """The ends, the timers and the `look` of each question."""
    meanwhile: Meanwhile | None = None
    status: Status = Status.COMPLETED
    worker: Callable[[ActionRun, int], Awaitable[ActionOutcome]] | None = None


def _order(execution_id: int, kind: ExecutionKind = ExecutionKind.ACTION) -> Orders:
    return Orders(run=[_execution(execution_id, kind)])


def _execution(
    execution_id: int, kind: ExecutionKind = ExecutionKind.ACTION
) -> ExecutionOrder:
    # The queue is filled in when it is played.
    return ExecutionOrder(
        execution_id=execution_id,
        action_ref="core.noop",
        queue="",
        limit_seconds=60,
        kind=kind,
        task="task",
    )


def _done(status: Status = Status.COMPLETED) -> Orders:
    return Orders(status=status)


async def _completes(request: ActionRun, count: int) -> ActionOutcome:
    del count
    return ActionOutcome(execution_id=request.execution_id, status=Status.COMPLETED)


async def _until_cancelled(request: ActionRun, count: int) -> ActionOutcome:
    del count
    try:
        while True:
            activity.heartbeat()
            await asyncio.sleep(0.1)
    except asyncio.CancelledError:
        return ActionOutcome(execution_id=request.execution_id, status=Status.CANCELLED)


async def _cancel(handle: Handle, advance: ScriptedAdvance, worker: FakeWorker) -> None:
    del advance
    while not worker.run_count:  # noqa: ASYNC110 - the fake has no event to wait for
        await asyncio.sleep(0.01)
    await handle.signal(PackWorkflow.cancel, CancelRequest(execution_id=WORKFLOW))


async def _answer(handle: Handle, advance: ScriptedAdvance, worker: FakeWorker) -> None:
    del worker
    await _asked(advance, 1)
    await handle.signal(PackWorkflow.ended, ExecutionEnded(execution_id=1))


async def _wake(handle: Handle, advance: ScriptedAdvance, worker: FakeWorker) -> None:
    del worker
    await _asked(advance, 1)
    await handle.signal(PackWorkflow.wake, WakeRequest(execution_id=WORKFLOW))


async def _asked(advance: ScriptedAdvance, count: int) -> None:
    while len(advance.questions) < count:  # noqa: ASYNC110 - the fake has no event
        await asyncio.sleep(0.01)


WORKFLOW_SCENARIOS = (
    WorkflowScenario(
        "workflow_in_sequence",
        (_order(1), _order(2), _done()),
        (([], [], True), ([1], [], False), ([2], [], False)),
    ),
    WorkflowScenario(
        "workflow_failed",
        (_order(1), _done(Status.FAILED)),
        (([], [], True), ([1], [], False)),
        status=Status.FAILED,
    ),
    WorkflowScenario(
        "workflow_with_timer",
        (Orders(timers=[TimerOrder(timer_id=7, seconds=0.2)]), _order(1), _done()),
        (([], [], True), ([], [7], False), ([1], [], False)),
    ),
    WorkflowScenario(
        "workflow_with_inquiry",
        (_order(1, ExecutionKind.INQUIRY), _done()),
        (([], [], True), ([1], [], False)),
        meanwhile=_answer,
    ),
    WorkflowScenario(
        "workflow_with_nested_workflow",
        (Orders(), _done()),
        (([], [], True), ([1], [], False)),
        meanwhile=_answer,
    ),
    WorkflowScenario(
        "workflow_woken",
        (Orders(), _order(1), _done()),
        (([], [], True), ([], [], True), ([1], [], False)),
        meanwhile=_wake,
    ),
    WorkflowScenario(
        "workflow_cancelled",
        (_order(1), Orders(cancel=[1]), _done(Status.CANCELLED)),
        (([], [], True), ([], [], True), ([1], [], False)),
        meanwhile=_cancel,
        status=Status.CANCELLED,
        worker=_until_cancelled,
    ),
    WorkflowScenario(
        "workflow_out_of_time",
        (Orders(look_in_seconds=0.2), _done(Status.TIMEOUT)),
        (([], [], True), ([], [], True)),
        status=Status.TIMEOUT,
    ),
)


@dataclass(frozen=True)
class PlayedWorkflow:
    """What a scenario left behind."""

    handle: Handle
    report: WorkflowReport
    asked: tuple[tuple[list[int], list[int], bool], ...]


async def play_workflow(
    client: Client, scenario: WorkflowScenario, run: str
) -> PlayedWorkflow:
    """Run the scenario on the server behind `client`, under queues of its own."""
    queue = f"{scenario.name}-{run}"
    advance = ScriptedAdvance(
        [_with_queue(each, f"{queue}-actions") for each in scenario.answers]
    )
    worker = FakeWorker(scenario.worker or _completes)
    handle = await client.start_workflow(
        PackWorkflow.run,
        WorkflowRequest(execution_id=WORKFLOW, action_ref="demo.workflow"),
        id=queue,
        task_queue=queue,
    )
    executions = ExecutionActivities(FakeRecords(), FakeInquiries())
    async with (
        Worker(
            client,
            task_queue=queue,
            workflows=[PackWorkflow],
            activities=[
                WorkflowActivities(advance).advance,
                executions.settle,
                executions.open_inquiry,
                executions.pause,
            ],
        ),
        Worker(
            client,
            task_queue=f"{queue}-actions",
            activities=[ActionActivities(worker).run_action],
            default_heartbeat_throttle_interval=OFTEN,
            max_heartbeat_throttle_interval=OFTEN,
        ),
    ):
        if scenario.meanwhile:
            await scenario.meanwhile(handle, advance, worker)
        report = await asyncio.wait_for(handle.result(), 30)
    asked = tuple((each.ended, each.due, each.look) for each in advance.questions)
    return PlayedWorkflow(handle, report, asked)


def _with_queue(orders: Orders, queue: str) -> Orders:
    run = [order.model_copy(update={"queue": queue}) for order in orders.run]
    return orders.model_copy(update={"run": run})
