"""Workers: the processes that run actions or keep sensors alive."""

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import BigInteger, CheckConstraint, Index, String, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column, relationship

from attune.db.base import (
    Entity,
    FilledRef,
    JsonObject,
    No,
    Revised,
    reference,
)
from attune.domain.worker import WorkerRole, WorkerStatus, WorkerType

if TYPE_CHECKING:
    from attune.db.models.identity import Identity
    from attune.db.models.runtime import Runtime


class Worker(Entity, Revised):
    """A worker process, known by its name across restarts."""

    __tablename__ = "worker"

    name: Mapped[str] = mapped_column(String(255), unique=True)
    worker_type: Mapped[WorkerType] = mapped_column(server_default=text("'local'"))
    worker_role: Mapped[WorkerRole] = mapped_column(server_default=text("'action'"))
    runtime_id: Mapped[int | None] = reference("runtime", "runtime")
    runtime_ref: Mapped[FilledRef | None]
    host: Mapped[str | None]
    port: Mapped[int | None]
    status: Mapped[WorkerStatus | None] = mapped_column(
        server_default=text("'inactive'")
    )
    capabilities: Mapped[JsonObject]
    meta: Mapped[JsonObject]
    last_heartbeat: Mapped[datetime | None]
    running_executions: Mapped[list[int]] = mapped_column(
        ARRAY(BigInteger), server_default=text("'{}'")
    )
    """What runs there, as the last heartbeat said."""
    cordoned: Mapped[No]
    cordon_reason: Mapped[str | None]
    cordoned_at: Mapped[datetime | None]
    cordoned_by_id: Mapped[int | None] = reference("cordoned_by", "identity")

    runtime: Mapped["Runtime | None"] = relationship(lazy="raise")
    cordoned_by: Mapped["Identity | None"] = relationship(lazy="raise")

    __table_args__ = (
        CheckConstraint("port BETWEEN 1 AND 65535", name="port"),
        Index(None, "runtime"),
        Index(None, "cordoned_by"),
    )
