"""Events: that a trigger fired, with everything rules need to decide."""

from typing import TYPE_CHECKING

from sqlalchemy import Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from attune.db.base import (
    Entity,
    FilledRef,
    JsonList,
    JsonObject,
    JsonValue,
    kept,
    reference,
)

if TYPE_CHECKING:
    from attune.db.models.enforcement import Enforcement
    from attune.db.models.rule import Rule
    from attune.db.models.sensor import Sensor
    from attune.db.models.trigger import Trigger


class Event(Entity):
    """An instance of a trigger firing; it never changes."""

    __tablename__ = "event"

    trigger_id: Mapped[int | None] = reference("trigger", "trigger")
    trigger_ref: Mapped[FilledRef]
    config: Mapped[JsonObject]
    """Where it came from; under `snapshot` the trigger and sensor as they were."""
    payload: Mapped[JsonValue] = mapped_column(server_default=text("'{}'"))
    payload_problems: Mapped[JsonList]
    """What of the payload did not fit the trigger's out_schema, each with its place."""
    source_id: Mapped[int | None] = reference("source", "sensor")
    source_ref: Mapped[FilledRef | None]
    rule_id: Mapped[int | None] = reference("rule", "rule")
    rule_ref: Mapped[FilledRef | None]
    """The only rule the event is meant for."""
    trace_tag: Mapped[str | None] = mapped_column(String(255))
    idempotency_key: Mapped[str | None] = mapped_column(String(255))
    idempotency_hash: Mapped[str | None] = mapped_column(String(64))
    """SHA-256 of what came with the key: another body under it is refused."""
    owner_identity_id: Mapped[int | None] = kept("owner_identity")
    """For whom the rule acts that it is meant for, or whose the trigger's pack was."""
    home_pack_id: Mapped[int | None] = kept("home_pack")
    """The private pack that it comes from."""
    matches: Mapped[JsonList]
    """Which rules were considered, and what came of it."""

    trigger: Mapped["Trigger | None"] = relationship(lazy="raise")
    source: Mapped["Sensor | None"] = relationship(lazy="raise")
    rule: Mapped["Rule | None"] = relationship(lazy="raise")
    enforcements: Mapped[list["Enforcement"]] = relationship(
        viewonly=True, lazy="raise"
    )

    __table_args__ = (
        Index(
            None,
            "trigger_ref",
            "idempotency_key",
            unique=True,
            postgresql_where=text("idempotency_key IS NOT NULL"),
        ),
        Index(None, "trigger_ref", "id"),
        Index(None, "trigger", postgresql_where=text("trigger IS NOT NULL")),
        Index(None, "source", postgresql_where=text("source IS NOT NULL")),
        Index(None, "rule", postgresql_where=text("rule IS NOT NULL")),
        Index(None, "rule_ref", "id", postgresql_where=text("rule_ref IS NOT NULL")),
        Index(
            None,
            "owner_identity",
            "id",
            postgresql_where=text("owner_identity IS NOT NULL"),
        ),
        Index(None, "trace_tag", "id", postgresql_where=text("trace_tag IS NOT NULL")),
        Index(None, "created", postgresql_using="brin"),
    )
