"""Today's workflow code replays yesterday's histories, and a changed one does not."""

from pathlib import Path

import pytest
from temporalio import workflow
from temporalio.client import WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Replayer

from attune.messages.execution import ExecutionReport, ExecutionRequest
from tests.support.scenarios import SCENARIOS
from workflows.execution import ExecutionWorkflow

HISTORIES = sorted((Path(__file__).parent / "histories").glob("*.json"))


@pytest.mark.parametrize("file", HISTORIES, ids=lambda file: file.stem)
async def test_a_recorded_history_replays(file: Path) -> None:
    replayer = Replayer(
        workflows=[ExecutionWorkflow], data_converter=pydantic_data_converter
    )

    await replayer.replay_workflow(_read(file))


def test_every_path_has_a_history() -> None:
    assert {file.stem for file in HISTORIES} >= {s.name for s in SCENARIOS}


@workflow.defn(name="Execution", sandboxed=False)
class HastyWorkflow:
    """The workflow as a careless change would leave it: a timer before the action."""

    @workflow.run
    async def run(self, request: ExecutionRequest) -> ExecutionReport:
        await workflow.sleep(len(request.executions))
        return ExecutionReport(statuses={})


async def test_a_changed_workflow_fails_to_replay() -> None:
    replayer = Replayer(
        workflows=[HastyWorkflow], data_converter=pydantic_data_converter
    )

    with pytest.raises(workflow.NondeterminismError):
        await replayer.replay_workflow(_read(HISTORIES[0]))


def _read(file: Path) -> WorkflowHistory:
    return WorkflowHistory.from_json(file.stem, file.read_text())
