"""Policies: limits on executions."""

from typing import TYPE_CHECKING

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from attune.db.base import (
    Entity,
    FilledRef,
    JsonList,
    Revised,
    TextList,
    Yes,
    reference,
)
from attune.db.models.shared import Component, Tagged
from attune.domain.policy import PolicyMethod, PolicyScope

if TYPE_CHECKING:
    from attune.db.models.action import Action
    from attune.db.models.pack import Pack


class Policy(Entity, Revised, Component, Tagged):
    """Limits on the executions of an action, of a pack or of everything."""

    __tablename__ = "policy"

    name: Mapped[str] = mapped_column(server_default=text("''"))
    scope_type: Mapped[PolicyScope] = mapped_column(server_default=text("'action'"))
    pack_id: Mapped[int | None] = reference("pack", "pack", ondelete="CASCADE")
    pack_ref: Mapped[FilledRef | None]
    """The pack it came with; with scope pack, the pack it limits."""
    action_id: Mapped[int | None] = reference("action", "action")
    action_ref: Mapped[FilledRef | None]
    enabled: Mapped[Yes]
    priority: Mapped[int] = mapped_column(server_default=text("0"))
    method: Mapped[PolicyMethod] = mapped_column(server_default=text("'enqueue'"))
    threshold: Mapped[int | None]
    """So many may run at once; null for a policy without that limit."""
    parameters: Mapped[TextList]
    """The parameters whose values form the groups that are counted apart."""
    rate_limit_max_executions: Mapped[int | None]
    rate_limit_window_seconds: Mapped[int | None]
    quotas: Mapped[JsonList]

    pack: Mapped["Pack | None"] = relationship(lazy="raise")
    action: Mapped["Action | None"] = relationship(lazy="raise")

    __table_args__ = (
        CheckConstraint("threshold >= 0", name="threshold"),
        CheckConstraint(
            "(rate_limit_max_executions IS NULL) = (rate_limit_window_seconds IS NULL)",
            name="rate_limit_complete",
        ),
        CheckConstraint(
            "rate_limit_max_executions > 0 AND rate_limit_window_seconds > 0",
            name="rate_limit_positive",
        ),
        CheckConstraint(
            "scope_type <> 'action' OR action_ref IS NOT NULL", name="scope_action"
        ),
        CheckConstraint(
            "scope_type <> 'pack' OR pack_ref IS NOT NULL", name="scope_pack"
        ),
        Index(None, "pack"),
        Index(None, "action"),
        Index(None, "action_ref"),
    )
