"""Actions: what can be executed."""

from typing import TYPE_CHECKING

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from attune.db.base import (
    Entity,
    FilledRef,
    JsonObject,
    No,
    Revised,
    TextList,
    Yes,
    reference,
)
from attune.db.models.shared import Component, Placed, Referable, Retained, Tagged
from attune.domain.action import (
    OnWorkerLoss,
    OutputFormat,
    ParameterDelivery,
    ParameterFormat,
)

if TYPE_CHECKING:
    from attune.db.models.pack import Pack
    from attune.db.models.policy import Policy
    from attune.db.models.rule import Rule
    from attune.db.models.runtime import Runtime
    from attune.db.models.workflow import WorkflowDefinition


class Action(Entity, Revised, Component, Placed, Retained, Referable, Tagged):
    """An executable task: code of a runtime, or a workflow."""

    __tablename__ = "action"

    pack_id: Mapped[int] = reference("pack", "pack", ondelete="CASCADE")
    pack_ref: Mapped[FilledRef]
    entrypoint: Mapped[str] = mapped_column(server_default=text("''"))
    """A file of the pack, or the code itself."""
    runtime_id: Mapped[int | None] = reference("runtime", "runtime")
    runtime_ref: Mapped[FilledRef | None]
    runtime_version_constraint: Mapped[str | None]
    required_worker_runtimes: Mapped[JsonObject]
    param_schema: Mapped[JsonObject]
    out_schema: Mapped[JsonObject]
    parameter_delivery: Mapped[ParameterDelivery] = mapped_column(
        server_default=text("'stdin'")
    )
    parameter_format: Mapped[ParameterFormat] = mapped_column(
        server_default=text("'json'")
    )
    output_format: Mapped[OutputFormat] = mapped_column(server_default=text("'text'"))
    timeout_seconds: Mapped[int | None]
    on_worker_loss: Mapped[OnWorkerLoss] = mapped_column(
        server_default=text("'abandon'")
    )
    """What becomes of an execution whose worker dies after the start."""
    max_attempts: Mapped[int] = mapped_column(server_default=text("1"))
    enabled: Mapped[Yes]
    accesses_mcp: Mapped[No]
    default_execution_permission_set_refs: Mapped[TextList]
    workflow_def_id: Mapped[int | None] = reference(
        "workflow_def", "workflow_definition"
    )

    pack: Mapped["Pack"] = relationship(lazy="raise")
    runtime: Mapped["Runtime | None"] = relationship(lazy="raise")
    workflow_def: Mapped["WorkflowDefinition | None"] = relationship(lazy="raise")
    policies: Mapped[list["Policy"]] = relationship(viewonly=True, lazy="raise")
    rules: Mapped[list["Rule"]] = relationship(viewonly=True, lazy="raise")

    __table_args__ = (
        CheckConstraint("max_attempts BETWEEN 1 AND 100", name="max_attempts"),
        CheckConstraint("timeout_seconds > 0", name="timeout_seconds"),
        Index(None, "pack"),
        Index(None, "runtime"),
        Index(None, "workflow_def"),
    )
