"""Workers, as the published client reads and cordons them."""

from tests.sdk.sdk import Sdk, differences


async def test_a_worker_is_read_and_found(sdk: Sdk) -> None:
    [listed] = await sdk.items("workers.list_workers", role="action", cordoned=False)

    worker = await sdk.parsed("workers.get_worker", id=listed["id"])

    expected = {"worker_role": "action", "cordoned": False, "heartbeat_stale": False}
    assert differences(worker, {**expected, "name": listed["name"]}) == {}
    assert any(each["name"] == "Shell" for each in worker["supported_runtimes"])
    assert worker["load"]["max_concurrent_executions"] > 0
    by = {"status": worker["status"], "health_state": worker["health_state"]}
    found = await sdk.items("workers.list_workers", q=worker["name"], **by)
    assert [each["id"] for each in found] == [worker["id"]]
    assert await sdk.items("workers.list_workers", role="sensor") == []


async def test_a_worker_is_cordoned_and_let_work_again(sdk: Sdk) -> None:
    [worker] = await sdk.items("workers.list_workers")

    cordoned = await sdk.parsed(
        "workers.cordon_worker", id=worker["id"], body={"reason": "new disk"}
    )
    uncordoned = await sdk.parsed("workers.uncordon_worker", id=worker["id"])

    expected = {
        "cordoned": True,
        "cordon_reason": "new disk",
        "health_state": "cordoned",
    }
    assert differences(cordoned, expected) == {}
    assert cordoned["cordoned_at"]
    assert cordoned["cordoned_by"]
    assert uncordoned["cordoned"] is False
    assert uncordoned["health_state"] in {"active", "busy"}
