"""Today's workflow code replays yesterday's histories, and a changed one does not."""

from pathlib import Path

import pytest
from temporalio import workflow
from temporalio.client import WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Replayer

from attune.domain.execution import ExecutionStatus
from attune.messages.execution import ExecutionReport, ExecutionRequest
from attune.messages.sensor import SensorWatch
from attune.messages.timer import TimerReport, TimerWake
from attune.messages.workflow import WorkflowReport, WorkflowRequest
from tests.support.scenarios import SCENARIOS
from tests.support.sensor_scenarios import SENSOR_SCENARIOS
from tests.support.timer_scenarios import TIMER_SCENARIOS
from tests.support.workflow_scenarios import WORKFLOW_SCENARIOS
from workflows.execution import ExecutionWorkflow
from workflows.sensor import SensorWorkflow
from workflows.timer import TimerWorkflow
from workflows.workflow import PackWorkflow

HISTORIES = sorted((Path(__file__).parent / "histories").glob("*.json"))


@pytest.mark.parametrize("file", HISTORIES, ids=lambda file: file.stem)
async def test_a_recorded_history_replays(file: Path) -> None:
    replayer = Replayer(
        workflows=[ExecutionWorkflow, PackWorkflow, SensorWorkflow, TimerWorkflow],
        data_converter=pydantic_data_converter,
    )

    await replayer.replay_workflow(_read(file))


def test_every_path_has_a_history() -> None:
    paths = {s.name for s in (*SCENARIOS, *WORKFLOW_SCENARIOS, *SENSOR_SCENARIOS)}
    paths |= {s.name for s in TIMER_SCENARIOS}

    assert {file.stem for file in HISTORIES} >= paths


@workflow.defn(name="Execution", sandboxed=False)
class HastyWorkflow:
    """The workflow as a careless change would leave it: a timer before the action."""

    @workflow.run
    async def run(self, request: ExecutionRequest) -> ExecutionReport:
        await workflow.sleep(len(request.executions))
        return ExecutionReport(statuses={})


@workflow.defn(name="Workflow", sandboxed=False)
class HastyPackWorkflow:
    """The run of a pack's workflow as a careless change would leave it."""

    @workflow.run
    async def run(self, request: WorkflowRequest) -> WorkflowReport:
        await workflow.sleep(1)
        return WorkflowReport(
            execution_id=request.execution_id, status=ExecutionStatus.COMPLETED
        )


@workflow.defn(name="Sensor", sandboxed=False)
class HastySensorWorkflow:
    """The workflow of a sensor as a careless change would leave it."""

    @workflow.run
    async def run(self, watch: SensorWatch) -> None:
        del watch
        await workflow.sleep(1)

    @workflow.signal(name="wake")
    def wake(self) -> None: ...


@workflow.defn(name="Timer", sandboxed=False)
class HastyTimerWorkflow:
    """The look at a timer as a careless change would leave it."""

    @workflow.run
    async def run(self, wake: TimerWake) -> TimerReport:
        await workflow.sleep(wake.rule_id)
        return TimerReport(fired_count=0)


@pytest.mark.parametrize(
    "name", ["completed", "workflow_in_sequence", "sensor_ends", "timer_due"]
)
async def test_a_changed_workflow_fails_to_replay(name: str) -> None:
    replayer = Replayer(
        workflows=[
            HastyWorkflow,
            HastyPackWorkflow,
            HastySensorWorkflow,
            HastyTimerWorkflow,
        ],
        data_converter=pydantic_data_converter,
    )
    [file] = [each for each in HISTORIES if each.stem == name]

    with pytest.raises(workflow.NondeterminismError):
        await replayer.replay_workflow(_read(file))


def _read(file: Path) -> WorkflowHistory:
    return WorkflowHistory.from_json(file.stem, file.read_text())
