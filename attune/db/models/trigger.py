"""Triggers: the kinds of events."""

from typing import TYPE_CHECKING

from sqlalchemy import Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from attune.db.base import (
    Entity,
    FilledRef,
    JsonList,
    JsonObject,
    No,
    Revised,
    Yes,
    reference,
)
from attune.db.models.shared import Component, Referable, Tagged
from attune.domain.payload_check import PayloadCheck

if TYPE_CHECKING:
    from attune.db.models.pack import Pack
    from attune.db.models.rule import Rule
    from attune.db.models.sensor import Sensor


class Trigger(Entity, Revised, Component, Referable, Tagged):
    """A kind of event that can activate rules."""

    __tablename__ = "trigger"

    pack_id: Mapped[int | None] = reference("pack", "pack", ondelete="CASCADE")
    pack_ref: Mapped[FilledRef | None]
    enabled: Mapped[Yes]
    type: Mapped[str | None]
    """Informative: interval, cron, one_shot, rrule, webhook, system."""
    param_schema: Mapped[JsonObject]
    out_schema: Mapped[JsonObject]
    payload_check: Mapped[PayloadCheck] = mapped_column(server_default=text("'mark'"))
    """What becomes of events whose payload does not fit `out_schema`."""
    examples: Mapped[JsonList]
    webhook_enabled: Mapped[No]
    webhook_key: Mapped[str | None] = mapped_column(String(255), unique=True)
    webhook_config: Mapped[JsonObject]
    """Checks on arrival, with the HMAC secret; no snapshot may carry it."""
    # Sensor and trigger point at each other, so one of the two constraints comes
    # after both tables.
    sensor_id: Mapped[int | None] = reference("sensor", "sensor", use_alter=True)
    sensor_ref: Mapped[FilledRef | None]

    pack: Mapped["Pack | None"] = relationship(lazy="raise")
    sensor: Mapped["Sensor | None"] = relationship(
        foreign_keys=[sensor_id], lazy="raise", post_update=True
    )
    rules: Mapped[list["Rule"]] = relationship(viewonly=True, lazy="raise")

    __table_args__ = (Index(None, "pack"), Index(None, "sensor"))
