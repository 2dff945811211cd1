"""Every path through the run of a pack's workflow, with a script for `advance`.

The integration tests assert how each path ends and what was asked on the way;
`tests/replay/record_histories.py` keeps the history of each.
"""

import asyncio
from dataclasses import dataclass

from temporalio.client import Client
from temporalio.worker import Worker

from activities.action import ActionActivities
from activities.execution import ExecutionActivities
from activities.workflow import WorkflowActivities
from attune.domain.execution import ExecutionKind
from attune.domain.execution import ExecutionStatus as Status
from attune.messages.execution import SettlementResult
from attune.messages.workflow import (
    Advance,
    Orders,
    TimerOrder,
    WorkflowReport,
    WorkflowRequest,
)
from tests.support.scenarios import OFTEN, FakeInquiries, FakeRecords, FakeWorker
from tests.support.workflow_acts import (
    WORKFLOW,
    Handle,
    ScriptedAdvance,
    WorkflowScenario,
    answer,
    cancel,
    completes,
    done,
    execution,
    first_is_lost,
    first_until_cancelled,
    goes_on,
    is_lost,
    is_unsure,
    order,
    until_cancelled,
    wake,
    wake_when_running,
)
from workflows.workflow import PackWorkflow

WORKFLOW_SCENARIOS = (
    WorkflowScenario(
        "workflow_in_sequence",
        (order(1), order(2), done()),
        (([], [], True), ([1], [], False), ([2], [], False)),
    ),
    WorkflowScenario(
        "workflow_failed",
        (order(1), done(Status.FAILED)),
        (([], [], True), ([1], [], False)),
        status=Status.FAILED,
    ),
    WorkflowScenario(
        "workflow_with_timer",
        (Orders(timers=[TimerOrder(timer_id=7, seconds=0.2)]), order(1), done()),
        (([], [], True), ([], [7], False), ([1], [], False)),
    ),
    WorkflowScenario(
        "workflow_with_inquiry",
        (order(1, ExecutionKind.INQUIRY), done()),
        (([], [], True), ([1], [], False)),
        meanwhile=answer,
    ),
    WorkflowScenario(
        "workflow_with_nested_workflow",
        (Orders(), done()),
        (([], [], True), ([1], [], False)),
        meanwhile=answer,
    ),
    WorkflowScenario(
        "workflow_woken",
        (Orders(), order(1), done()),
        (([], [], True), ([], [], True), ([1], [], False)),
        meanwhile=wake,
    ),
    WorkflowScenario(
        "workflow_cancelled",
        (order(1), Orders(cancel=[1]), done(Status.CANCELLED)),
        (([], [], True), ([], [], True), ([1], [], False)),
        meanwhile=cancel,
        status=Status.CANCELLED,
        worker=until_cancelled,
    ),
    WorkflowScenario(
        "workflow_out_of_time",
        (Orders(look_in_seconds=0.2), done(Status.TIMEOUT)),
        (([], [], True), ([], [], True)),
        status=Status.TIMEOUT,
    ),
    WorkflowScenario(
        "workflow_that_went_on",
        (order(1), done()),
        (([], [], True), ([1, 2, 3], [], False)),
        worker=goes_on,
    ),
    WorkflowScenario(
        "workflow_unsure_of_what_follows",
        (order(1), done()),
        (([], [], True), ([1], [], True)),
        worker=is_unsure,
    ),
    WorkflowScenario(
        "workflow_with_lost_activity",
        (order(1), done()),
        (([], [], True), ([1], [], True)),
        worker=is_lost,
    ),
    # While 1 waits to be settled, 2 ends; only then what 1 had begun can be found.
    WorkflowScenario(
        "workflow_with_activity_settled_late",
        (Orders(run=[execution(1), execution(2)]), Orders(), done()),
        (([], [], True), ([2], [], False), ([1], [], True)),
        worker=first_is_lost,
        settled=(
            SettlementResult(
                execution_id=1, status=Status.RUNNING, ask_again_seconds=1.0
            ),
        ),
    ),
    WorkflowScenario(
        "workflow_with_backlog",
        (
            Orders(run=[execution(1)], has_backlog=True),
            Orders(has_backlog=True),
            Orders(cancel=[1]),
            done(),
        ),
        (([], [], True), ([], [], False), ([], [], False), ([1], [], False)),
        worker=first_until_cancelled,
    ),
    # The activity of 1 is asked to end, and ends without having run 2.
    WorkflowScenario(
        "workflow_with_order_of_open_activity",
        (
            order(1),
            Orders(run=[execution(2, activity_of=1)], cancel=[1]),
            Orders(run=[execution(2, activity_of=1)]),
            done(),
        ),
        (([], [], True), ([], [], True), ([1], [], False), ([2], [], False)),
        meanwhile=wake_when_running,
        worker=first_until_cancelled,
    ),
)


MANY_HANDS = WorkflowScenario(
    "workflow_with_many_hands",
    (
        Orders(run=[execution(each) for each in range(1, 11)], has_backlog=True),
        done(),
    ),
    (([], [], True), ([], [], False)),
    worker=until_cancelled,
)
"""Ten run when the run glances; none has ended when the workflow does."""


@dataclass(frozen=True)
class PlayedWorkflow:
    """What a scenario left behind."""

    handle: Handle
    report: WorkflowReport
    asked: tuple[tuple[list[int], list[int], bool], ...]
    questions: list[Advance]
    """The same in full."""
    run_count: dict[int, int]
    """How often the action of each execution was run."""


async def play_workflow(
    client: Client, scenario: WorkflowScenario, run: str
) -> PlayedWorkflow:
    """Run the scenario on the server behind `client`, under queues of its own."""
    queue = f"{scenario.name}-{run}"
    advance = ScriptedAdvance(
        [_with_queue(each, f"{queue}-actions") for each in scenario.answers]
    )
    worker = FakeWorker(scenario.worker or completes)
    handle = await client.start_workflow(
        PackWorkflow.run,
        WorkflowRequest(execution_id=WORKFLOW, action_ref="demo.workflow"),
        id=queue,
        task_queue=queue,
    )
    executions = ExecutionActivities(
        FakeRecords(list(scenario.settled)), FakeInquiries()
    )
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
    return PlayedWorkflow(handle, report, asked, advance.questions, worker.run_count)


def _with_queue(orders: Orders, queue: str) -> Orders:
    run = [each.model_copy(update={"queue": queue}) for each in orders.run]
    return orders.model_copy(update={"run": run})
