"""The execution workflow takes every path to its end."""

from uuid import uuid4

import pytest
from temporalio.client import Client

from tests.support.scenarios import SCENARIOS, Scenario, play


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda s: s.name)
async def test_each_path_ends_as_it_must(
    temporal_client: Client, scenario: Scenario
) -> None:
    played = await play(temporal_client, scenario, uuid4().hex[:8])

    assert played.report.statuses == scenario.expected
    assert played.causes == scenario.causes
