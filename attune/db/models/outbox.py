"""The outbox: what Temporal has yet to be told."""

from datetime import datetime

from sqlalchemy import Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from attune.db.base import Entity, JsonObject


class OutboxMessage(Entity):
    """A signal or a schedule for Temporal, written with what it is about."""

    __tablename__ = "outbox"

    kind: Mapped[str] = mapped_column(String(63))
    workflow_id: Mapped[str | None] = mapped_column(String(255))
    payload: Mapped[JsonObject]
    attempt_count: Mapped[int] = mapped_column(server_default=text("0"))
    next_attempt_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    last_error: Mapped[str | None]

    __table_args__ = (Index(None, "next_attempt_at", "id"),)
