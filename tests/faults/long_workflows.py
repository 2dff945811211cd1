"""Long workflows at full length: `python -m tests.faults.long_workflows`.

A loop of 5,000 turns and a fan-out of 10,000 items, on a real database and a real
Temporal with its own limits; actions complete without a process. The suite runs the
short form, `tests/integration/workflows/test_long_runs.py`, on a server that suggests
to continue as new much sooner.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from attune.db.database import Database
from attune.db.models import Execution
from attune.domain.execution import ExecutionStatus
from attune.temporal.client import TemporalAddress, connect
from tests.support.database import TEMPLATE, create_database, create_template
from tests.support.servers import running_postgres, running_temporal
from tests.support.workflow_engine import Engine, running_engine


def loop_of(turns: int) -> dict[str, Any]:
    """Return a workflow whose task runs again and again."""
    turn = {
        "name": "turn",
        "action": "echo",
        "input": {"count": "{{ count }}"},
        "next": [
            {
                "when": f"{{{{ count < {turns} }}}}",
                "publish": [{"count": "{{ count + 1 }}"}],
                "do": ["turn"],
            }
        ],
    }
    start = {"name": "start", "action": "echo", "next": [{"do": ["turn"]}]}
    output = {"count": "{{ count }}"}
    return {"tasks": [start, turn], "vars": {"count": 1}, "output_map": output}


def fan_out_of(items: int) -> dict[str, Any]:
    """Return a workflow with a task over so many items."""
    each = {
        "name": "each",
        "action": "echo",
        "input": {"value": "{{ item }}"},
        "with_items": f"{{{{ range({items}) }}}}",
        "concurrency": 50,
    }
    output = {"count": "{{ length(task.each.result) }}"}
    return {"tasks": [each], "output_map": output}


async def measure(engine: Engine, name: str, definition: dict[str, Any]) -> None:
    """Run one workflow and say how long it took, over how many runs."""
    tasks = definition.pop("tasks")
    execution = await engine.request(tasks, **definition)
    begun = time.perf_counter()
    report = await engine.run(execution)
    seconds = time.perf_counter() - begun
    if report.status is not ExecutionStatus.COMPLETED:
        raise SystemExit(f"{name}: {await _result(engine, execution)}")
    runs = await engine.runs_of(execution)
    result = await _result(engine, execution)
    sys.stdout.write(f"{name}: {seconds:.0f} s, {runs} runs, {result}\n")


async def _result(engine: Engine, execution: Execution) -> object:
    async with engine.database.transaction() as tx:
        return (await tx.executions.get(execution.id)).result


async def run(turns: int, items: int) -> None:
    """Run both on servers of their own."""
    with tempfile.TemporaryDirectory() as directory:
        async with (
            running_postgres() as postgres,
            running_temporal(Path(directory)) as temporal,
        ):
            await create_template(postgres)
            url = await create_database(postgres, "long_workflows", TEMPLATE)
            database = Database(url)
            client = await connect(TemporalAddress(temporal.address))
            async with running_engine(database, client) as engine:
                await measure(engine, f"loop of {turns} turns", loop_of(turns))
                await measure(engine, f"fan-out of {items} items", fan_out_of(items))
            await database.close()


def main() -> None:
    """Read the sizes and run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=5_000)
    parser.add_argument("--items", type=int, default=10_000)
    given = parser.parse_args()
    asyncio.run(run(given.turns, given.items))


if __name__ == "__main__":
    main()
