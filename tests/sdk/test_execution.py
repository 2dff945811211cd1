"""Executions, as the published client starts, watches, finds and cancels them."""

import json
from typing import Any

import pytest

from tests.sdk.sdk import Sdk, differences
from tests.support.api import TERMINAL
from tests.support.eventually import eventually

SCHEMA = {
    "name": {"type": "string", "required": True},
    "pin": {"type": "string", "secret": True},
}


@pytest.fixture
async def greet(sdk: Sdk, pack: str) -> str:
    """An action that greets somebody, and keeps a secret."""
    ref = f"{pack}.greet"
    body = {
        "ref": ref,
        "pack_ref": pack,
        "label": "Greet",
        "entrypoint": 'echo "Hello $name in $CITY"',
        "runtime_ref": "core.shell",
        "param_schema": SCHEMA,
    }
    await sdk.data("actions.create_action", body=body)
    return ref


async def test_an_execution_is_started_watched_and_read(sdk: Sdk, greet: str) -> None:
    sent = {
        "action_ref": greet,
        "parameters": {"name": "Ada", "pin": "4711"},
        "env_vars": {"CITY": "London"},
        "permission_set_refs": ["core.viewer"],
        "timeout_seconds": 30,
        "worker_selector": {},
        "worker_tolerations": [{"key": "gpu", "operator": "exists"}],
        "worker_affinity": {
            "preferred": [{"preference": {"match_labels": {"a": "b"}}}]
        },
        "artifact_retention_policy": "versions",
        "artifact_retention_limit": 7,
    }

    started = await sdk.flat("executions.create_execution", body=sent)
    updates = await sdk.text(
        "executions.stream_execution_updates", execution_id=started["id"]
    )
    ended = await sdk.data("executions.get_execution", id=started["id"])

    unchanged = {k: v for k, v in sent.items() if k not in {"parameters", "env_vars"}}
    masked = {"config": {"name": "Ada", "pin": "***"}}
    assert differences(started, {**unchanged, **masked, "result": {}}) == {}
    assert differences(ended, {**unchanged, **masked, "status": "completed"}) == {}
    assert ended["result"]["stdout"] == "Hello Ada in London\n"
    assert ended["result"]["exit_code"] == 0
    assert ended["started_at"]
    assert statuses(updates)[-1] == "completed"
    shown = await sdk.data(
        "executions.get_execution", id=started["id"], include_secret_values=True
    )
    assert shown["config"] == sent["parameters"]
    log = {"id": started["id"], "stream": "stdout"}
    assert "Hello Ada" in await sdk.text("executions.stream_execution_log", **log)
    rest = await sdk.text("executions.stream_execution_log", **log, offset=6)
    assert "data: Ada in London" in rest


async def test_executions_are_found_by_every_filter(
    sdk: Sdk, pack: str, greet: str
) -> None:
    me = await sdk.data("auth.get_current_user")
    ids = [await run(sdk, greet, name=name) for name in ("Ada", "Bo", "Cy")]
    everybody = {"action_ref": greet, "pack_name": pack, "executor": me["id"]}

    found = await sdk.parsed(
        "executions.list_executions",
        **everybody,
        status="completed",
        top_level_only=True,
        include_total=True,
        page=1,
        per_page=2,
    )

    assert [each["id"] for each in found["items"]] == [ids[2], ids[1]]
    pages = {"total_items": 3, "total_pages": 2, "has_next": True, "page_size": 2}
    assert differences(found["pagination"], pages) == {}
    one = {**everybody, "result_contains": "Hello Bo"}
    assert await ids_of(sdk, **one) == [ids[1]]
    assert await ids_of(sdk, **everybody, status="failed") == []
    assert await ids_of(sdk, parent=ids[0]) == []
    assert await ids_of(sdk, trace_tag="no such tag") == []
    completed = await sdk.items(
        "executions.list_executions_by_status", status="completed", page_size=100
    )
    assert set(ids) <= {each["id"] for each in completed}


async def test_executions_are_counted(sdk: Sdk, greet: str) -> None:
    before = await sdk.data("executions.get_execution_stats")

    await run(sdk, greet, name="Ada")

    after = await sdk.data("executions.get_execution_stats")
    assert after["completed"] == before["completed"] + 1
    assert after["total"] == before["total"] + 1
    assert set(after) == {
        *("total", "completed", "failed", "running"),
        *("pending", "cancelled", "timeout", "abandoned"),
    }


async def test_an_execution_is_cancelled(sdk: Sdk) -> None:
    body = {"action_ref": "core.sleep", "parameters": {"seconds": 60}, "env_vars": {}}
    started = await sdk.flat("executions.create_execution", body=body)

    cancelling = await sdk.data("executions.cancel_execution", id=started["id"])
    ended = await ends(sdk, started["id"])

    assert cancelling["status"] in {"canceling", "cancelled"}
    assert ended["status"] == "cancelled"
    await sdk.refused("executions.cancel_execution", 409, id=started["id"])


async def test_a_failure_is_told(sdk: Sdk, greet: str) -> None:
    ended = await ends(sdk, await start(sdk, greet))

    assert ended["status"] == "failed"
    assert "name" in ended["result"]["error"]


async def start(sdk: Sdk, action: str, **parameters: Any) -> int:
    """Start an action and return the id of the execution."""
    body = {"action_ref": action, "parameters": parameters, "env_vars": {}}
    started = await sdk.flat("executions.create_execution", body=body)
    execution_id: int = started["id"]
    return execution_id


async def run(sdk: Sdk, action: str, **parameters: Any) -> int:
    """Start an action, wait until it has completed, and return the id."""
    execution_id = await start(sdk, action, **parameters)
    assert (await ends(sdk, execution_id))["status"] == "completed"
    return execution_id


async def ends(sdk: Sdk, execution_id: int) -> dict[str, Any]:
    """Wait until the execution is over and return it."""
    found: dict[str, Any] = {}

    async def is_over() -> bool:
        found.update(await sdk.data("executions.get_execution", id=execution_id))
        return found["status"] in TERMINAL

    await eventually(is_over, seconds=30)
    return found


async def ids_of(sdk: Sdk, **query: Any) -> list[int]:
    """Return the ids of the executions that are listed."""
    items = await sdk.items("executions.list_executions", **query)
    return [each["id"] for each in items]


def statuses(stream: str) -> list[str]:
    """Return what a stream of updates says of the status, in order."""
    return [
        json.loads(line.removeprefix("data: "))["status"]
        for line in stream.splitlines()
        if line.startswith("data: ")
    ]
