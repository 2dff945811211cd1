"""Workers as clients read them, and as they speak of themselves."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from attune.api.parameters import MAX_ID
from attune.api.schemas.envelope import Body, Read
from attune.domain.execution import ExecutionStatus
from attune.domain.worker import WorkerHealth, WorkerRole, WorkerStatus, WorkerType
from attune.services.worker import WorkerView

RunningId = Annotated[int, Field(ge=1, le=MAX_ID, strict=True)]


class CordonWorkerRequest(Body):
    """Why a worker should get no new work."""

    reason: Annotated[str, Field(max_length=1024)] | None = None


class WorkerRegistration(Body):
    """What a worker says of itself."""

    name: Annotated[str, Field(min_length=1, max_length=255)]
    worker_type: WorkerType = WorkerType.LOCAL
    worker_role: WorkerRole = WorkerRole.ACTION
    host: Annotated[str, Field(max_length=255)] | None = None
    port: Annotated[int, Field(ge=1, le=65535, strict=True)] | None = None
    capabilities: dict[str, Any] = {}


class Heartbeat(Body):
    """What a worker does just now."""

    running: Annotated[list[RunningId], Field(max_length=10_000)] = []
    """The executions whose processes run there."""


class RegisteredWorker(Read):
    """The worker's row, as far as the worker needs it."""

    id: int
    name: str
    cordoned: bool


class HeartbeatOrders(Read):
    """What the worker should do."""

    cancel: list[int]
    """Executions to stop: cancelled, over, or taken by another worker."""
    cordoned: bool
    token: str | None
    """A new token, when the worker's own nears its end."""


class WorkerRuntimeSupport(Read):
    """A runtime that a worker can serve."""

    name: str
    versions: list[str]


class WorkerLoadSnapshot(Read):
    """What a worker has to do."""

    requested: int
    scheduling: int
    scheduled: int
    running: int
    canceling: int
    total_active: int
    queue_depth: int | None
    max_concurrent_executions: int | None
    utilization_percent: int | None
    sensor_processes_running: int | None = None
    sensor_processes_monitored: int | None = None
    active_rules: int | None = None
    max_concurrent_sensors: int | None = None


class WorkerSummary(Read):
    """A worker, how it is and what it does."""

    id: int
    name: str
    worker_type: WorkerType
    worker_role: WorkerRole
    status: WorkerStatus | None
    health_state: WorkerHealth
    host: str | None
    port: int | None
    cordoned: bool
    cordon_reason: str | None
    cordoned_at: datetime | None
    cordoned_by: int | None
    last_heartbeat: datetime | None
    heartbeat_stale: bool
    heartbeat_age_seconds: int | None
    load: WorkerLoadSnapshot
    supported_runtimes: list[WorkerRuntimeSupport]
    created: datetime
    updated: datetime


def worker_summary(view: WorkerView) -> WorkerSummary:
    """Compose what clients read of a worker."""
    worker = view.worker
    return WorkerSummary(
        id=worker.id,
        name=worker.name,
        worker_type=worker.worker_type,
        worker_role=worker.worker_role,
        status=worker.status,
        health_state=view.health_state,
        host=worker.host,
        port=worker.port,
        cordoned=worker.cordoned,
        cordon_reason=worker.cordon_reason,
        cordoned_at=worker.cordoned_at,
        cordoned_by=worker.cordoned_by_id,
        last_heartbeat=worker.last_heartbeat,
        heartbeat_stale=view.heartbeat_stale,
        heartbeat_age_seconds=view.heartbeat_age_seconds,
        load=_load(view, worker.capabilities),
        supported_runtimes=_runtimes(worker.capabilities),
        created=worker.created,
        updated=worker.updated,
    )


def _load(view: WorkerView, capabilities: Mapping[str, Any]) -> WorkerLoadSnapshot:
    executions = view.executions
    most = _limit(capabilities, "max_concurrent_executions")
    total = sum(executions.values())
    counts = {
        status.value: executions.get(status, 0)
        for status in (
            ExecutionStatus.REQUESTED,
            ExecutionStatus.SCHEDULING,
            ExecutionStatus.SCHEDULED,
            ExecutionStatus.RUNNING,
            ExecutionStatus.CANCELING,
        )
    }
    return WorkerLoadSnapshot(
        **counts,
        total_active=total,
        queue_depth=counts["requested"] + counts["scheduling"] + counts["scheduled"],
        max_concurrent_executions=most,
        utilization_percent=None if most is None else round(100 * total / most),
        sensor_processes_running=view.sensor_count,
        sensor_processes_monitored=view.sensor_count,
        max_concurrent_sensors=_limit(capabilities, "max_concurrent_sensors"),
    )


def _limit(capabilities: Mapping[str, Any], name: str) -> int | None:
    """Read a limit; a worker that writes nonsense has none."""
    limit = capabilities.get(name)
    return limit if isinstance(limit, int) and limit > 0 else None


def _runtimes(capabilities: Mapping[str, Any]) -> list[WorkerRuntimeSupport]:
    """Read what the worker wrote; a worker that writes nonsense supports nothing."""
    written = capabilities.get("runtimes")
    if not isinstance(written, list):
        return []
    return [_runtime(entry) for entry in written if _runtime_name(entry)]


def _runtime(entry: Any) -> WorkerRuntimeSupport:
    versions = entry.get("versions") if isinstance(entry, dict) else None
    known = versions if isinstance(versions, list) else []
    return WorkerRuntimeSupport(
        name=_runtime_name(entry), versions=[str(version) for version in known]
    )


def _runtime_name(entry: Any) -> str:
    return str(entry.get("name") or "") if isinstance(entry, dict) else str(entry)
