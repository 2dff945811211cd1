"""The worker's side of an execution: run the action's code, beating all the while."""

from typing import Protocol

from temporalio import activity

from attune.messages.execution import ActionOutcome, ActionRun


class ActionRunner(Protocol):
    """What this activity needs of the worker."""

    async def run(self, request: ActionRun) -> ActionOutcome:
        """Run the action to its recorded end, heartbeats included."""


class ActionActivities:
    """Runs user code; served on the queue of each runtime a worker offers."""

    def __init__(self, runner: ActionRunner) -> None:
        self._runner = runner

    @activity.defn(name="run_action")
    async def run_action(self, request: ActionRun) -> ActionOutcome:
        """Run the action; a repeated call is fenced by the API and runs nothing."""
        return await self._runner.run(request)
