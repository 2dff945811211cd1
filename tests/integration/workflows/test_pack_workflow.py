"""The run of a pack's workflow takes every path to its end."""

from uuid import uuid4

import pytest
from temporalio.client import Client

from attune.messages.workflow import Advance
from tests.support.workflow_acts import WorkflowScenario
from tests.support.workflow_scenarios import (
    MANY_HANDS,
    WORKFLOW_SCENARIOS,
    PlayedWorkflow,
    play_workflow,
)
from workflows.options import HANDS, LARGEST_RUN


@pytest.mark.parametrize("scenario", WORKFLOW_SCENARIOS, ids=lambda s: s.name)
async def test_each_path_ends_as_it_must(
    temporal_client: Client, scenario: WorkflowScenario
) -> None:
    played = await play_workflow(temporal_client, scenario, uuid4().hex[:8])

    assert played.report.status is scenario.status
    assert played.asked == scenario.asked


async def test_a_backlog_is_glanced_at_until_it_is_gone(
    temporal_client: Client,
) -> None:
    played = await _play(temporal_client, "workflow_with_backlog")

    glances = [each.glance for each in played.questions]
    assert glances == [False, True, True, False]
    assert [each.under_way for each in played.questions] == [0, 1, 1, 0]


async def test_a_run_begins_few_at_a_time(temporal_client: Client) -> None:
    played = await _play(temporal_client, "workflow_with_backlog")

    assert _rooms(played.questions) == [HANDS] * 4


async def test_a_glance_has_room_for_as_many_again(temporal_client: Client) -> None:
    played = await play_workflow(temporal_client, MANY_HANDS, uuid4().hex[:8])

    assert _rooms(played.questions) == [HANDS, 10]
    assert played.asked == MANY_HANDS.asked


async def test_a_run_that_is_woken_has_room_for_all(temporal_client: Client) -> None:
    played = await _play(temporal_client, "workflow_woken")

    assert _rooms(played.questions) == [HANDS, LARGEST_RUN, HANDS]


async def test_what_runs_in_an_open_activity_is_begun_when_that_has_ended_without_it(
    temporal_client: Client,
) -> None:
    played = await _play(temporal_client, "workflow_with_order_of_open_activity")

    assert played.run_count == {1: 1, 2: 1}


async def _play(client: Client, name: str) -> PlayedWorkflow:
    [scenario] = [each for each in WORKFLOW_SCENARIOS if each.name == name]
    return await play_workflow(client, scenario, uuid4().hex[:8])


def _rooms(questions: list[Advance]) -> list[int]:
    return [each.room for each in questions]
