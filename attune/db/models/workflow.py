"""Workflows of packs: their definitions, and the state of each that runs."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, MappedColumn, mapped_column, relationship

from attune.db.base import (
    Base,
    Entity,
    FilledRef,
    JsonObject,
    JsonValue,
    RefText,
    Revised,
    reference,
)
from attune.db.models.shared import Component, Tagged
from attune.domain.execution import ExecutionStatus

if TYPE_CHECKING:
    from attune.db.models.execution import Execution
    from attune.db.models.pack import Pack


class WorkflowDefinition(Entity, Revised, Component, Tagged):
    """A graph of tasks; the action of the same ref runs it."""

    __tablename__ = "workflow_definition"

    pack_id: Mapped[int] = reference("pack", "pack", ondelete="CASCADE")
    pack_ref: Mapped[FilledRef]
    version: Mapped[str]
    definition: Mapped[JsonObject]
    param_schema: Mapped[JsonObject]
    out_schema: Mapped[JsonObject]
    author_id: Mapped[int | None] = reference("author", "identity")
    """Who wrote it last: what it may refer to, beside the keys of its pack."""

    pack: Mapped["Pack"] = relationship(lazy="raise")

    __table_args__ = (
        Index(None, "pack"),
        Index(None, "author", postgresql_where=text("author IS NOT NULL")),
    )


class WorkflowExecution(Entity, Revised):
    """The state of one running workflow, beside its execution."""

    __tablename__ = "workflow_execution"

    execution_id: Mapped[int] = reference("execution", "execution", ondelete="CASCADE")
    workflow_def_id: Mapped[int | None] = reference(
        "workflow_def", "workflow_definition"
    )
    workflow_ref: Mapped[FilledRef]
    status: Mapped[ExecutionStatus] = mapped_column(server_default=text("'requested'"))
    variables: Mapped[JsonObject]
    state: Mapped[JsonObject]
    error: Mapped[str | None]

    execution: Mapped["Execution"] = relationship(lazy="raise")
    workflow_def: Mapped[WorkflowDefinition | None] = relationship(lazy="raise")

    __table_args__ = (
        Index(None, "execution", unique=True),
        Index(None, "workflow_def"),
    )


def _state_of() -> MappedColumn[int]:
    target = "attune.workflow_execution.id"
    return mapped_column(
        "workflow_execution", ForeignKey(target, ondelete="CASCADE"), primary_key=True
    )


def _where(column: str) -> dict[str, Any]:
    return {"postgresql_where": text(f"{column} IS NOT NULL")}


class WorkflowTask(Base):
    """What has become of one task of a running workflow so far."""

    __tablename__ = "workflow_task"

    workflow_execution_id: Mapped[int] = _state_of()
    name: Mapped[RefText] = mapped_column(primary_key=True)
    runs: Mapped[int] = mapped_column(server_default=text("0"))
    live: Mapped[int] = mapped_column(server_default=text("0"))
    waiting: Mapped[int] = mapped_column(server_default=text("0"))
    arrivals: Mapped[JsonObject]
    """How often each predecessor of a join has arrived."""
    fired: Mapped[int] = mapped_column(server_default=text("0"))
    """How often the join has let the task start."""
    status: Mapped[str | None] = mapped_column(String(16))
    """How its last run ended; null before the first end."""
    execution_id: Mapped[int | None] = reference("execution", "execution")
    """The execution that ended last, whose result is the task's."""
    ended_run: Mapped[int | None]
    items_of_id: Mapped[int | None] = reference("items_of", "workflow_execution")
    """Where the items of its last ended run are kept, if it ran over a list."""

    __table_args__ = (
        Index(None, "execution", **_where("execution")),
        Index(None, "items_of", **_where("items_of")),
    )


class WorkflowFanOut(Base):
    """One run of a task over the elements of a list."""

    __tablename__ = "workflow_fan_out"

    workflow_execution_id: Mapped[int] = _state_of()
    task: Mapped[RefText] = mapped_column(primary_key=True)
    run: Mapped[int] = mapped_column(primary_key=True)
    total: Mapped[int]
    next_index: Mapped[int] = mapped_column(server_default=text("0"))
    live: Mapped[int] = mapped_column(server_default=text("0"))
    ended: Mapped[int] = mapped_column(server_default=text("0"))
    failed: Mapped[int] = mapped_column(server_default=text("0"))
    concurrency: Mapped[int]
    batch_size: Mapped[int | None]


class WorkflowItem(Base):
    """One element of the list, and the execution that ended for it."""

    __tablename__ = "workflow_item"

    workflow_execution_id: Mapped[int] = _state_of()
    task: Mapped[RefText] = mapped_column(primary_key=True)
    run: Mapped[int] = mapped_column(primary_key=True)
    index: Mapped[int] = mapped_column(primary_key=True)
    value: Mapped[JsonValue]
    execution_id: Mapped[int | None] = reference("execution", "execution")

    __table_args__ = (Index(None, "execution", **_where("execution")),)


class WorkflowTimer(Entity):
    """A start or a retry that has to wait until a moment."""

    __tablename__ = "workflow_timer"

    workflow_execution_id: Mapped[int] = reference(
        "workflow_execution", "workflow_execution", ondelete="CASCADE"
    )
    task: Mapped[RefText]
    run: Mapped[int]
    item_index: Mapped[int | None]
    retry_count: Mapped[int] = mapped_column(server_default=text("0"))
    first_execution_id: Mapped[int | None] = reference("first_execution", "execution")
    triggered_by: Mapped[RefText | None]
    due_at: Mapped[datetime]

    __table_args__ = (
        Index(None, "workflow_execution"),
        Index(None, "first_execution", **_where("first_execution")),
    )
