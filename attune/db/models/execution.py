"""Executions: runs of actions, with their secret parameters and their output."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from attune.db.base import (
    Base,
    Entity,
    FilledRef,
    JsonObject,
    No,
    Revised,
    kept,
    reference,
)
from attune.domain.artifact import RetentionPolicyType
from attune.domain.execution import ExecutionStatus

if TYPE_CHECKING:
    from attune.db.models.action import Action
    from attune.db.models.enforcement import Enforcement
    from attune.db.models.identity import Identity
    from attune.db.models.inquiry import Inquiry
    from attune.db.models.worker import Worker


def _where(condition: str) -> dict[str, Any]:
    return {"postgresql_where": text(condition)}


class Execution(Entity, Revised):
    """One run of one action, perhaps as a task of a workflow."""

    __tablename__ = "execution"

    action_id: Mapped[int | None] = reference("action", "action")
    action_ref: Mapped[FilledRef]
    pack_ref: Mapped[FilledRef | None]
    runtime_ref: Mapped[FilledRef | None]
    rule_ref: Mapped[FilledRef | None]
    trigger_ref: Mapped[FilledRef | None]
    status: Mapped[ExecutionStatus] = mapped_column(server_default=text("'requested'"))
    config: Mapped[JsonObject]
    """The parameters; secret values are masked and stored beside the execution."""
    definition: Mapped[JsonObject]
    """The action, its runtime and its pack as they were."""
    result: Mapped[dict[str, Any] | None]
    env_vars: Mapped[JsonObject]
    permission_set_refs: Mapped[list[str] | None]
    """Null means the action's default; an empty list means no token at all."""
    trace_tag: Mapped[str | None] = mapped_column(String(255))
    timeout_seconds: Mapped[int | None]
    worker_selector: Mapped[dict[str, Any] | None]
    worker_tolerations: Mapped[list[Any] | None]
    worker_affinity: Mapped[dict[str, Any] | None]
    artifact_retention_policy: Mapped[RetentionPolicyType | None]
    artifact_retention_limit: Mapped[int | None]
    enforcement_id: Mapped[int | None] = reference("enforcement", "enforcement")
    executor_id: Mapped[int | None] = reference("executor", "identity")
    parent_id: Mapped[int | None] = reference("parent", "execution")
    original_execution_id: Mapped[int | None] = reference(
        "original_execution", "execution"
    )
    home_pack_id: Mapped[int | None] = kept("home_pack")
    """The private pack that it comes from: its action's, its rule's or its parent's."""
    workflow_task: Mapped[dict[str, Any] | None]
    worker_id: Mapped[int | None] = reference("worker", "worker")
    attempt_id: Mapped[str | None] = mapped_column(String(255))
    """The attempt that may finish it; every other one is refused."""
    attempt_count: Mapped[int] = mapped_column(server_default=text("0"))
    workflow_id: Mapped[str | None] = mapped_column(String(255))
    """The Temporal workflow that hosts it, written by the dispatcher."""
    dispatch_generation: Mapped[int] = mapped_column(server_default=text("0"))
    """Raised when the hosting workflow vanished, since its id is used up."""
    dispatched_at: Mapped[datetime | None]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    waiting_for: Mapped[dict[str, Any] | None]
    """What a live execution waits for besides a worker: a policy, an inquiry."""
    awaited: Mapped[No]
    """The workflow that started it has not taken note of its end yet."""
    held_status: Mapped[ExecutionStatus | None]
    """How its process ended, while an inquiry that it posted is open."""
    secret_references: Mapped[list[Any] | None]
    """Where its parameters hold secrets that only its worker is told, and which."""
    enqueued_at: Mapped[datetime | None]
    """Since when, or when last, a policy made it wait."""
    admitted_at: Mapped[datetime | None]
    """When the policies that bear on it let it go on."""
    activity_of: Mapped[int | None]
    """The execution in whose activity it runs; no reference, since it matters only
    while both run."""

    action: Mapped["Action | None"] = relationship(lazy="raise")
    enforcement: Mapped["Enforcement | None"] = relationship(lazy="raise")
    executor: Mapped["Identity | None"] = relationship(lazy="raise")
    worker: Mapped["Worker | None"] = relationship(lazy="raise")
    parent: Mapped["Execution | None"] = relationship(
        foreign_keys=[parent_id], remote_side="Execution.id", lazy="raise"
    )
    children: Mapped[list["Execution"]] = relationship(
        foreign_keys=[parent_id], viewonly=True, lazy="raise"
    )
    original_execution: Mapped["Execution | None"] = relationship(
        foreign_keys=[original_execution_id], remote_side="Execution.id", lazy="raise"
    )
    inquiry: Mapped["Inquiry | None"] = relationship(
        viewonly=True, lazy="raise", uselist=False
    )

    __table_args__ = (
        CheckConstraint("timeout_seconds > 0", name="timeout_seconds"),
        # One top-level execution for each enforcement, whoever makes it.
        Index(
            "uq_execution_enforcement",
            "enforcement",
            unique=True,
            **_where("parent IS NULL AND original_execution IS NULL"),
        ),
        Index(None, "enforcement", **_where("enforcement IS NOT NULL")),
        # Serves the dispatcher too: what is requested is few, and at one end.
        Index(None, "status", "id"),
        Index(None, "action_ref", "id"),
        Index(None, "pack_ref", "id"),
        Index(None, "rule_ref", "id", **_where("rule_ref IS NOT NULL")),
        Index(None, "trigger_ref", "id", **_where("trigger_ref IS NOT NULL")),
        Index(None, "trace_tag", "id", **_where("trace_tag IS NOT NULL")),
        Index(None, "executor", "id", **_where("executor IS NOT NULL")),
        Index(None, "parent", "id", **_where("parent IS NOT NULL")),
        # What a workflow waits for is few, however many tasks it has run.
        Index("ix_execution_awaited", "parent", "id", **_where("awaited")),
        Index(None, "original_execution", **_where("original_execution IS NOT NULL")),
        Index(None, "action", **_where("action IS NOT NULL")),
        Index(None, "worker", **_where("worker IS NOT NULL")),
        Index(None, "created", postgresql_using="brin"),
        Index(None, "action_ref", "admitted_at", **_where("admitted_at IS NOT NULL")),
        Index(None, "pack_ref", "admitted_at", **_where("admitted_at IS NOT NULL")),
        Index(None, "admitted_at", **_where("admitted_at IS NOT NULL")),
    )


