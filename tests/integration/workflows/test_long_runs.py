"""Long workflows continue as new, lose nothing and cost the same for each task."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from temporalio.client import Client

from attune.db.database import Database
from attune.db.models import Execution
from attune.domain.execution import ExecutionStatus
from attune.messages.timer import TimerFired
from attune.stack.ports import AUTOMATIC
from attune.stack.temporal import DYNAMIC_CONFIG, EmbeddedTemporal
from attune.temporal.client import TemporalAddress, connect
from tests.support.cpu_time import spent_with_servers
from tests.support.timer_scenarios import TimerScenario, play_timer
from tests.support.workflow_engine import Engine, running_engine

SHORT_HISTORY = 200
"""After so many events the server suggests to continue as new; 4,096 is its default."""


@pytest.fixture(scope="module")
async def impatient_client(
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Client]:
    """A server that suggests to continue as new very soon."""
    config = {
        **DYNAMIC_CONFIG,
        "limit.historyCount.suggestContinueAsNew": SHORT_HISTORY,
    }
    server = EmbeddedTemporal(
        tmp_path_factory.mktemp("impatient"),
        port=AUTOMATIC.settled("127.0.0.1").temporal,
        ui_port=None,
        dynamic_config=config,
    )
    await server.start()
    yield await connect(TemporalAddress(server.address))
    await server.stop()


@pytest.fixture
async def engine(database: Database, impatient_client: Client) -> AsyncIterator[Engine]:
    """Workflows of packs, with actions that complete at once."""
    async with running_engine(database, impatient_client, "long-runs") as running:
        yield running


async def test_a_loop_of_many_turns_continues_as_new(engine: Engine) -> None:
    turns = 150
    execution = await engine.request(
        [
            {"name": "start", "action": "echo", "next": [{"do": ["turn"]}]},
            {
                "name": "turn",
                "action": "echo",
                "input": {"count": "{{ count }}"},
                "next": [
                    {
                        "when": f"{{{{ count < {turns} }}}}",
                        "publish": [{"count": "{{ result().count + 1 }}"}],
                        "do": ["turn"],
                    }
                ],
            },
        ],
        vars={"count": 1},
        output_map={"count": "{{ count }}"},
    )

    report = await engine.run(execution)

    assert report.status is ExecutionStatus.COMPLETED
    assert (await _read(engine, execution)).result == {
        "succeeded": True,
        "count": turns,
    }
    assert await _child_count(engine, execution) == turns + 1
    assert await engine.runs_of(execution) > 2


async def test_a_wide_fan_out_keeps_its_order_over_several_runs(engine: Engine) -> None:
    execution = await _over_items(engine, 400)

    report = await engine.run(execution)

    assert report.status is ExecutionStatus.COMPLETED
    ended = await _read(engine, execution)
    assert ended.result is not None
    assert ended.result["values"] == list(range(400))
    assert await _child_count(engine, execution) == 400
    assert await engine.runs_of(execution) > 2


async def test_ten_times_the_items_take_less_than_twelve_times_the_work(
    engine: Engine,
) -> None:
    await engine.run(await _over_items(engine, 20))
    # Of CPU: others work on this machine as well, and more at one time than another.
    seconds = {}
    for count in (100, 1000):
        execution = await _over_items(engine, count)
        begun = spent_with_servers()
        await engine.run(execution)
        seconds[count] = spent_with_servers() - begun

    assert seconds[1000] < 12 * seconds[100], seconds


async def test_more_tasks_than_a_run_carries_all_run(engine: Engine) -> None:
    tasks = [{"name": f"t{n}", "action": "echo"} for n in range(450)]
    execution = await engine.request(tasks)

    report = await engine.run(execution)

    assert report.status is ExecutionStatus.COMPLETED
    assert await _child_count(engine, execution) == 450


async def _over_items(engine: Engine, count: int) -> Execution:
    return await engine.request(
        [
            {
                "name": "each",
                "action": "echo",
                "input": {"value": "{{ item }}"},
                "with_items": "{{ range(parameters.count) }}",
                "concurrency": 50,
                "next": [{"publish": [{"results": "{{ result() }}"}]}],
            },
        ],
        {"count": count},
        output_map={"values": [f"{{{{ results[{n}].value }}}}" for n in range(count)]}
        if count <= 400
        else {},
    )


async def _read(engine: Engine, execution: Execution) -> Execution:
    async with engine.database.transaction() as tx:
        return await tx.executions.lock(execution.id)


async def _child_count(engine: Engine, execution: Execution) -> int:
    async with engine.database.transaction() as tx:
        sql: Any = await tx.session.connection()
        result = await sql.exec_driver_sql(
            f"SELECT count(*) FROM attune.execution WHERE parent = {execution.id}"  # noqa: S608 - a number
        )
        return int(result.scalar_one())


async def test_a_timer_that_sleeps_again_and_again_continues_as_new(
    impatient_client: Client,
) -> None:
    turn = TimerFired(fired_count=1, again_in_seconds=0.001)
    answers = [*[turn] * 38, TimerFired(fired_count=1)]
    scenario = TimerScenario("many_turns", answers, 39, sleeps=True)

    played = await play_timer(impatient_client, scenario, "long")

    assert played.timers.look_count == 39
    assert 0 < played.report.fired_count < 39
    last = await impatient_client.get_workflow_handle(played.handle.id).describe()
    assert last.run_id != played.handle.first_execution_run_id
