"""`kill -9` of a worker: nothing of its actions lives on, and every execution ends."""

import asyncio
import time
from typing import Any

import asyncpg
import psutil
import pytest

from attune.db.url import driver_url
from attune.stack.stack import Stack
from tests.support.api import Person
from tests.support.eventually import eventually

MARK = "876543"
PROCESS_SECONDS = 5
TERMINAL_SECONDS = 75

LONG = f"setsid sleep {MARK} & sleep {MARK}"


def survivors() -> list[psutil.Process]:
    return [
        process
        for process in psutil.process_iter(["cmdline"])
        if MARK in (process.info["cmdline"] or [])
    ]


@pytest.mark.timeout(240)
async def test_a_killed_worker_leaves_no_process_and_no_open_execution(
    stack: Stack, person: Person
) -> None:
    await person.make_pack("lost")
    long = await person.make_action("lost.long", LONG)
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
    await eventually(lambda: len(survivors()) >= 2 * len(ids))
    begun_at = time.monotonic()

    stack.kill("worker")

    await eventually(lambda: not survivors(), seconds=PROCESS_SECONDS)
    ends = await asyncio.gather(
        *(person.ends(each, seconds=TERMINAL_SECONDS) for each in ids)
    )
    assert time.monotonic() - begun_at < TERMINAL_SECONDS
    assert {end["status"] for end in ends} == {"abandoned"}
    assert ends[0]["result"]["abandoned_by"] == "execution_timeout_monitor"
    assert ends[0]["result"]["original_status"] == "running"
    alerts = await _alerts(person)
    assert sorted(each["payload"]["details"]["execution"] for each in alerts) == ids
    assert len(await person.executions_of("lost.on_alert")) == len(ids)


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
    listed = await person.get("/api/v1/events", trigger_ref="core.alert")
    return [
        (await person.get(f"/api/v1/events/{each['id']}"))["data"]
        for each in listed["items"]
    ]


async def _allow_rerun(stack: Stack, action: str) -> None:
    connection = await asyncpg.connect(driver_url(stack.database_url))
    await connection.execute(
        "UPDATE attune.action SET on_worker_loss = 'rerun' WHERE ref = $1", action
    )
    await connection.close()
