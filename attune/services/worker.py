"""Workers: who is there, how they are, and what they are told."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from attune.clock import utc_now
from attune.db.database import Database, Transaction
from attune.db.models.worker import Worker
from attune.db.repositories.worker_presence import Registration, WorkerSearch
from attune.domain.errors import NotFound, PermissionDenied
from attune.domain.execution import ExecutionStatus
from attune.domain.page import PageRequest, PageResult
from attune.domain.permission import Action, Caller, Resource, Target, TokenType
from attune.domain.worker import (
    STALE_AFTER,
    WorkerHealth,
    WorkerRole,
    WorkerStatus,
    WorkerType,
    worker_health,
)
from attune.security.tokens import Tokens

RENEW_WITHIN: Final = timedelta(hours=12)
"""A worker whose token ends sooner than this gets a new one with its heartbeat."""


@dataclass(frozen=True, kw_only=True)
class WorkerView:
    """A worker with what the platform concludes about it."""

    worker: Worker
    health_state: WorkerHealth
    heartbeat_age_seconds: int | None
    heartbeat_stale: bool
    executions: Mapping[ExecutionStatus, int]
    """How many live executions it has, by status."""
    sensor_count: int
    """How many processes of sensors it has."""


@dataclass(frozen=True, kw_only=True)
class Orders:
    """What a heartbeat is answered with."""

    cancel: Sequence[int]
    cordoned: bool
    token: str | None


class WorkerService:
    """Keeps the list of workers, and tells each what to stop."""

    def __init__(
        self, database: Database, tokens: Tokens, token_lifetime: timedelta
    ) -> None:
        self._database = database
        self._tokens = tokens
        self._token_lifetime = token_lifetime

    async def page(
        self,
        caller: Caller,
        request: PageRequest,
        *,
        q: str | None = None,
        role: WorkerRole | None = None,
        status: WorkerStatus | None = None,
        cordoned: bool | None = None,
        health_state: WorkerHealth | None = None,
    ) -> PageResult[WorkerView]:
        """Return the workers that the caller may see, by name."""
        wanted = WorkerSearch(q=q, role=role, status=status, cordoned=cordoned)
        async with self._database.transaction() as tx:
            found = [
                worker
                for worker in await tx.worker_presence.find(wanted)
                if caller.may(Resource.WORKERS, Action.READ, _target(worker))
            ]
            views = await _views(tx, found)
        kept = [v for v in views if health_state in (None, v.health_state)]
        window = kept[request.offset : request.offset + request.limit]
        return PageResult(
            items=window,
            request=request,
            total=len(kept),
            has_next=request.offset + request.limit < len(kept),
        )

    async def get(self, caller: Caller, worker_id: int) -> WorkerView:
        """Return one worker."""
        async with self._database.transaction() as tx:
            worker = await tx.workers.get(worker_id)
            if not caller.may(Resource.WORKERS, Action.READ, _target(worker)):
                raise NotFound(entity="worker", ref=worker_id)
            return (await _views(tx, [worker]))[0]

    async def cordon(
        self, caller: Caller, worker_id: int, reason: str | None
    ) -> WorkerView:
        """Give the worker no new work; repeating it keeps the first moment."""
        async with self._database.transaction() as tx:
            worker = await tx.workers.lock(worker_id)
            caller.require(Resource.WORKERS, Action.MANAGE, _target(worker))
            worker.cordoned_at = worker.cordoned_at or utc_now()
            worker.cordoned = True
            worker.cordon_reason = reason
            worker.cordoned_by_id = caller.identity_id
            return (await _views(tx, [worker]))[0]

    async def uncordon(self, caller: Caller, worker_id: int) -> WorkerView:
        """Give the worker work again."""
        async with self._database.transaction() as tx:
            worker = await tx.workers.lock(worker_id)
            caller.require(Resource.WORKERS, Action.MANAGE, _target(worker))
            worker.cordoned = False
            worker.cordoned_at = worker.cordon_reason = worker.cordoned_by_id = None
            return (await _views(tx, [worker]))[0]

    async def register(
        self,
        caller: Caller,
        name: str,
        *,
        worker_type: WorkerType = WorkerType.LOCAL,
        worker_role: WorkerRole = WorkerRole.ACTION,
        host: str | None = None,
        port: int | None = None,
        capabilities: Mapping[str, Any] | None = None,
    ) -> Worker:
        """Make a worker known, or known again."""
        _require_name(caller, name)
        registration = Registration(
            name=name,
            worker_type=worker_type,
            worker_role=worker_role,
            host=host,
            port=port,
            capabilities=capabilities or {},
        )
        async with self._database.transaction() as tx:
            worker_id = await tx.worker_presence.register(registration)
            return await tx.workers.get(worker_id)

    async def heartbeat(
        self,
        caller: Caller,
        worker_id: int,
        running: Collection[int],
    ) -> Orders:
        """Note that a worker lives, and answer what it should stop."""
        async with self._database.transaction() as tx:
            beat = await tx.worker_presence.beat(worker_id, running)
            if beat is None:
                raise NotFound(entity="worker", ref=worker_id)
            _require_name(caller, beat.name)
        return Orders(
            cancel=beat.to_stop,
            cordoned=beat.cordoned,
            token=self._renewed(beat.name, caller.token_ends_at),
        )

    def _renewed(self, name: str, ends_at: datetime | None) -> str | None:
        within = min(RENEW_WITHIN, self._token_lifetime / 2)
        if ends_at is None or ends_at - utc_now() > within:
            return None
        return sign_worker_token(self._tokens, name, self._token_lifetime)


def sign_worker_token(tokens: Tokens, name: str | None, lifetime: timedelta) -> str:
    """Make a token for one worker, or without a name for whichever uses it."""
    return tokens.sign(
        TokenType.WORKER,
        identity_id=None,
        login=f"worker:{name or '*'}",
        lifetime=lifetime,
        metadata={"worker_name": name} if name else {},
    )


async def _views(tx: Transaction, workers: Sequence[Worker]) -> list[WorkerView]:
    now = await tx.worker_presence.now()
    ids = [worker.id for worker in workers]
    load = await tx.workers.load(ids)
    sensors = await tx.workers.sensor_counts(ids)
    return [
        _view(worker, load.get(worker.id, {}), sensors.get(worker.id, 0), now)
        for worker in workers
    ]


def _view(
    worker: Worker,
    executions: Mapping[ExecutionStatus, int],
    sensor_count: int,
    now: datetime,
) -> WorkerView:
    age = None if worker.last_heartbeat is None else now - worker.last_heartbeat
    is_stale = age is None or age > STALE_AFTER
    return WorkerView(
        worker=worker,
        health_state=worker_health(
            status=worker.status,
            is_cordoned=worker.cordoned,
            is_stale=is_stale,
            has_work=bool(executions or sensor_count),
        ),
        heartbeat_age_seconds=None if age is None else max(0, int(age.total_seconds())),
        heartbeat_stale=is_stale,
        executions=executions,
        sensor_count=sensor_count,
    )


def _target(worker: Worker) -> Target:
    return Target(id=worker.id, ref=worker.name)


def _require_name(caller: Caller, name: str) -> None:
    if caller.worker_name not in (None, name):
        raise PermissionDenied("403 forbidden: the token belongs to another worker")
