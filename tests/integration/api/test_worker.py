"""Workers: registering, beating, being listed, getting no more work."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from attune.clock import utc_now
from attune.db.database import Database
from attune.db.models import Execution, Worker
from attune.domain.execution import ExecutionStatus
from attune.domain.permission import TokenType
from tests.integration.api.people import Api, grant
from tests.support.sensing import make_sensing

CAPABILITIES = {
    "runtimes": [{"name": "core.shell", "versions": ["5.2"]}],
    "max_concurrent_executions": 4,
}


async def register(api: Api, name: str = "w1", **body: Any) -> httpx.Response:
    return await api.client.post(
        "/internal/workers/register",
        json={"name": name, "capabilities": CAPABILITIES, **body},
        headers=api.worker(),
    )


async def registered(api: Api, name: str = "w1") -> int:
    return int((await register(api, name)).json()["data"]["id"])


async def beat(
    api: Api, worker_id: int, *running: int, headers: dict[str, str] | None = None
) -> httpx.Response:
    return await api.client.post(
        f"/internal/workers/{worker_id}/heartbeat",
        json={"running": list(running)},
        headers=headers or api.worker(),
    )


async def shown(api: Api, worker_id: int) -> dict[str, Any]:
    ann = await api.administrator()
    response = await api.client.get(f"/api/v1/workers/{worker_id}", headers=ann.headers)
    assert response.status_code == 200
    return dict(response.json())


async def change(api: Api, worker_id: int, **values: Any) -> None:
    async with api.database.transaction() as tx:
        worker: Worker = await tx.workers.lock(worker_id)
        for name, value in values.items():
            setattr(worker, name, value)


async def add_execution(api: Api, worker_id: int, status: ExecutionStatus) -> int:
    execution = Execution(action_ref="ops.deploy", status=status, worker_id=worker_id)
    async with api.database.transaction() as tx:
        await tx.executions.add(execution)
    return execution.id


async def test_a_worker_that_registers_is_shown(api: Api) -> None:
    worker_id = await registered(api)

    worker = await shown(api, worker_id)

    assert worker["name"] == "w1"
    assert worker["status"] == worker["health_state"] == "active"
    assert worker["worker_role"] == "action"
    assert worker["heartbeat_stale"] is False
    assert worker["supported_runtimes"] == CAPABILITIES["runtimes"]
    assert worker["load"]["max_concurrent_executions"] == 4
    assert worker["load"]["total_active"] == 0


async def test_a_name_that_comes_back_is_the_same_worker(api: Api) -> None:
    first = await registered(api)
    await change(api, first, cordoned=True)

    again = await register(api, host="elsewhere")

    assert again.json()["data"] == {"id": first, "name": "w1", "cordoned": True}
    assert (await shown(api, first))["host"] == "elsewhere"


async def test_a_token_with_a_name_speaks_for_that_worker_only(api: Api) -> None:
    worker_id = await registered(api)
    stranger = api.worker("w2")

    refused = await beat(api, worker_id, headers=stranger)

    assert refused.status_code == 403
    assert (await beat(api, worker_id, headers=api.worker("w1"))).status_code == 200


@pytest.mark.parametrize(
    "body",
    [{}, {"name": ""}, {"name": "x" * 256}, {"port": 0}, {"worker_role": "boss"}],
    ids=lambda body: str(body)[:30],
)
async def test_what_cannot_be_registered(api: Api, body: dict[str, Any]) -> None:
    refused = await api.client.post(
        "/internal/workers/register", json=body, headers=api.worker()
    )

    assert refused.status_code == 422


async def test_a_heartbeat_says_what_to_stop(api: Api) -> None:
    worker_id, other_id = await registered(api), await registered(api, "w2")
    runs = await add_execution(api, worker_id, ExecutionStatus.RUNNING)
    ending = await add_execution(api, worker_id, ExecutionStatus.CANCELING)
    over = await add_execution(api, worker_id, ExecutionStatus.TIMEOUT)
    taken = await add_execution(api, other_id, ExecutionStatus.RUNNING)
    gone = taken + 1000

    orders = (await beat(api, worker_id, runs, ending, over, taken, gone)).json()

    assert orders["data"]["cancel"] == [ending, over, taken, gone]
    assert orders["data"]["cordoned"] is False


async def test_a_heartbeat_of_an_unknown_worker_is_not_found(api: Api) -> None:
    assert (await beat(api, 4711)).status_code == 404


async def test_a_token_that_nears_its_end_is_renewed(api: Api) -> None:
    worker_id = await registered(api)
    token = api.tokens.sign(
        TokenType.WORKER,
        identity_id=None,
        login="worker",
        lifetime=timedelta(hours=23),
    )
    fresh = {"Authorization": f"Bearer {token}"}

    renewed = (await beat(api, worker_id)).json()["data"]["token"]
    kept = (await beat(api, worker_id, headers=fresh)).json()["data"]["token"]

    assert kept is None
    assert api.tokens.verify(renewed).metadata == {"worker_name": "w1"}
    again = await beat(api, worker_id, headers={"Authorization": f"Bearer {renewed}"})
    assert again.status_code == 200


@pytest.mark.parametrize(
    ("changes", "health"),
    [
        ({}, "active"),
        ({"cordoned": True, "status": "error"}, "cordoned"),
        ({"status": "error"}, "error"),
        ({"status": "inactive"}, "offline"),
        ({"last_heartbeat": utc_now() - timedelta(hours=1)}, "offline"),
        ({"status": "busy"}, "busy"),
        ({"status": None}, "inactive"),
    ],
    ids=lambda value: str(value)[:24],
)
async def test_health_is_concluded_in_the_order_of_the_contract(
    api: Api, changes: dict[str, Any], health: str
) -> None:
    worker_id = await registered(api)
    await change(api, worker_id, **changes)

    assert (await shown(api, worker_id))["health_state"] == health


async def test_the_load_counts_what_is_live(api: Api) -> None:
    worker_id = await registered(api)
    for status in (
        ExecutionStatus.RUNNING,
        ExecutionStatus.RUNNING,
        ExecutionStatus.CANCELING,
        ExecutionStatus.COMPLETED,
    ):
        await add_execution(api, worker_id, status)

    worker = await shown(api, worker_id)

    assert worker["health_state"] == "busy"
    assert worker["load"]["running"] == 2
    assert worker["load"]["canceling"] == 1
    assert worker["load"]["total_active"] == 3
    assert worker["load"]["utilization_percent"] == 75


async def test_the_load_counts_sensors(api: Api, database: Database) -> None:
    sensing = await make_sensing(database)
    await sensing.running()
    await beat(api, sensing.worker.id)

    worker = await shown(api, sensing.worker.id)

    assert worker["health_state"] == "busy"
    assert worker["load"]["sensor_processes_running"] == 1


async def listed(api: Api, headers: dict[str, str], query: str = "") -> list[str]:
    response = await api.client.get(f"/api/v1/workers?{query}", headers=headers)
    assert response.status_code == 200
    return [worker["name"] for worker in response.json()["items"]]


async def test_workers_are_listed_by_name_and_filtered(api: Api) -> None:
    ann = await api.administrator()
    ids = [await registered(api, name) for name in ("beta", "alpha", "gamma")]
    await change(api, ids[0], cordoned=True)

    assert await listed(api, ann.headers) == ["alpha", "beta", "gamma"]
    assert await listed(api, ann.headers, "q=AM") == ["gamma"]
    assert await listed(api, ann.headers, "q=%25") == []
    assert await listed(api, ann.headers, "cordoned=true") == ["beta"]
    assert await listed(api, ann.headers, "health_state=active") == ["alpha", "gamma"]
    assert await listed(api, ann.headers, "role=sensor") == []
    assert await listed(api, ann.headers, "page=2&page_size=2") == ["gamma"]


async def test_a_grant_for_one_worker_shows_that_one(api: Api) -> None:
    alpha, beta = await registered(api, "alpha"), await registered(api, "beta")
    ann = await api.person([grant("workers", "read", ids=[beta])])

    assert await listed(api, ann.headers) == ["beta"]
    hidden = await api.client.get(f"/api/v1/workers/{alpha}", headers=ann.headers)
    assert hidden.status_code == 404


async def test_a_cordoned_worker_says_by_whom_and_why(api: Api) -> None:
    worker_id = await registered(api)
    ann = await api.administrator()
    path = f"/api/v1/workers/{worker_id}"

    cordoned = await api.client.post(
        f"{path}/cordon", json={"reason": "disk"}, headers=ann.headers
    )
    told = (await beat(api, worker_id)).json()["data"]["cordoned"]
    again = await api.client.post(f"{path}/cordon", headers=ann.headers)
    free = await api.client.post(f"{path}/uncordon", headers=ann.headers)

    assert cordoned.json()["cordon_reason"] == "disk"
    assert cordoned.json()["cordoned_by"] == ann.id
    assert told is True
    assert again.json()["cordoned_at"] == cordoned.json()["cordoned_at"]
    assert free.json()["cordoned"] is False
    assert free.json()["cordoned_at"] is None


async def test_reading_workers_is_not_managing_them(api: Api) -> None:
    worker_id = await registered(api)
    ann = await api.person([grant("workers", "read")])

    refused = await api.client.post(
        f"/api/v1/workers/{worker_id}/cordon", headers=ann.headers
    )

    assert refused.status_code == 403
