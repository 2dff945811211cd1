"""Sensors: processes that watch the world and emit events."""

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import CheckConstraint, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from attune.db.base import (
    Base,
    Entity,
    FilledRef,
    JsonObject,
    No,
    Revised,
    Yes,
    reference,
)
from attune.db.models.shared import Component, Placed, Retained

if TYPE_CHECKING:
    from attune.db.models.pack import Pack
    from attune.db.models.runtime import Runtime
    from attune.db.models.trigger import Trigger


class Sensor(Entity, Revised, Component, Placed, Retained):
    """Code that watches for a trigger's condition; it may serve several triggers."""

    __tablename__ = "sensor"

    pack_id: Mapped[int | None] = reference("pack", "pack", ondelete="CASCADE")
    pack_ref: Mapped[FilledRef | None]
    entrypoint: Mapped[str] = mapped_column(server_default=text("''"))
    runtime_id: Mapped[int | None] = reference("runtime", "runtime")
    runtime_ref: Mapped[FilledRef | None]
    runtime_version_constraint: Mapped[str | None]
    trigger_id: Mapped[int | None] = reference("trigger", "trigger")
    trigger_ref: Mapped[FilledRef | None]
    """The first of its triggers; every trigger it serves names it as `sensor`."""
    enabled: Mapped[Yes]
    param_schema: Mapped[JsonObject]
    config: Mapped[JsonObject]

    pack: Mapped["Pack | None"] = relationship(lazy="raise")
    runtime: Mapped["Runtime | None"] = relationship(lazy="raise")
    trigger: Mapped["Trigger | None"] = relationship(
        foreign_keys=[trigger_id], lazy="raise"
    )

    __table_args__ = (
        Index(None, "pack"),
        Index(None, "runtime"),
        Index(None, "trigger"),
    )


class SensorProcess(Base):
    """Where the process of a sensor stands.

    It goes by the sensor's ref and outlives its row: a process does, for a moment.
    """

    __tablename__ = "sensor_process"

    sensor_ref: Mapped[str] = mapped_column(String(255), primary_key=True)
    generation: Mapped[int] = mapped_column(server_default=text("0"))
    """Which start this is; whoever speaks for an older one is refused."""
    state: Mapped[str] = mapped_column(String(16), server_default=text("'stopped'"))
    definition: Mapped[str | None] = mapped_column(String(64))
    """Fingerprint of all that the process was started with."""
    attempt_id: Mapped[str | None] = mapped_column(String(64))
    worker_id: Mapped[int | None] = reference("worker", "worker")
    started_at: Mapped[datetime | None]
    heard_at: Mapped[datetime | None]
    """The last heartbeat of its worker for this generation."""
    next_start_at: Mapped[datetime | None]
    failure_count: Mapped[int] = mapped_column(server_default=text("0"))
    """Failures in a row."""
    start_count: Mapped[int] = mapped_column(server_default=text("0"))
    last_error: Mapped[str | None]
    last_error_at: Mapped[datetime | None]
    is_to_restart: Mapped[No]
    """Somebody wants it anew."""
    looked_at: Mapped[datetime | None]
    """When its workflow last asked what to do."""
    stdout_taken: Mapped[int] = mapped_column(server_default=text("0"))
    stderr_taken: Mapped[int] = mapped_column(server_default=text("0"))
    """How much of what this generation wrote is kept."""

    __table_args__ = (
        CheckConstraint(
            "state IN ('stopped', 'waiting', 'starting', 'running', 'stopping')",
            name="state",
        ),
        Index(None, "worker"),
    )
