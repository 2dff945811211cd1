"""The run of a pack's workflow takes every path to its end."""

from uuid import uuid4

import pytest
from temporalio.client import Client

from tests.support.workflow_scenarios import (
    WORKFLOW_SCENARIOS,
    WorkflowScenario,
    play_workflow,
)


@pytest.mark.parametrize("scenario", WORKFLOW_SCENARIOS, ids=lambda s: s.name)
async def test_each_path_ends_as_it_must(
    temporal_client: Client, scenario: WorkflowScenario
) -> None:
    played = await play_workflow(temporal_client, scenario, uuid4().hex[:8])

    assert played.report.status is scenario.status
    assert played.asked == scenario.asked
