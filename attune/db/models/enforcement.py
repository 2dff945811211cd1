"""Enforcements: that a rule's conditions held for an event."""

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from attune.db.base import (
    Entity,
    FilledRef,
    JsonObject,
    JsonValue,
    Revised,
    kept,
    reference,
)
from attune.domain.enforcement import EnforcementCondition, EnforcementStatus

if TYPE_CHECKING:
    from attune.db.models.event import Event
    from attune.db.models.execution import Execution
    from attune.db.models.rule import Rule


class Enforcement(Entity, Revised):
    """An instance of a rule being triggered by an event; at most one of each pair."""

    __tablename__ = "enforcement"

    rule_id: Mapped[int | None] = reference("rule", "rule")
    rule_ref: Mapped[FilledRef]
    trigger_ref: Mapped[FilledRef]
    event_id: Mapped[int | None] = reference("event", "event")
    config: Mapped[JsonObject]
    """The action's parameters, rendered."""
    definition: Mapped[JsonObject]
    """The rule and the trigger as they were."""
    status: Mapped[EnforcementStatus] = mapped_column(server_default=text("'created'"))
    payload: Mapped[JsonValue] = mapped_column(server_default=text("'{}'"))
    condition: Mapped[EnforcementCondition] = mapped_column(
        server_default=text("'all'")
    )
    conditions: Mapped[JsonValue] = mapped_column(server_default=text("'[]'"))
    trace_tag: Mapped[str | None] = mapped_column(String(255))
    owner_identity_id: Mapped[int | None] = kept("owner_identity")
    """For whom the rule acts, or whose its pack was."""
    home_pack_id: Mapped[int | None] = kept("home_pack")
    """The private pack that it comes from."""
    resolved_at: Mapped[datetime | None]

    rule: Mapped["Rule | None"] = relationship(lazy="raise")
    event: Mapped["Event | None"] = relationship(lazy="raise")
    executions: Mapped[list["Execution"]] = relationship(viewonly=True, lazy="raise")

    __table_args__ = (
        UniqueConstraint("event", "rule_ref"),
        Index(None, "rule", postgresql_where=text("rule IS NOT NULL")),
        Index(None, "rule_ref", "id"),
        Index(None, "trigger_ref", "id"),
        Index(
            None,
            "owner_identity",
            "id",
            postgresql_where=text("owner_identity IS NOT NULL"),
        ),
        Index(None, "trace_tag", "id", postgresql_where=text("trace_tag IS NOT NULL")),
    )
