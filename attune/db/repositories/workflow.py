"""Workflow definitions, and the state of workflows that run."""

from sqlalchemy import select

from attune.db.models import WorkflowDefinition, WorkflowExecution
from attune.db.repositories.base import Repository
from attune.db.repositories.component import ComponentRepository


class WorkflowDefinitionRepository(ComponentRepository[WorkflowDefinition]):
    """The workflow definitions."""

    model = WorkflowDefinition


class WorkflowExecutionRepository(Repository[WorkflowExecution]):
    """The states of running workflows."""

    model = WorkflowExecution

    async def lock_by_execution(self, execution_id: int) -> WorkflowExecution:
        """Return the state of this execution under lock, or raise NotFound."""
        query = (
            select(WorkflowExecution)
            .where(WorkflowExecution.execution_id == execution_id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
        return self._found(await self._one(query, None), execution_id)
