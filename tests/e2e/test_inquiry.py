"""Questions to people, from programs and workflows, on all processes."""

import time
from typing import Any

import pytest

from tests.e2e.conftest import Names
from tests.support.api import Person
from tests.support.documents import ROOT, blocks
from tests.support.eventually import eventually

[PROGRAM] = [
    block.text
    for block in blocks(ROOT / "docs" / "inquiries.md")
    if block.language == "bash"
]
"""How the reference has a program ask."""


@pytest.fixture
async def asking(person: Person, names: Names) -> str:
    """An action whose program asks and ends."""
    pack = names.pack()
    await person.make_pack(pack)
    return await person.make_action(
        f"{pack}.ask",
        PROGRAM,
        default_execution_permission_set_refs=["standard"],
    )


async def test_a_program_asks_and_its_end_waits_for_the_answer(
    person: Person, asking: str
) -> None:
    execution_id = await person.execute(asking)
    inquiry = await inquiry_of(person, execution_id)
    held = await has_ended_its_program(person, execution_id)

    await respond(person, inquiry["id"], sure=True)

    assert held["status"] == "running"
    assert held["waiting_for"]["inquiry"] == inquiry["id"]
    assert inquiry["prompt"] == "Delete 3 hosts?"
    ended = await person.ends(execution_id, seconds=5)
    assert ended["status"] == "completed"
    assert ended["result"]["response"] == {"sure": True}
    assert ended["result"]["exit_code"] == 0


async def test_a_held_end_is_cancelled_with_its_inquiry(
    person: Person, asking: str
) -> None:
    execution_id = await person.execute(asking)
    inquiry = await inquiry_of(person, execution_id)
    await has_ended_its_program(person, execution_id)

    cancelled = await person.post(f"/api/v1/executions/{execution_id}/cancel")

    assert cancelled["data"]["status"] == "cancelled"
    found = await person.get(f"/api/v1/inquiries/{inquiry['id']}")
    assert found["data"]["status"] == "cancelled"


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"approved": True}, "deployed"),
        ({"approved": False}, "denied"),
        (None, "nobody was there"),
    ],
)
async def test_a_workflow_goes_on_as_was_answered(
    person: Person, names: Names, answer: dict[str, Any] | None, said: str
) -> None:
    execution_id = await person.execute(await approval(person, names.pack()))
    asked = time.monotonic()
    task = await task_of(person, execution_id)
    inquiry = await inquiry_of(person, task["id"])
    waiting = (await person.execution(execution_id))["waiting_for"]
    assert waiting["inquiry"] == inquiry["id"]

    if answer is not None:
        await respond(person, inquiry["id"], **answer)

    ended = await person.ends(execution_id, seconds=30)
    assert ended["status"] == "completed"
    assert ended["result"]["said"] == said
    if answer is None:
        assert 3 <= time.monotonic() - asked < 30
        task = await person.execution(task["id"])
        assert (task["status"], task["workflow_task"]["timed_out"]) == ("timeout", True)
        assert task["result"]["error"] == "inquiry timed out"


async def test_a_question_that_cannot_be_put_says_why(person: Person) -> None:
    execution_id = await person.execute(
        "core.ask",
        prompt="Who?",
        assigned_to="nobody-of-this-name",
        response_schema={"pin": {"type": "string", "secret": True}},
    )

    ended = await person.ends(execution_id)

    assert ended["status"] == "failed"
    assert "nobody-of-this-name" in ended["result"]["error"]
    assert "pin" in ended["result"]["error"]


async def approval(person: Person, pack: str) -> str:
    """Make a workflow that waits three seconds for an approval."""
    await person.make_pack(pack)
    ends = {"yes": "deployed", "no": "denied", "late": "nobody was there"}
    when = {
        "yes": "{{ succeeded() and result().response.approved }}",
        "no": "{{ succeeded() and not result().response.approved }}",
        "late": "{{ timed_out() }}",
    }
    ask = {
        "name": "approve",
        "action": "core.ask",
        "timeout": 3,
        "input": {
            "prompt": "Deploy?",
            "response_schema": {"approved": {"type": "boolean", "required": True}},
        },
        "next": [
            {"when": when[name], "publish": [{"said": text}], "do": [name]}
            for name, text in ends.items()
        ],
    }
    tasks = [ask, *({"name": name, "action": "core.noop"} for name in ends)]
    body = {
        "ref": f"{pack}.approval",
        "label": "Approval",
        "pack_ref": pack,
        "version": "1.0.0",
        "definition": {"tasks": tasks, "output_map": {"said": "{{ said }}"}},
    }
    await person.post("/api/v1/workflows", body)
    return f"{pack}.approval"


async def task_of(person: Person, execution_id: int) -> dict[str, Any]:
    """Wait for the first task of a workflow and return its execution."""
    found: list[dict[str, Any]] = []

    async def has_begun() -> bool:
        answer = await person.get("/api/v1/executions", parent=execution_id)
        found[:] = answer["items"]
        return bool(found)

    await eventually(has_begun)
    return found[0]


async def inquiry_of(person: Person, execution_id: int) -> dict[str, Any]:
    """Wait until an execution has asked and return its inquiry."""
    found: list[dict[str, Any]] = []

    async def has_asked() -> bool:
        answer = await person.get(f"/api/v1/executions/{execution_id}/inquiries")
        found[:] = answer["items"]
        return bool(found)

    await eventually(has_asked)
    return found[0]


async def has_ended_its_program(person: Person, execution_id: int) -> dict[str, Any]:
    """Wait until the result of the program is on record, and return the execution."""
    last: dict[str, Any] = {}

    async def has_a_result() -> bool:
        last.update(await person.execution(execution_id))
        return "exit_code" in last["result"]

    await eventually(has_a_result)
    return last


async def respond(person: Person, inquiry_id: int, **response: Any) -> None:
    path = f"/api/v1/inquiries/{inquiry_id}/respond"
    await person.post(path, {"response": response})
