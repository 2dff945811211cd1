"""Sensors: processes that watch the world and emit events."""

from typing import TYPE_CHECKING

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from attune.db.base import (
    Entity,
    FilledRef,
    JsonObject,
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
