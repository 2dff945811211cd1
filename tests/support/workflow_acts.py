"""What the scenarios of a pack's workflow are made of: answers, workers and visitors."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from temporalio import activity
from temporalio.client import WorkflowHandle
from temporalio.exceptions import ApplicationError

from attune.domain.execution import ExecutionKind
from attune.domain.execution import ExecutionStatus as Status
from attune.messages.execution import (
    ActionOutcome,
    ActionRun,
    CancelRequest,
    ExecutionEnded,
    ExecutionOrder,
    SettlementResult,
    WakeRequest,
)
from attune.messages.workflow import Advance, Orders, WorkflowReport
from tests.support.scenarios import FakeWorker
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
    settled: tuple[SettlementResult, ...] = ()
    """What is answered to those who settle, before all that follow are cancelled."""


def order(execution_id: int, kind: ExecutionKind = ExecutionKind.ACTION) -> Orders:
    return Orders(run=[execution(execution_id, kind)])


def execution(
    execution_id: int,
    kind: ExecutionKind = ExecutionKind.ACTION,
    *,
    activity_of: int | None = None,
) -> ExecutionOrder:
    # The queue is filled in when it is played.
    return ExecutionOrder(
        execution_id=execution_id,
        action_ref="core.noop",
        queue="",
        limit_seconds=60,
        kind=kind,
        task="task",
        activity_of=activity_of,
    )


def done(status: Status = Status.COMPLETED) -> Orders:
    return Orders(status=status)


async def completes(request: ActionRun, count: int) -> ActionOutcome:
    del count
    return ActionOutcome(execution_id=request.execution_id, status=Status.COMPLETED)


async def goes_on(request: ActionRun, count: int) -> ActionOutcome:
    del count
    return ActionOutcome(
        execution_id=request.execution_id,
        status=Status.COMPLETED,
        went_on=dict.fromkeys((2, 3), Status.COMPLETED) if request.goes_on else {},
    )


async def is_unsure(request: ActionRun, count: int) -> ActionOutcome:
    outcome = await completes(request, count)
    return outcome.model_copy(update={"unsure": True})


async def is_lost(request: ActionRun, count: int) -> ActionOutcome:
    del request, count
    raise ApplicationError("LOST", non_retryable=True)


async def first_is_lost(request: ActionRun, count: int) -> ActionOutcome:
    if request.execution_id == 1:
        return await is_lost(request, count)
    await asyncio.sleep(0.3)
    return await completes(request, count)


async def first_until_cancelled(request: ActionRun, count: int) -> ActionOutcome:
    play = until_cancelled if request.execution_id == 1 else completes
    return await play(request, count)


async def until_cancelled(request: ActionRun, count: int) -> ActionOutcome:
    del count
    try:
        while True:
            activity.heartbeat()
            await asyncio.sleep(0.1)
    except asyncio.CancelledError:
        return ActionOutcome(execution_id=request.execution_id, status=Status.CANCELLED)


async def cancel(handle: Handle, advance: ScriptedAdvance, worker: FakeWorker) -> None:
    del advance
    while not worker.run_count:  # noqa: ASYNC110 - the fake has no event to wait for
        await asyncio.sleep(0.01)
    await handle.signal(PackWorkflow.cancel, CancelRequest(execution_id=WORKFLOW))


async def answer(handle: Handle, advance: ScriptedAdvance, worker: FakeWorker) -> None:
    del worker
    await _asked(advance, 1)
    await handle.signal(PackWorkflow.ended, ExecutionEnded(execution_id=1))


async def wake(handle: Handle, advance: ScriptedAdvance, worker: FakeWorker) -> None:
    del worker
    await _asked(advance, 1)
    await handle.signal(PackWorkflow.wake, WakeRequest(execution_id=WORKFLOW))


async def wake_when_running(
    handle: Handle, advance: ScriptedAdvance, worker: FakeWorker
) -> None:
    while not worker.run_count:  # noqa: ASYNC110 - the fake has no event to wait for
        await asyncio.sleep(0.01)
    await wake(handle, advance, worker)


async def _asked(advance: ScriptedAdvance, count: int) -> None:
    while len(advance.questions) < count:  # noqa: ASYNC110 - the fake has no event
        await asyncio.sleep(0.01)