class ExecutionSecretValue(Entity):
    """One secret parameter of an execution, encrypted."""

    __tablename__ = "execution_secret_value"

    execution_id: Mapped[int] = reference("execution", "execution", ondelete="CASCADE")
    name: Mapped[str] = mapped_column(String(255))
    """The parameter, as a dotted path into the parameters."""
    value: Mapped[str]
    encryption_key_hash: Mapped[str]

    __table_args__ = (UniqueConstraint("execution", "name"),)


class ExecutionLog(Base):
    """A piece of what an execution wrote, as the bytes it wrote."""

    __tablename__ = "execution_log"

    execution_id: Mapped[int] = mapped_column(
        "execution",
        ForeignKey("attune.execution.id", ondelete="CASCADE"),
        primary_key=True,
    )
    stream: Mapped[str] = mapped_column(String(16), primary_key=True)
    byte_offset: Mapped[int] = mapped_column(primary_key=True)
    """Where in the stream the piece begins."""
    content: Mapped[bytes] = mapped_column(LargeBinary)
    created: Mapped[datetime] = mapped_column(server_default=text("now()"))

    __table_args__ = (
        CheckConstraint("stream IN ('stdout', 'stderr')", name="stream"),
        CheckConstraint("byte_offset >= 0", name="byte_offset"),
    )
