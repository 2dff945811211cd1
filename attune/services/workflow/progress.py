"""One transaction's worth of progress: events in, rows and orders out."""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from attune.db.database import Transaction
from attune.db.repositories.workflow_rows import EndedChild, LockedWorkflow
from attune.db.repositories.workflow_state import DueTimer
from attune.domain.execution import ExecutionStatus
from attune.domain.json import JsonObject
from attune.domain.workflow import conclude, step
from attune.domain.workflow_definition import Workflow
from attune.domain.workflow_event import (
    Conclude,
    Conclusion,
    DropTimers,
    Due,
    Ended,
    Event,
    Expand,
    Feed,
    Order,
    Over,
    Run,
    Wait,
)
from attune.domain.workflow_needs import conclusion_needs, needs
from attune.domain.workflow_state import WorkflowState
from attune.messages.execution import ExecutionOrder
from attune.messages.workflow import TimerOrder
from attune.services.workflow.loading import StateLoader
from attune.services.workflow.tasks import TaskExecutions


@dataclass
class Progress:
    """Feeds the interpreter until nothing more follows, then writes what came of it."""

    tx: Transaction
    run: LockedWorkflow
    state_id: int
    workflow: Workflow
    state: WorkflowState
    loader: StateLoader
    tasks: TaskExecutions
    events: deque[Event] = field(default_factory=deque)
    conclusion: Conclusion | None = None
    """How the workflow ends, once nothing lives any more."""
    _waits: list[Wait] = field(default_factory=list)
    _item_ends: list[Mapping[str, Any]] = field(default_factory=list)
    _concludes: bool = False
    _variables_before: JsonObject = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._variables_before = dict(self.state.variables)

    def note_ended(self, children: Iterable[EndedChild]) -> None:
        """Feed the ends of executions."""
        for child in children:
            task = child.workflow_task
            self._end(
                Ended(
                    task=task["task_name"],
                    run=task["run"],
                    item=task["task_index"],
                    retry_count=task["retry_count"],
                    execution_id=child.id,
                    first_execution_id=child.original_execution or child.id,
                    status=child.status,
                    triggered_by=task["triggered_by"],
                )
            )

    def note_due(self, timers: Iterable[DueTimer]) -> None:
        """Feed the timers whose moment has come."""
        for timer in timers:
            facts = asdict(timer)
            del facts["id"], facts["due_at"]
            self.events.append(Due(**facts))

    async def work(self) -> None:
        """Feed everything, and what comes of it, until nothing is left."""
        while self.events:
            await self._feed(self.events.popleft())
        if self._concludes:
            facts = await self.loader.facts(None, conclusion_needs(self.workflow))
            self.conclusion = conclude(self.workflow, self.state, facts)

    async def write(
        self, more: JsonObject
    ) -> tuple[list[ExecutionOrder], list[TimerOrder]]:
        """Write states, executions and timers; returns what the run has to do."""
        states = self.tx.workflow_states
        await self._write_item_ends()
        runs = await self.tasks.write()
        await states.save_fan_outs(self.state_id, self.loader.changed_fan_outs())
        timers = await self._set_timers()
        changed = self.state.variables != self._variables_before
        await states.save(
            self.state_id,
            {**more, "walk": self.state.to_json()},
            self.state.variables if changed else None,
            self.loader.changed_tasks(),
        )
        return runs, timers

    async def _feed(self, event: Event) -> None:
        orders = await self._step(event)
        for order in orders:
            await self._take(order)
        # What a step wants fed comes before everything that happened outside.
        next_events = [order.event for order in orders if isinstance(order, Feed)]
        self.events.extendleft(reversed(next_events))
        runs = [order for order in orders if isinstance(order, Run)]
        for run, execution_id in await self.tasks.add(runs):
            self._end(_failed(run, execution_id))

    async def _step(self, event: Event) -> list[Order]:
        if isinstance(event, Over):
            await self._write_item_ends()
        self.loader.ahead = len(self.events)
        fan_out = await self.loader.load_fan_out(event)
        wanted = needs(self.workflow, event, fan_out)
        facts = await self.loader.facts(event, wanted)
        return step(self.workflow, self.state, event, facts)

    async def _take(self, order: Order) -> None:
        match order:
            case Wait():
                self._waits.append(order)
            case Expand():
                place = (self.state_id, order.task, order.run)
                await self.tx.workflow_states.save_items(*place, order.values)
            case DropTimers():
                await self._drop_timers()
            case Conclude():
                self._concludes = True
            case Run() | Feed():
                pass  # taken together, after the rest

    def _end(self, ended: Ended) -> None:
        self.events.append(ended)
        if ended.item is not None:
            self._item_ends.append(asdict(ended))

    async def _write_item_ends(self) -> None:
        await self.tx.workflow_states.note_items(self.state_id, self._item_ends)
        self._item_ends = []

    async def _drop_timers(self) -> None:
        self.note_due(await self.tx.workflow_states.drop_timers(self.state_id))
        for wait in self._waits:
            facts = asdict(wait)
            del facts["seconds"]
            self.events.append(Due(**facts))
        self._waits = []

    async def _set_timers(self) -> list[TimerOrder]:
        if not self._waits:
            return []
        timers = await self.tx.workflow_states.set_timers(
            self.state_id, [asdict(wait) for wait in self._waits]
        )
        return [TimerOrder(timer_id=id_, seconds=left) for id_, left in timers]


def _failed(run: Run, execution_id: int) -> Ended:
    return Ended(
        task=run.task,
        run=run.run,
        item=run.item,
        retry_count=run.retry_count,
        execution_id=execution_id,
        first_execution_id=run.first_execution_id or execution_id,
        status=ExecutionStatus.FAILED,
        triggered_by=run.triggered_by,
    )
