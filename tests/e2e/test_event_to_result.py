"""A webhook becomes an event, matches a rule, and ends as a stored result."""

import json
from typing import Any

from tests.e2e.conftest import Names
from tests.support.api import Person

GREET = 'echo "{\\"greeting\\": \\"Hello $name\\"}"; echo "a word aside" >&2'
SCHEMA = {"name": {"type": "string", "required": True}}


async def test_a_webhook_becomes_a_result(person: Person, names: Names) -> None:
    pack = names.pack()
    await person.make_pack(pack)
    greet = await person.make_action(f"{pack}.greet", GREET, param_schema=SCHEMA)
    hook = await person.make_hook(
        f"{pack}.arrived",
        greet,
        conditions={"expression": "{{ event.payload.visits > 2 }}"},
        action_params={"name": "{{ event.payload.who }}"},
    )

    too_few = await person.post(hook, {"payload": {"who": "Bo", "visits": 1}})
    enough = await person.post(hook, {"payload": {"who": "Ada", "visits": 3}})

    assert await _enforcements(person, too_few["event_id"]) == []
    [enforcement] = await _enforcements(person, enough["event_id"])
    assert enforcement["status"] == "processed"
    [execution] = await person.executions_of(f"{pack}.arrived_rule")
    ended = await person.ends(execution["id"])
    assert ended["status"] == "completed"
    assert ended["enforcement"] == enforcement["id"]
    assert ended["config"] == {"name": "Ada"}
    assert json.loads(ended["result"]["stdout"]) == {"greeting": "Hello Ada"}


async def test_output_and_status_stream_while_it_runs(
    person: Person, names: Names
) -> None:
    pack = names.pack()
    await person.make_pack(pack)
    slow = await person.make_action(
        f"{pack}.slow", "for i in 1 2 3; do echo step $i; sleep 0.5; done"
    )

    execution_id = await person.execute(slow)

    statuses = await _statuses(person, execution_id)
    assert statuses[-1] == "completed"
    assert "running" in statuses or len(statuses) == 1
    events = await _log_events(person, execution_id, offset=0)
    assert "".join(data for _, data in events) == "step 1\nstep 2\nstep 3\n"
    assert events[-1][0] == "done"
    rest = await _log_events(person, execution_id, offset=7)
    assert "".join(data for _, data in rest) == "step 2\nstep 3\n"


async def test_wrong_parameters_make_a_failed_execution(
    person: Person, names: Names
) -> None:
    pack = names.pack()
    await person.make_pack(pack)
    greet = await person.make_action(f"{pack}.greet", GREET, param_schema=SCHEMA)

    ended = await person.ends(await person.execute(greet))

    assert ended["status"] == "failed"
    assert "name" in ended["result"]["error"]


async def _enforcements(person: Person, event_id: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (
        await person.get("/api/v1/enforcements", event=event_id)
    )["items"]
    return found


async def _statuses(person: Person, execution_id: int) -> list[str]:
    path = f"/api/v1/executions/stream?execution_id={execution_id}"
    async with person.http.stream("GET", path) as response:
        return [
            json.loads(line.removeprefix("data: "))["status"]
            async for line in response.aiter_lines()
            if line.startswith("data: ")
        ]


async def _log_events(
    person: Person, execution_id: int, *, offset: int
) -> list[tuple[str, str]]:
    path = f"/api/v1/executions/{execution_id}/logs/stdout/stream?offset={offset}"
    events: list[tuple[str, str]] = []
    kind, data = "", list[str]()
    async with person.http.stream("GET", path) as response:
        async for line in response.aiter_lines():
            name, _, value = line.partition(": ")
            if name == "event":
                kind = value
            elif line.startswith("data:"):
                data.append(line.removeprefix("data:").removeprefix(" "))
            elif not line and kind:
                events.append((kind, "\n".join(data)))
                kind, data = "", []
    return events
