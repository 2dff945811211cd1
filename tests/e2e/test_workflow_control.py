"""Workflows under way: held, cancelled, run again, and asked why they wait."""

import asyncio
from typing import Any

import pytest

from tests.e2e.conftest import Names
from tests.support.api import Person
from tests.support.constructs import (
    children_of,
    make_actions,
    make_workflow,
    runs_of,
    task,
)
from tests.support.eventually import eventually


@pytest.fixture
async def pack(person: Person, names: Names) -> str:
    """A new pack with the actions of the constructs."""
    ref = names.pack()
    await make_actions(person, ref)
    return ref


async def _has_runs(person: Person, execution_id: int, **counts: int) -> None:
    async def has() -> bool:
        found = await runs_of(person, execution_id)
        return all(found.get(name, 0) >= count for name, count in counts.items())

    await eventually(has, seconds=20)


async def test_a_paused_workflow_starts_nothing_until_it_is_resumed(
    person: Person, pack: str
) -> None:
    await make_workflow(
        person,
        f"{pack}.flow",
        [task("first", "nap", input={"seconds": 1}, do=["second"]), task("second")],
    )
    execution_id = await person.execute(f"{pack}.flow")
    await _has_runs(person, execution_id, first=1)

    path = f"/api/v1/executions/{execution_id}"
    await person.post(f"{path}/pause")
    await person.post(f"{path}/pause")

    [first] = await children_of(person, execution_id)
    await person.ends(first["id"])
    await asyncio.sleep(1)
    held = await person.execution(execution_id)
    assert held["status"] == "running"
    assert held["waiting_for"]["kind"] == "paused"
    assert held["waiting_for"]["by"] == "admin"
    assert await runs_of(person, execution_id) == {"first": 1}
    await person.post(f"{path}/resume")
    ended = await person.ends(execution_id)
    assert ended["status"] == "completed"
    assert await runs_of(person, execution_id) == {"first": 1, "second": 1}


async def test_a_cancel_lets_what_runs_finish_by_default(
    person: Person, pack: str
) -> None:
    execution_id = await _cancelled(person, pack, "finish")

    ended = await person.ends(execution_id)
    assert ended["status"] == "cancelled"
    children = await children_of(person, execution_id)
    assert [each["status"] for each in children] == ["completed"]


async def test_a_cancel_ends_what_runs_if_the_workflow_says_so(
    person: Person, pack: str
) -> None:
    execution_id = await _cancelled(
        person, pack, "cut", seconds=600, cancellation_policy="cancel_running"
    )

    ended = await person.ends(execution_id, seconds=15)
    assert ended["status"] == "cancelled"
    children = await children_of(person, execution_id)
    assert [each["status"] for each in children] == ["cancelled"]


async def _cancelled(
    person: Person, pack: str, name: str, *, seconds: int = 2, **more: Any
) -> int:
    """Start a workflow, cancel it while its first task runs, return its number."""
    await make_workflow(
        person,
        f"{pack}.{name}",
        [task("slow", "nap", input={"seconds": seconds}, do=["after"]), task("after")],
        **more,
    )
    execution_id = await person.execute(f"{pack}.{name}")
    await _has_runs(person, execution_id, slow=1)
    [child] = await children_of(person, execution_id)
    await person.reaches(child["id"], "running")
    await person.post(f"/api/v1/executions/{execution_id}/cancel")
    return execution_id


async def test_a_cancel_reaches_nested_workflows_delays_and_questions(
    person: Person, pack: str
) -> None:
    await make_workflow(
        person,
        f"{pack}.inner",
        [task("ask", "core.ask", input={"prompt": "Well?"}), task("late", delay=600)],
    )
    await make_workflow(person, f"{pack}.outer", [task("nested", "inner")])
    execution_id = await person.execute(f"{pack}.outer")
    await _has_runs(person, execution_id, nested=1)
    [nested] = await children_of(person, execution_id)
    await _has_runs(person, nested["id"], ask=1)

    await person.post(f"/api/v1/executions/{execution_id}/cancel")

    assert (await person.ends(execution_id, seconds=15))["status"] == "cancelled"
    assert (await person.ends(nested["id"]))["status"] == "cancelled"
    [ask] = await children_of(person, nested["id"])
    assert (await person.execution(ask["id"]))["status"] == "cancelled"


async def test_a_failed_workflow_goes_on_from_the_failed_task(
    person: Person, pack: str
) -> None:
    await make_workflow(
        person,
        f"{pack}.flow",
        [
            task("build", input={"value": 5}, do=["ship"]),
            task(
                "ship",
                "flaky",
                input={"key": f"{pack}-ship", "until": 2},
                next=[{"when": "{{ succeeded() }}", "do": ["tell"]}],
            ),
            task("tell", input={"value": "{{ task.build.result.value }}"}),
        ],
        output_map={"value": "{{ task.tell.result.value }}"},
    )
    first = await person.execute(f"{pack}.flow")
    assert (await person.ends(first))["status"] == "failed"

    path = f"/api/v1/executions/{first}/rerun"
    again = await person.post(path, {"from_failed": True})

    ended = await person.ends(again["id"])
    assert ended["status"] == "completed"
    assert ended["result"] == {"succeeded": True, "value": 5}
    assert ended["original_execution"] == first
    assert await runs_of(person, again["id"]) == {"ship": 1, "tell": 1}
    from_tell = await person.post(
        f"/api/v1/executions/{again['id']}/rerun", {"from_task": "tell"}
    )
    assert (await person.ends(from_tell["id"]))["status"] == "completed"
    assert await runs_of(person, from_tell["id"]) == {"tell": 1}


async def test_an_execution_runs_again_with_other_parameters(
    person: Person, pack: str
) -> None:
    first = await person.execute(f"{pack}.tell", value=1)
    await person.ends(first)

    path = f"/api/v1/executions/{first}/rerun"
    same = await person.post(path, {})
    changed = await person.post(path, {"parameters": {"value": 2}})

    assert (await person.ends(same["id"]))["result"]["data"]["value"] == 1
    assert (await person.ends(changed["id"]))["result"]["data"]["value"] == 2


async def test_what_waits_says_why(person: Person, pack: str) -> None:
    await person.post(
        "/api/v1/runtimes",
        {
            "ref": f"{pack}.nowhere",
            "name": "Nowhere",
            "pack_ref": pack,
            "execution_config": {"interpreter": {"binary": "/nowhere/there"}},
            "distributions": {
                "verification": {"commands": [{"binary": "/nowhere/there"}]}
            },
        },
    )
    action = await person.make_action(
        f"{pack}.stuck", "true", runtime=f"{pack}.nowhere"
    )
    stuck = await person.execute(action)
    await make_workflow(person, f"{pack}.late", [task("later", delay=600)])
    late = await person.execute(f"{pack}.late")

    async def says(execution_id: int, kind: str) -> bool:
        shown = await person.execution(execution_id)
        return bool(shown.get("waiting_for", {}).get("kind") == kind)

    await eventually(lambda: says(stuck, "worker"), seconds=20)
    await eventually(lambda: says(late, "delay"), seconds=20)
    waiting = (await person.execution(stuck))["waiting_for"]
    assert waiting["runtime"] == f"{pack}.nowhere"
    assert waiting["since"]
    waiting = (await person.execution(late))["waiting_for"]
    assert waiting["task"] == "later"
    for execution_id in (stuck, late):
        await person.post(f"/api/v1/executions/{execution_id}/cancel")
        assert (await person.ends(execution_id))["status"] == "cancelled"
