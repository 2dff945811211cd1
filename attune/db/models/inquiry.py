"""Inquiries: questions to people that executions wait on."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from attune.db.base import Entity, JsonObject, Revised, reference
from attune.domain.inquiry import InquiryStatus

if TYPE_CHECKING:
    from attune.db.models.execution import Execution
    from attune.db.models.identity import Identity


class Inquiry(Entity, Revised):
    """A question an execution waits on; an execution has at most one."""

    __tablename__ = "inquiry"

    execution_id: Mapped[int] = reference("execution", "execution", ondelete="CASCADE")
    prompt: Mapped[str]
    response_schema: Mapped[JsonObject]
    assigned_to_id: Mapped[int | None] = reference("assigned_to", "identity")
    assigned_to_login: Mapped[str | None] = mapped_column(String(255))
    """Preserved: an inquiry whose assignee is gone is not free for everybody."""
    status: Mapped[InquiryStatus] = mapped_column(server_default=text("'pending'"))
    response: Mapped[dict[str, Any] | None]
    timeout_at: Mapped[datetime | None]
    responded_at: Mapped[datetime | None]
    responded_by_id: Mapped[int | None] = reference("responded_by", "identity")

    execution: Mapped["Execution"] = relationship(lazy="raise")
    assigned_to: Mapped["Identity | None"] = relationship(
        foreign_keys=[assigned_to_id], lazy="raise"
    )
    responded_by: Mapped["Identity | None"] = relationship(
        foreign_keys=[responded_by_id], lazy="raise"
    )

    __table_args__ = (
        Index(None, "execution", unique=True),
        Index(None, "status", "id"),
        Index(None, "assigned_to", "id"),
        Index(None, "responded_by"),
        Index(None, "timeout_at", postgresql_where=text("status = 'pending'")),
    )
