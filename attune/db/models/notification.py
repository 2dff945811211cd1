"""Notifications: that something changed, for those who look on."""

from sqlalchemy import BigInteger, CheckConstraint, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from attune.db.base import Entity, JsonObject
from attune.domain.notification import NotificationState


class Notification(Entity):
    """A change of an entity; inserting it sends its keys to its channel."""

    __tablename__ = "notification"

    channel: Mapped[str] = mapped_column(String(63))
    """Usually the table's name; PostgreSQL limits it to 63 bytes."""
    entity_type: Mapped[str] = mapped_column(String(63))
    entity: Mapped[str] = mapped_column(String(255))
    activity: Mapped[str] = mapped_column(String(63))
    state: Mapped[NotificationState] = mapped_column(server_default=text("'created'"))
    content: Mapped[JsonObject]
    xact: Mapped[int] = mapped_column(
        BigInteger, server_default=text("(pg_current_xact_id()::text)::bigint")
    )
    """The transaction that wrote it: ids are given out before transactions commit."""

    __table_args__ = (
        CheckConstraint("octet_length(channel) BETWEEN 1 AND 63", name="channel"),
        Index(None, "created", postgresql_using="brin"),
        Index(None, "xact"),
        Index(
            "ix_notification_rule",
            "entity",
            postgresql_where=text("entity_type = 'rule'"),
        ),
    )
