"""The orchestrator's side of a pack's workflow: apply what happened, say what is next."""

from typing import Protocol

from temporalio import activity

from attune.messages.workflow import Advance, Orders


class WorkflowRecords(Protocol):
    """What this activity needs of the workflow service."""

    async def advance(self, question: Advance) -> Orders:
        """Apply what happened and return what is to be done, in one transaction."""


class WorkflowActivities:
    """The database side of a workflow's life."""

    def __init__(self, records: WorkflowRecords) -> None:
        self._records = records

    @activity.defn(name="advance")
    async def advance(self, question: Advance) -> Orders:
        """Advance the workflow; repeating it returns the orders that are still open."""
        return await self._records.advance(question)
