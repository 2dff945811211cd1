"""Record the history of every scenario: `python -m tests.replay.record_histories`.

The law: a history that is here stays as it is, for it stands for runs that may be open
in an installation. A scenario that is new is recorded; one that changes on purpose gets
a new name beside the old one, and the workflow a `workflow.patched`.
"""

import asyncio
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from temporalio.client import Client, WorkflowHandle
from temporalio.contrib.pydantic import pydantic_data_converter

from attune.stack.ports import AUTOMATIC
from attune.stack.temporal import EmbeddedTemporal
from tests.support.scenarios import SCENARIOS, play
from tests.support.sensor_scenarios import SENSOR_SCENARIOS, play_sensor
from tests.support.timer_scenarios import TIMER_SCENARIOS, play_timer
from tests.support.workflow_scenarios import WORKFLOW_SCENARIOS, play_workflow

HISTORIES = Path(__file__).parent / "histories"


def without_places(history: str) -> str:
    """Leave out who recorded it and where: stack traces and identities."""
    document = json.loads(history, object_hook=_without_places)
    return json.dumps(document, indent=2) + "\n"


def _without_places(found: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in found.items() if k not in {"stackTrace", "identity"}}


async def record() -> None:
    """Play what has no history yet, and keep it."""
    missing = [s for s in SCENARIOS if _is_missing(s.name)]
    missing_workflows = [s for s in WORKFLOW_SCENARIOS if _is_missing(s.name)]
    missing_sensors = [s for s in SENSOR_SCENARIOS if _is_missing(s.name)]
    missing_timers = [s for s in TIMER_SCENARIOS if _is_missing(s.name)]
    with tempfile.TemporaryDirectory() as directory:
        server = EmbeddedTemporal(
            Path(directory), port=AUTOMATIC.settled("127.0.0.1").temporal, ui_port=None
        )
        await server.start()
        try:
            client = await Client.connect(
                server.address, data_converter=pydantic_data_converter
            )
            for scenario in missing:
                played = await play(client, scenario, "history")
                await _keep(scenario.name, played.handle)
            for each in missing_workflows:
                driven = await play_workflow(client, each, "history")
                await _keep(each.name, driven.handle)
            for sensor in missing_sensors:
                kept = await play_sensor(client, sensor, "history")
                await _keep(sensor.name, kept.handle)
            for timer in missing_timers:
                fired = await play_timer(client, timer, "history")
                await _keep(timer.name, fired.handle)
        finally:
            await server.stop()


def _is_missing(name: str) -> bool:
    return not (HISTORIES / f"{name}.json").exists()


async def _keep(name: str, handle: WorkflowHandle[Any, Any]) -> None:
    history = await handle.fetch_history()
    (HISTORIES / f"{name}.json").write_text(without_places(history.to_json()))
    sys.stdout.write(f"recorded {name}\n")


if __name__ == "__main__":
    asyncio.run(record())
