"""One step of the interpreter: what it works on, and the orders it has given so far."""

from collections.abc import Callable
from dataclasses import dataclass, field

from attune.domain.expression_operator import Number
from attune.domain.json import Json
from attune.domain.workflow_definition import Workflow
from attune.domain.workflow_event import DropTimers, Facts, Order
from attune.domain.workflow_state import (
    MAX_FAILURES,
    Failure,
    ScopeState,
    WorkflowState,
)
from attune.domain.workflow_task import Amount, Task
from attune.domain.workflow_template import Templated
from attune.domain.workflow_view import Item, View


@dataclass
class Turn:
    """The workflow, its state and what was loaded, for the length of one step."""

    workflow: Workflow
    state: WorkflowState
    facts: Facts
    view: View
    orders: list[Order] = field(default_factory=list)

    def order(self, order: Order) -> None:
        """Have something done."""
        self.orders.append(order)

    def enter(self, task: Task) -> None:
        """Count a run that begins to live."""
        self._count(task, 1)

    def leave(self, task: Task) -> None:
        """Count a run that has ended."""
        self._count(task, -1)

    def _count(self, task: Task, change: int) -> None:
        state = self.state.task(task.name)
        state.live += change
        self.state.live += change
        if task.scope is not None:
            self.state.scopes[task.scope].live += change
        if state.live < 0:
            raise RuntimeError(f"Task '{task.name}' ended and did not run")

    def stop(self) -> None:
        """Let nothing start any more."""
        if not self.state.stopping:
            self.state.stopping = True
            self.order(DropTimers())

    def fail(self, error: str, task: Task | None = None) -> None:
        """Have the whole workflow fail once what runs has ended."""
        if self.state.error is None:
            self.state.error = error
            if task is not None:
                note_failure(self.state, task, error)
        self.stop()

    def note_unhandled(self, task: Task, error: str) -> None:
        """Remember a failure that nothing handles, where it makes something fail."""
        scope = self.state.scopes[task.scope] if task.scope else self.state
        note_failure(scope, task, error)

    def value(
        self, templated: Templated, item: Item | None = None, *, in_input: bool = False
    ) -> Json:
        """Render a template; raises InvalidInput with its place."""
        names = self.view.names(templated.reads, item, in_input=in_input)
        return templated.render(names, {})

    def amount(
        self, amount: Amount | None, default: Number, item: Item | None = None
    ) -> Number:
        """Return a number; raises InvalidInput with its place."""
        render: Callable[[Templated], Json] = lambda each: self.value(each, item)  # noqa: E731
        return default if amount is None else amount.resolve(render)


def note_failure(scope: ScopeState | WorkflowState, task: Task, error: str) -> None:
    """Add a failure; a task that fails again takes the place of its first failure."""
    failure: Failure = {"task": task.name, "error": error}
    for at, known in enumerate(scope.failures):
        if known["task"] == task.name:
            scope.failures[at] = failure
            return
    scope.failure_count += 1
    if len(scope.failures) < MAX_FAILURES:
        scope.failures.append(failure)
