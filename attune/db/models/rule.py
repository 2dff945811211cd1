"""Rules: when a trigger fires and conditions hold, an action is executed."""

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from attune.db.base import (
    Entity,
    FilledRef,
    JsonList,
    JsonObject,
    JsonValue,
    Revised,
    Yes,
    reference,
)
from attune.db.models.shared import Component, Tagged
from attune.domain.enforcement import EnforcementCondition

if TYPE_CHECKING:
    from attune.db.models.action import Action
    from attune.db.models.identity import Identity
    from attune.db.models.pack import Pack
    from attune.db.models.trigger import Trigger


class Rule(Entity, Revised, Component, Tagged):
    """Connects a trigger to an action, with conditions."""

    __tablename__ = "rule"

    pack_id: Mapped[int] = reference("pack", "pack", ondelete="CASCADE")
    pack_ref: Mapped[FilledRef]
    trigger_id: Mapped[int | None] = reference("trigger", "trigger")
    trigger_ref: Mapped[FilledRef]
    action_id: Mapped[int | None] = reference("action", "action")
    action_ref: Mapped[FilledRef]
    enabled: Mapped[Yes]
    condition: Mapped[EnforcementCondition] = mapped_column(
        server_default=text("'all'")
    )
    conditions: Mapped[JsonValue] = mapped_column(server_default=text("'[]'"))
    """A list of conditions, or an object with an expression."""
    trigger_params: Mapped[JsonObject]
    action_params: Mapped[JsonObject]
    permission_set_refs: Mapped[list[str] | None]
    """Null means the action's default; an empty list means no token at all."""
    owner_identity_id: Mapped[int | None] = reference("owner_identity", "identity")
    trace_tag_template: Mapped[str | None]
    sensor_worker_selector: Mapped[JsonObject]
    sensor_worker_tolerations: Mapped[JsonList]
    sensor_worker_affinity: Mapped[JsonObject]
    last_error: Mapped[str | None]
    """Why the rule could last not be evaluated."""
    last_error_at: Mapped[datetime | None]

    pack: Mapped["Pack"] = relationship(lazy="raise")
    trigger: Mapped["Trigger | None"] = relationship(lazy="raise")
    action: Mapped["Action | None"] = relationship(lazy="raise")
    owner_identity: Mapped["Identity | None"] = relationship(lazy="raise")

    __table_args__ = (
        Index(None, "pack"),
        Index(None, "trigger"),
        Index(None, "action"),
        Index(None, "trigger_ref"),
        Index(None, "action_ref"),
        Index(None, "owner_identity"),
    )
