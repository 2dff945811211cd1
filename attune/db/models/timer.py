"""Timers: what is known of a rule on a timer trigger beside the rule itself."""

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from attune.db.base import SCHEMA, Entity

if TYPE_CHECKING:
    from attune.db.models.rule import Rule


class Timer(Entity):
    """When a rule was last due and is next; a table trigger writes it with the rule."""

    __tablename__ = "timer"

    rule_id: Mapped[int] = mapped_column(
        "rule", ForeignKey(f"{SCHEMA}.rule.id", ondelete="CASCADE"), unique=True
    )
    active: Mapped[bool]
    """Rule, trigger and pack are all switched on."""
    changed_at: Mapped[datetime]
    """Since when the rule says what it says of its times."""
    done_until: Mapped[datetime]
    """What was due up to then has been dealt with."""
    fingerprint: Mapped[str | None] = mapped_column(String(16))
    """Of the times that anchor and done_until belong to."""
    anchor: Mapped[datetime | None]
    """From when intervals count; no restart moves it."""
    next_due_at: Mapped[datetime | None]
    look_at: Mapped[datetime | None]
    """When somebody has to look whether it has fired."""
    told: Mapped[str | None] = mapped_column(String(255))
    """What Temporal was last told to wake it by."""
    last_fired_at: Mapped[datetime | None]
    last_due_at: Mapped[datetime | None]
    """The time for which it last fired."""
    fired_count: Mapped[int] = mapped_column(server_default=text("0"))
    missed_count: Mapped[int] = mapped_column(server_default=text("0"))
    """Times that passed and did not fire, as the misfire choice says; at least so many."""
    problem: Mapped[str | None]
    """Why it cannot fire, where plain SQL wrote what the API refuses."""

    rule: Mapped["Rule"] = relationship(lazy="raise")

    __table_args__ = (
        Index(None, "look_at", postgresql_where=text("look_at IS NOT NULL")),
        Index(None, "next_due_at"),
    )
