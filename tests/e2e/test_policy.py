"""Policies on a whole stack: tasks of workflows among what waits and goes on."""

from pathlib import Path

from attune.stack.stack import Stack
from tests.e2e.conftest import Names
from tests.support.api import Person
from tests.support.eventually import eventually

CODE = """
note() {{ echo "$1" >> "$ATTUNE_ARTIFACTS_DIR/{ref}"; }}
note start
sleep 0.2
note end
"""


async def workflow_of_six(person: Person, pack: str) -> str:
    """Make a workflow that wants six executions of an action at once."""
    await person.make_pack(pack)
    work = await person.make_action(f"{pack}.work", CODE.format(ref=pack))
    inner = {
        "name": "all",
        "action": work,
        "with_items": "{{ [1, 2, 3] }}",
        "concurrency": 3,
    }
    for name, tasks in (
        ("three", [inner]),
        ("six", [{"name": n, "action": f"{pack}.three"} for n in ("a", "b")]),
    ):
        await person.post(
            "/api/v1/workflows",
            {
                "ref": f"{pack}.{name}",
                "pack_ref": pack,
                "label": name,
                "version": "1.0.0",
                "definition": {"tasks": tasks},
            },
        )
    return f"{pack}.six"


def most_at_once(ledger: Path) -> int:
    running = most = 0
    for word in ledger.read_text().split():
        running += 1 if word == "start" else -1
        most = max(most, running)
    return most


async def test_tasks_of_nested_workflows_keep_to_the_limits_of_their_pack(
    stack: Stack, person: Person, names: Names
) -> None:
    pack = names.pack()
    workflow = await workflow_of_six(person, pack)
    calm = {"ref": f"{pack}.calm", "pack": pack, "threshold": 2}
    await person.post("/api/v1/policies", calm)

    ended = await person.ends(await person.execute(workflow))

    assert ended["status"] == "completed", ended["result"]
    ledger = stack.directory.artifacts / pack
    assert ledger.read_text().split().count("end") == 6
    assert most_at_once(ledger) == 2


async def test_tasks_that_wait_say_so_and_go_on_when_the_policy_is_gone(
    person: Person, names: Names
) -> None:
    pack = names.pack()
    workflow = await workflow_of_six(person, pack)
    await person.post(
        "/api/v1/policies",
        {"ref": f"{pack}.off", "action": f"{pack}.work", "threshold": 0},
    )
    execution_id = await person.execute(workflow)

    async def all_wait() -> bool:
        queue = await person.get(f"/api/v1/actions/{pack}.work/queue-stats")
        return bool(queue["data"]["queue_length"] == 6)

    await eventually(all_wait)
    listed = await person.get("/api/v1/executions", action_ref=f"{pack}.work")
    last = await person.execution(max(each["id"] for each in listed["items"]))
    await person.http.delete(f"/api/v1/policies/{pack}.off")

    assert last["waiting_for"]["policy"] == f"{pack}.off"
    assert last["waiting_for"]["place"] == 6
    assert (await person.ends(execution_id))["status"] == "completed"
