"""Workflows of packs: their definitions, and the state of each that runs."""

from typing import TYPE_CHECKING

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from attune.db.base import (
    Entity,
    FilledRef,
    JsonObject,
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

    pack: Mapped["Pack"] = relationship(lazy="raise")

    __table_args__ = (Index(None, "pack"),)


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
