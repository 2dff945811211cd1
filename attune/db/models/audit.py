"""The audit trail."""

from uuid import UUID

from sqlalchemy import Index, String, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from attune.db.base import Entity, JsonObject
from attune.domain.audit import AuditCategory, AuditOutcome


class AuditEvent(Entity):
    """Somebody did something; written with it, never changed, and bound to nothing."""

    __tablename__ = "audit_event"

    category: Mapped[AuditCategory]
    event_type: Mapped[str] = mapped_column(String(127))
    """Such as `rule.updated` or `auth.login`."""
    outcome: Mapped[AuditOutcome] = mapped_column(server_default=text("'success'"))
    actor_identity: Mapped[int | None]
    """As it was; the identity may be gone."""
    actor_login: Mapped[str | None] = mapped_column(String(255))
    actor_token_type: Mapped[str | None] = mapped_column(String(31))
    actor_execution: Mapped[int | None]
    actor_ip: Mapped[str | None] = mapped_column(String(63))
    actor_user_agent: Mapped[str | None] = mapped_column(String(255))
    request_id: Mapped[UUID | None] = mapped_column(Uuid)
    http_method: Mapped[str | None] = mapped_column(String(15))
    http_path: Mapped[str | None] = mapped_column(String(255))
    http_status: Mapped[int | None]
    resource_type: Mapped[str | None] = mapped_column(String(63))
    resource_id: Mapped[int | None]
    resource_ref: Mapped[str | None] = mapped_column(String(255))
    details: Mapped[JsonObject]
    """Names of what was changed, and few values, none of which can be secret."""

    __table_args__ = (
        Index(None, "resource_type", "resource_id", "id"),
        Index(None, "actor_identity", "id"),
        Index(None, "event_type", "id"),
        Index(None, "request_id", postgresql_where=text("request_id IS NOT NULL")),
        Index(None, "created", postgresql_using="brin"),
    )
