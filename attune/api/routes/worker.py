"""Workers, as operators see them."""

from typing import Annotated, Any

from attune.api.access import requires
from attune.api.dependencies import Workers
from attune.api.parameters import Id, Paging, Search
from attune.api.routing import Router
from attune.api.schemas.page import Page, page
from attune.api.schemas.worker import (
    CordonWorkerRequest,
    WorkerSummary,
    worker_summary,
)
from attune.domain.permission import Action, Caller, Resource
from attune.domain.worker import WorkerHealth, WorkerRole, WorkerStatus

router = Router(prefix="/api/v1/workers", tags=["workers"])

Reader = Annotated[Caller, requires(Resource.WORKERS, Action.READ)]
Operator = Annotated[Caller, requires(Resource.WORKERS, Action.MANAGE)]


@router.get("", response_model=Page[WorkerSummary])
async def list_workers(
    caller: Reader,
    workers: Workers,
    paging: Paging,
    *,
    q: Search = None,
    role: WorkerRole | None = None,
    status: WorkerStatus | None = None,
    cordoned: bool | None = None,
    health_state: WorkerHealth | None = None,
) -> Any:
    """List workers by name."""
    found = await workers.page(
        caller,
        paging,
        q=q,
        role=role,
        status=status,
        cordoned=cordoned,
        health_state=health_state,
    )
    return page(found, worker_summary)


@router.get("/{worker_id}", response_model=WorkerSummary)
async def get_worker(worker_id: Id, caller: Reader, workers: Workers) -> Any:
    """Get one worker."""
    return worker_summary(await workers.get(caller, worker_id))


@router.post("/{worker_id}/cordon", response_model=WorkerSummary)
async def cordon_worker(
    worker_id: Id,
    caller: Operator,
    workers: Workers,
    body: CordonWorkerRequest | None = None,
) -> Any:
    """Give a worker no new work; what runs there goes on."""
    reason = body.reason if body else None
    return worker_summary(await workers.cordon(caller, worker_id, reason))


@router.post("/{worker_id}/uncordon", response_model=WorkerSummary)
async def uncordon_worker(worker_id: Id, caller: Operator, workers: Workers) -> Any:
    """Give a worker work again."""
    return worker_summary(await workers.uncordon(caller, worker_id))
