"""Workflow definitions, and the state of workflows that run."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, select

from attune.db.models import Action, WorkflowDefinition, WorkflowExecution
from attune.db.repositories.base import Repository
from attune.db.repositories.component import ComponentFilter, ComponentRepository
from attune.db.visibility import Columns, visible
from attune.domain.permission import Caller, Resource

COLUMNS = Columns(
    pack_ref=WorkflowDefinition.pack_ref,
    is_part_of_pack=True,
    ref=WorkflowDefinition.ref,
    id=select(Action.id).where(Action.ref == WorkflowDefinition.ref).scalar_subquery(),
)
"""What constraints are held against: a workflow is seen as its action is."""


@dataclass(frozen=True, kw_only=True)
class WorkflowFilter(ComponentFilter):
    """Which workflows are wanted; None means any."""

    tags: Collection[str] | None = None
    """Words of which a workflow has at least one."""


def visible_workflows(caller: Caller) -> ColumnElement[bool]:
    """Return the condition under which a workflow exists for the caller."""
    return visible(caller, Resource.ACTIONS, COLUMNS)


class WorkflowDefinitionRepository(ComponentRepository[WorkflowDefinition]):
    """The workflow definitions."""

    model = WorkflowDefinition

    def _conditions(
        self, wanted: ComponentFilter
    ) -> Sequence[ColumnElement[bool] | None]:
        conditions = list(super()._conditions(wanted))
        if isinstance(wanted, WorkflowFilter) and wanted.tags is not None:
            conditions.append(WorkflowDefinition.tags.overlap(sorted(wanted.tags)))
        return conditions


class WorkflowExecutionRepository(Repository[WorkflowExecution]):
    """The states of running workflows."""

    model = WorkflowExecution
