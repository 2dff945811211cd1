"""Workers as they present themselves: registration, heartbeat, search."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, or_, select, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession

from attune.db.models.worker import Worker
from attune.domain.worker import WorkerRole, WorkerStatus, WorkerType

# A worker is its name: the process that comes back is the same worker.
_REGISTER = text("""
    INSERT INTO attune.worker AS known (
        name, worker_type, worker_role, host, port, status, capabilities,
        last_heartbeat, running_executions
    )
    VALUES (
        :name, CAST(:worker_type AS attune.worker_type_enum),
        CAST(:worker_role AS attune.worker_role_enum), :host, :port, 'active',
        :capabilities, now(), '{}'
    )
    ON CONFLICT (name) DO UPDATE SET
        worker_type = excluded.worker_type,
        worker_role = excluded.worker_role,
        host = excluded.host,
        port = excluded.port,
        status = excluded.status,
        capabilities = excluded.capabilities,
        last_heartbeat = excluded.last_heartbeat,
        running_executions = excluded.running_executions
    RETURNING id
""").bindparams(bindparam("capabilities", type_=JSONB))

_BEAT = text("""
    UPDATE attune.worker
    SET last_heartbeat = now(), status = 'active', running_executions = :running
    WHERE id = :id
    RETURNING name, cordoned
""")

# What runs there and should not: over, being cancelled, taken by another worker, gone.
_TO_STOP = text("""
    SELECT running.id
    FROM unnest(CAST(:running AS bigint[])) AS running (id)
    LEFT JOIN attune.execution ON
        execution.id = running.id
        AND execution.worker = :id
        AND execution.status = 'running'
    WHERE execution.id IS NULL
    ORDER BY running.id
""")


@dataclass(frozen=True, kw_only=True)
class Registration:
    """What a worker says of itself."""

    name: str
    worker_type: WorkerType
    worker_role: WorkerRole
    host: str | None
    port: int | None
    capabilities: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class WorkerSearch:
    """Which workers are wanted; None means any."""

    q: str | None = None
    role: WorkerRole | None = None
    status: WorkerStatus | None = None
    cordoned: bool | None = None


@dataclass(frozen=True, kw_only=True)
class Beat:
    """What a heartbeat found out."""

    name: str
    cordoned: bool
    to_stop: Sequence[int]


class WorkerPresenceRepository:
    """Keeps track of which workers are there and what they do."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def register(self, worker: Registration) -> int:
        """Write what the worker says of itself, and return its id."""
        values = {**vars(worker), "capabilities": dict(worker.capabilities)}
        return int((await self._session.execute(_REGISTER, values)).scalar_one())

    async def beat(self, worker_id: int, running: Collection[int]) -> Beat | None:
        """Note the heartbeat; None for a worker that is not registered."""
        values = {"id": worker_id, "running": sorted(running)}
        row = (await self._session.execute(_BEAT, values)).one_or_none()
        if row is None:
            return None
        to_stop: Sequence[int] = ()
        if running:
            to_stop = (await self._session.scalars(_TO_STOP, values)).all()
        return Beat(name=row.name, cordoned=row.cordoned, to_stop=to_stop)

    async def find(self, wanted: WorkerSearch) -> Sequence[Worker]:
        """Return every worker that is wanted, by name."""
        query = select(Worker).order_by(Worker.name)
        if wanted.q:
            query = query.where(
                or_(
                    Worker.name.icontains(wanted.q, autoescape=True),
                    Worker.host.icontains(wanted.q, autoescape=True),
                )
            )
        for column, value in (
            (Worker.worker_role, wanted.role),
            (Worker.status, wanted.status),
            (Worker.cordoned, wanted.cordoned),
        ):
            if value is not None:
                query = query.where(column == value)
        return (await self._session.scalars(query)).all()

    async def now(self) -> datetime:
        """Return the database's time, by which heartbeats are judged."""
        now: datetime = (await self._session.execute(text("SELECT now()"))).scalar_one()
        return now
