"""A long sequence of short tasks, with a part killed while one activity runs many."""

from collections.abc import Sequence
from itertools import groupby

import asyncpg
import pytest

from attune.db.url import driver_url
from attune.stack.stack import Stack
from tests.support.api import Person
from tests.support.constructs import children_of, make_workflow, task
from tests.support.eventually import eventually

NAMES = [f"t{number}" for number in range(30)]
SOME = 8
"""So many tasks have begun when the part is killed."""

CODE = 'echo "$name" >> "$ATTUNE_ARTIFACTS_DIR/$key"; sleep 0.1'
SCHEMA = {"name": {"type": "string"}, "key": {"type": "string"}}


@pytest.mark.timeout(180)
async def test_a_killed_worker_costs_the_task_under_way_and_no_other(
    stack: Stack, person: Person
) -> None:
    await person.make_pack("kept")
    lost = await _chain(person, "kept.lost", on_worker_loss="abandon")
    rerun = await _chain(person, "kept.rerun", on_worker_loss="rerun")
    await _begun(stack, "kept.lost", "kept.rerun")

    stack.kill("worker")

    await _is_abandoned(stack, person, lost)
    await _is_rerun(stack, person, rerun)


@pytest.mark.timeout(180)
@pytest.mark.parametrize("part", ["orchestrator", "temporal", "api"])
async def test_no_task_minds_a_kill_of(stack: Stack, person: Person, part: str) -> None:
    pack = f"kill_{part}"
    await person.make_pack(pack)
    execution_id = await _chain(person, f"{pack}.chain", on_worker_loss="abandon")
    await _begun(stack, f"{pack}.chain")

    stack.kill(part)

    ended = await person.patiently_ends(execution_id)
    await stack.wait_ready(part)
    assert ended["status"] == "completed", ended
    assert _ledger(stack, f"{pack}.chain") == NAMES
    assert await _count_that_followed(stack, execution_id) >= SOME // 2


async def _is_abandoned(stack: Stack, person: Person, execution_id: int) -> None:
    ended = await person.ends(execution_id)
    assert ended["status"] == "failed", ended
    children = await children_of(person, execution_id)
    *before, last = [child["status"] for child in children]
    assert (set(before), last) == ({"completed"}, "abandoned")
    ran = _ledger(stack, "kept.lost")
    # The last one may have been lost before it wrote its line.
    assert ran == NAMES[: len(ran)]
    assert len(ran) in {len(children), len(children) - 1}
    assert await _count_that_followed(stack, execution_id) >= SOME // 2


async def _is_rerun(stack: Stack, person: Person, execution_id: int) -> None:
    ended = await person.ends(execution_id)
    assert ended["status"] == "completed", ended
    ran = _ledger(stack, "kept.rerun")
    assert [name for name, _ in groupby(ran)] == NAMES
    assert len(ran) <= len(NAMES) + 1
    children = await children_of(person, execution_id)
    assert [child["status"] for child in children] == ["completed"] * len(NAMES)


async def _chain(person: Person, ref: str, *, on_worker_loss: str) -> int:
    """Begin a workflow each of whose tasks writes its name into the file of `ref`."""
    action = await person.make_action(
        f"{ref}_task", CODE, param_schema=SCHEMA, on_worker_loss=on_worker_loss
    )
    tasks = [
        task(name, action, input={"name": name, "key": ref}, next=_leads_to(following))
        for name, following in zip(NAMES, [*NAMES[1:], None], strict=True)
    ]
    return await person.execute(await make_workflow(person, ref, tasks))


def _leads_to(following: str | None) -> list[dict[str, object]]:
    if following is None:
        return []
    return [{"when": "{{ succeeded() }}", "do": [following]}]


async def _begun(stack: Stack, *refs: str) -> None:
    async def has_begun() -> bool:
        return all(len(_ledger(stack, ref)) >= SOME for ref in refs)

    await eventually(has_begun, seconds=30)


def _ledger(stack: Stack, ref: str) -> Sequence[str]:
    file = stack.directory.artifacts / ref
    return file.read_text().splitlines() if file.exists() else []


async def _count_that_followed(stack: Stack, execution_id: int) -> int:
    """Return how many tasks ran in the activity of another one."""
    connection = await asyncpg.connect(driver_url(stack.database_url))
    count = await connection.fetchval(
        """
        SELECT count(*) FROM attune.execution
        WHERE parent = $1 AND activity_of <> id
        """,
        execution_id,
    )
    await connection.close()
    return int(count)
