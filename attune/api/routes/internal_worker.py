"""Workers, as they speak for themselves; only worker tokens enter."""

from typing import Any

from attune.api.dependencies import WorkerCaller, Workers
from attune.api.parameters import Id
from attune.api.routing import Router
from attune.api.schemas.envelope import Data, data
from attune.api.schemas.worker import (
    Heartbeat,
    HeartbeatOrders,
    RegisteredWorker,
    WorkerRegistration,
)

router = Router(prefix="/internal/workers", tags=["internal"])


@router.post("/register", response_model=Data[RegisteredWorker])
async def register_worker(
    body: WorkerRegistration, caller: WorkerCaller, workers: Workers
) -> Any:
    """Make a worker known; a name that is known is the same worker again."""
    return data(await workers.register(caller, **dict(body)))


@router.post("/{worker_id}/heartbeat", response_model=Data[HeartbeatOrders])
async def beat_worker(
    worker_id: Id, body: Heartbeat, caller: WorkerCaller, workers: Workers
) -> Any:
    """Say that a worker lives; the answer says what it should stop."""
    return data(await workers.heartbeat(caller, worker_id, body.running))
