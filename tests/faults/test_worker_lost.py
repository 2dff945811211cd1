"""`kill -9` of a worker: nothing of its actions lives on, and every execution ends."""

import asyncio
import time
from typing import Any

import asyncpg
import pytest

from attune.db.url import driver_url
from attune.stack.stack import Stack
from tests.support.api import Person
from tests.support.eventually import eventually
from tests.support.survivors import new_mark, survivors

PROCESS_SECONDS = 5
TERMINAL_SECONDS = 75


@pytest.mark.timeout(240)
async def test_a_killed_worker_leaves_no_process_and_no_open_execution(
    stack: Stack, person: Person
) -> None:
    mark = new_mark()
    await person.make_pack("lost")
    code = f"setsid sleep {mark} & sleep {mark}"
    long = await person.make_action("lost.long", code)
    alerted = await person.make_action("lost.alerted", "cat")
    await person.post(
        "/api/v1/rules",
        {
            "ref": "lost.on_alert",
            "label": "Alert",
            "pack_ref": "lost",
            "trigger_ref": "core.alert",
            "action_ref": alerted,
        },
    )
    ids = [await person.execute(long) for _ in range(4)]
    await asyncio.gather(*(person.reaches(each, "running") for each in ids))
    await eventually(lambda: len(survivors(mark)) >= 2 * len(ids))
    begun_at = time.monotonic()

    stack.kill("worker")

    await eventually(lambda: not survivors(mark), seconds=PROCESS_SECONDS)
    ends = await asyncio.gather(
        *(person.ends(each, seconds=TERMINAL_SECONDS) for each in ids)
    )
    assert time.monotonic() - begun_at < TERMINAL_SECONDS
    assert {end["status"] for end in ends} == {"abandoned"}
    assert ends[0]["result"]["abandoned_by"] == "execution_timeout_monitor"
    assert ends[0]["result"]["original_status"] == "running"
    alerted_of = [alert["execution"] for alert in await _alerts(person)]
    assert sorted(each for each in alerted_of if each >= ids[0]) == ids
    assert len(await person.executions_of("lost.on_alert")) == len(ids)
    # Other tests on this stack cause alerts as well.
    await person.http.delete("/api/v1/rules/lost.on_alert")


@pytest.mark.timeout(240)
async def test_an_action_that_may_be_rerun_runs_again_and_never_beside_itself(
    stack: Stack, person: Person
) -> None:
    await person.make_pack("again")
    code = (
        'echo "start $ATTUNE_ATTEMPT" >> "$ATTUNE_ARTIFACTS_DIR/again"; sleep 8; '
        'echo "end $ATTUNE_ATTEMPT" >> "$ATTUNE_ARTIFACTS_DIR/again"'
    )
    action = await person.make_action("again.slow", code)
    await _allow_rerun(stack, action)
    execution_id = await person.execute(action)
    await person.reaches(execution_id, "running")
    ledger = stack.directory.artifacts / "again"
    await eventually(ledger.exists)

    stack.kill("worker")

    ended = await person.ends(execution_id, seconds=120)
    assert ended["status"] == "completed"
    assert ledger.read_text().split("\n")[:-1] == ["start 1", "start 2", "end 2"]


async def test_what_was_not_started_is_dispatched_again(
    stack: Stack, person: Person
) -> None:
    await stack.stop("worker")
    ids = [await person.execute("core.noop") for _ in range(5)]
    await asyncio.gather(*(person.reaches(each, "scheduled") for each in ids))

    await stack.start("worker")

    ends = await asyncio.gather(*(person.ends(each) for each in ids))
    assert {end["status"] for end in ends} == {"completed"}


async def _alerts(person: Person) -> list[dict[str, Any]]:
    """Return the details of the latest alerts."""
    listed = await person.get("/api/v1/events", trigger_ref="core.alert", per_page=100)
    events = [
        await person.get(f"/api/v1/events/{each['id']}") for each in listed["items"]
    ]
    return [event["data"]["payload"]["details"] for event in events]


async def _allow_rerun(stack: Stack, action: str) -> None:
    connection = await asyncpg.connect(driver_url(stack.database_url))
    await connection.execute(
        "UPDATE attune.action SET on_worker_loss = 'rerun' WHERE ref = $1", action
    )
    await connection.close()
