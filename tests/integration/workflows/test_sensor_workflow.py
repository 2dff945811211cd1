"""The workflow of a sensor does what the row wants, and asks what it must."""

from uuid import uuid4

import pytest
from temporalio.client import Client

from tests.support.sensor_scenarios import SENSOR_SCENARIOS, SensorScenario, play_sensor


@pytest.mark.parametrize("scenario", SENSOR_SCENARIOS, ids=lambda s: s.name)
async def test_each_path_asks_what_it_must(
    temporal_client: Client, scenario: SensorScenario
) -> None:
    played = await play_sensor(temporal_client, scenario, uuid4().hex[:8])

    assert played.asked == scenario.asked
